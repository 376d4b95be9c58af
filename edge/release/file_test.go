package release_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"trawl/edge/release"
	"trawl/edge/release/internal/releasetest"
)

// unpack reads a release file whole and returns its members.
func unpack(r io.Reader) (*release.Release, map[string][]byte, error) {
	file, err := release.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	chunks := map[release.Hash][]byte{}
	for {
		c, err := file.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		chunks[c.Hash] = bytes.Clone(c.Plain)
	}
	members := map[string][]byte{}
	for _, m := range file.Release.Members {
		for _, hash := range m.Chunks {
			members[m.Name] = append(members[m.Name], chunks[hash]...)
		}
	}
	return file.Release, members, nil
}

func TestReleaseFileComesBack(t *testing.T) {
	key, _ := releasetest.Key(t)
	large := 5
	if release.UnderRace {
		large = 2
	}
	pack := bytes.Repeat(releasetest.Noise(rand.New(rand.NewPCG(1, 1)), release.ChunkSize), 3) // one chunk, three times
	for what, b := range map[string]*releasetest.Bundle{
		"small":      releasetest.Small(t, &key, "pii", 8, 1),
		"not signed": releasetest.Small(t, nil, "pii", 8, 1),
		"large":      releasetest.Large(t, &key, "pii", 8, large),
		"repeated":   releasetest.Make(t, &key, "pii", 8, releasetest.Member{Name: "pii.pack", Data: append(pack, 1)}, releasetest.Member{Name: "a.yaml", Data: pack}),
	} {
		file := b.File(t)
		r, members, err := unpack(iotest.HalfReader(bytes.NewReader(file)))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if r.Version != b.Version || !bytes.Equal(r.Signature, b.Signature) {
			t.Errorf("%s: another release", what)
		}
		for name, data := range b.Data {
			if !bytes.Equal(members[name], data) {
				t.Errorf("%s: %s has another content", what, name)
			}
		}
		if what == "repeated" && len(file) > release.MaxCompressed+5000 {
			t.Errorf("a repeated chunk is repeated in the file, which has %d bytes", len(file))
		}
		if !release.IsFile(file) {
			t.Errorf("%s: no release file", what)
		}
	}
}

// One bit changed anywhere: the file is refused, the release is not trusted any more, or nothing
// that is taken from the file has changed.
func TestChangedBitsInReleaseFiles(t *testing.T) {
	key, line := releasetest.Key(t)
	trust := releasetest.Trust(t, line)
	b := releasetest.Small(t, &key, "pii", 8, 1)
	file := b.File(t)
	harmless := 0
	for bit := range 8 * len(file) {
		changed := bytes.Clone(file)
		changed[bit/8] ^= 1 << (bit % 8)
		r, members, err := unpack(bytes.NewReader(changed))
		if err == nil {
			_, err = trust.Verify(r)
		}
		if err != nil {
			continue
		}
		harmless++
		if !bytes.Equal(r.Bytes, b.Bytes) || !bytes.Equal(r.Signature, b.Signature) {
			t.Errorf("bit %d: another document or signature", bit)
		}
		for name, data := range b.Data {
			if !bytes.Equal(members[name], data) {
				t.Errorf("bit %d: another content", bit)
			}
		}
	}
	if comment := 8 * len("signature of a release of trawl"); harmless > comment+64 {
		t.Errorf("%d of %d bits mean nothing", harmless, 8*len(file))
	}
}

func TestReleaseFilesThatAreCutOrContinued(t *testing.T) {
	file := releasetest.Small(t, nil, "pii", 8, 1).File(t)
	for n := range len(file) {
		if _, _, err := unpack(bytes.NewReader(file[:n])); err == nil {
			t.Fatalf("%d of %d bytes are taken", n, len(file))
		}
	}
	if _, _, err := unpack(bytes.NewReader(append(bytes.Clone(file), 0))); err == nil || !strings.Contains(err.Error(), "something follows") {
		t.Errorf("a byte more: %v", err)
	}
	if _, _, err := unpack(strings.NewReader("rules:\n- literal: he\n")); !errors.Is(err, release.ErrNotRelease) {
		t.Errorf("another file: %v", err)
	}
	if _, _, err := unpack(io.MultiReader(bytes.NewReader(file[:100]), iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken disk: %v", err)
	}
	version := bytes.Clone(file)
	version[11] = 2
	if _, _, err := unpack(bytes.NewReader(version)); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
	}
}

func TestMembersThatChangeWhileTheFileIsWritten(t *testing.T) {
	b := releasetest.Small(t, nil, "pii", 8, 1)
	for what, data := range map[string][]byte{
		"shorter": b.Data["names.txt"][1:], "longer": append(bytes.Clone(b.Data["names.txt"]), 1),
		"another": bytes.Repeat([]byte{1}, len(b.Data["names.txt"])), "empty": nil,
	} {
		open := func(name string) (io.ReadCloser, error) {
			if name == "names.txt" {
				return io.NopCloser(bytes.NewReader(data)), nil
			}
			return b.Open(name)
		}
		if err := release.Write(io.Discard, b.Release, open); err == nil || !strings.Contains(err.Error(), "names.txt was changed") {
			t.Errorf("%s: %v", what, err)
		}
	}
	gone := func(string) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	if err := release.Write(io.Discard, b.Release, gone); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("gone: %v", err)
	}
}

func TestHeadAlone(t *testing.T) {
	key, _ := releasetest.Key(t)
	b := releasetest.Small(t, &key, "pii", 8, 1)
	head := b.AppendHead(nil)
	r, err := release.ParseHead(head)
	if err != nil || r.Version != b.Version {
		t.Fatal(err)
	}
	if _, err := release.ParseHead(append(head, 0)); err == nil {
		t.Error("a head with something behind is taken")
	}
	if _, err := release.ParseHead(head[:len(head)-1]); err == nil {
		t.Error("a head that is cut short is taken")
	}
}

func FuzzReleaseFile(f *testing.F) {
	key, _ := releasetest.Key(f)
	f.Add(releasetest.Small(f, &key, "pii", 8, 1).File(f))
	f.Add(releasetest.Small(f, nil, "a", 1, 2).File(f))
	f.Add([]byte("trawlrel\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, members, err := unpack(bytes.NewReader(file))
		if err != nil {
			return
		}
		b := releasetest.Bundle{Release: r, Data: members}
		again, _, err := unpack(bytes.NewReader(b.File(t)))
		if err != nil || again.Version != r.Version {
			t.Errorf("written again: %v", err)
		}
	})
}
