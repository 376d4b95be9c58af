// Package releasetest makes releases for tests.
package releasetest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"trawl/edge/release"
)

// Member is a file of a bundle.
type Member struct {
	Name string
	Data []byte
}

// Bundle is a release with the content of its members.
type Bundle struct {
	*release.Release
	Data map[string][]byte
}

// Key makes a signing key, and the trust file's line for it.
func Key(t testing.TB) (key release.SecretKey, line string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rules")
	_, line, err := release.GenerateKey(name, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = release.ReadSecretKey(name+".sec", nil, 0); err != nil {
		t.Fatal(err)
	}
	return key, line
}

// Trust makes a Trust of lines.
func Trust(t testing.TB, lines ...string) *release.Trust {
	t.Helper()
	text := ""
	for _, l := range lines {
		text += l + "\n"
	}
	trust, err := release.ParseTrust("trust", text)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// Document describes a release of members; the first is the pack.
func Document(t testing.TB, set string, number uint64, members ...Member) *release.Document {
	t.Helper()
	d := &release.Document{
		Format: release.Format, Set: set, Number: number, By: "ann", Note: "a <test> & \"more\"", Made: "2026-11-30",
		Pack: release.Pack{Format: 4, Memory: release.Memory{Pack: 1000, Programs: 200, PerSlot: 30, Load: 500, Compile: 900}},
	}
	for _, m := range members {
		size, chunks, err := release.Split(bytes.NewReader(m.Data))
		if err != nil {
			t.Fatal(err)
		}
		d.Members = append(d.Members, release.Member{Name: m.Name, Size: size, Chunks: chunks})
	}
	return d
}

// Make makes a release; without a key the release is not signed.
func Make(t testing.TB, key *release.SecretKey, set string, number uint64, members ...Member) *Bundle {
	t.Helper()
	r, err := release.Sign(Document(t, set, number, members...), key)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bundle{r, map[string][]byte{}}
	for _, m := range members {
		b.Data[m.Name] = m.Data
	}
	return b
}

// Small makes a release of some bytes, other ones for each number and seed.
func Small(t testing.TB, key *release.SecretKey, set string, number, seed uint64) *Bundle {
	t.Helper()
	random := rand.New(rand.NewPCG(number, seed))
	return Make(t, key, set, number,
		Member{set + ".pack", Noise(random, 50+random.IntN(200))}, Member{"names.txt", Noise(random, 1+random.IntN(100))})
}

// Large makes a release whose pack has so many chunks, some of which releases of other numbers
// have, too.
func Large(t testing.TB, key *release.SecretKey, set string, number uint64, chunks int) *Bundle {
	t.Helper()
	var pack []byte
	for i := range chunks {
		seed := uint64(0)
		if i%2 == 1 {
			seed = number
		}
		pack = append(pack, Noise(rand.New(rand.NewPCG(seed, uint64(i))), release.ChunkSize)...)
	}
	pack = pack[:len(pack)-release.ChunkSize/2]
	return Make(t, key, set, number, Member{set + ".pack", pack}, Member{"names.txt", []byte("he\nshe\n")})
}

// Noise is bytes of four bits: half as many when compressed.
func Noise(random *rand.Rand, size int) []byte {
	data := make([]byte, 0, size+8)
	for len(data) < size {
		data = binary.LittleEndian.AppendUint64(data, random.Uint64()&0x0f0f0f0f0f0f0f0f)
	}
	return data[:size:size]
}

// Open opens a member.
func (b *Bundle) Open(name string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.Data[name])), nil
}

// File is the release file.
func (b *Bundle) File(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := release.Write(&file, b.Release, b.Open); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Chunks returns the chunks, each stored without compression, which takes no time: a chunk has a
// few bytes more than its plain bytes.
func (b *Bundle) Chunks(t testing.TB) map[release.Hash]release.Chunk {
	t.Helper()
	chunks := map[release.Hash]release.Chunk{}
	for _, m := range b.Members {
		data := b.Data[m.Name]
		for i, hash := range m.Chunks {
			plain := data[i*release.ChunkSize:][:m.ChunkSize(i)]
			var out bytes.Buffer
			w, err := flate.NewWriter(&out, flate.NoCompression)
			if err == nil {
				_, err = w.Write(plain)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			ref := release.ChunkRef{Hash: hash, Size: len(plain)}
			chunks[hash] = release.Chunk{ChunkRef: ref, Compressed: out.Bytes(), Plain: plain}
		}
	}
	return chunks
}
