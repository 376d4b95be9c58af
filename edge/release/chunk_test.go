package release_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"trawl/edge/release"
	"trawl/edge/release/internal/releasetest"
)

func TestChunksComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	worst := make([]byte, release.ChunkSize)
	for i := range worst {
		worst[i] = byte(random.Uint32())
	}
	var c release.Compressor
	var inflater release.Inflater
	for what, plain := range map[string][]byte{
		"a byte": {7}, "zeros": make([]byte, release.ChunkSize), "noise": releasetest.Noise(random, 300_000), "what cannot be compressed": worst,
	} {
		compressed, err := c.Compress(plain)
		if err != nil || len(compressed) > release.MaxCompressed {
			t.Fatalf("%s: %d bytes, %v", what, len(compressed), err)
		}
		ref := release.ChunkRef{Hash: release.HashOf(plain), Size: len(plain)}
		got, err := inflater.Inflate(compressed, ref)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%s: %v", what, err)
		}
		for mistake, bad := range map[string]func() ([]byte, release.ChunkRef){
			"cut short":   func() ([]byte, release.ChunkRef) { return compressed[:len(compressed)-1], ref },
			"a byte more": func() ([]byte, release.ChunkRef) { return append(bytes.Clone(compressed), 0), ref },
			"another size": func() ([]byte, release.ChunkRef) {
				return compressed, release.ChunkRef{Hash: ref.Hash, Size: ref.Size + 1}
			},
			"a smaller size": func() ([]byte, release.ChunkRef) {
				return compressed, release.ChunkRef{Hash: ref.Hash, Size: ref.Size - 1}
			},
			"another hash":   func() ([]byte, release.ChunkRef) { return compressed, release.ChunkRef{Size: ref.Size} },
			"nothing":        func() ([]byte, release.ChunkRef) { return nil, ref },
			"a size below 0": func() ([]byte, release.ChunkRef) { return compressed, release.ChunkRef{Hash: ref.Hash, Size: -1} },
		} {
			data, ref := bad()
			if _, err := inflater.Inflate(data, ref); !errors.Is(err, release.ErrChunk) {
				t.Errorf("%s, %s: %v", what, mistake, err)
			}
		}
	}
}

// A chunk that would inflate to thirty times what a chunk may have is not inflated further than allowed.
func TestBombIsNotInflated(t *testing.T) {
	var bomb bytes.Buffer
	w, _ := flate.NewWriter(&bomb, flate.BestCompression)
	for range 30 {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	if bomb.Len() > release.MaxCompressed {
		t.Fatalf("the bomb has %d bytes", bomb.Len())
	}
	var inflater release.Inflater
	allocated := testing.AllocsPerRun(1, func() {
		if _, err := inflater.Inflate(bomb.Bytes(), release.ChunkRef{Size: 1 << 20}); !errors.Is(err, release.ErrChunk) {
			t.Errorf("%v", err)
		}
	})
	if allocated > 100 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestMembersAreCutIntoChunks(t *testing.T) {
	data := releasetest.Noise(rand.New(rand.NewPCG(1, 1)), 2*release.ChunkSize+5)
	size, chunks, err := release.Split(iotest.HalfReader(bytes.NewReader(data)))
	if err != nil || size != int64(len(data)) || len(chunks) != 3 || chunks[2] != release.HashOf(data[2*release.ChunkSize:]) {
		t.Errorf("%d bytes, %v, %v", size, chunks, err)
	}
	if size, chunks, err := release.Split(bytes.NewReader(nil)); size != 0 || len(chunks) != 0 || err != nil {
		t.Errorf("nothing: %d bytes, %v, %v", size, chunks, err)
	}
	broken := io.MultiReader(bytes.NewReader(data), iotest.ErrReader(io.ErrClosedPipe))
	if _, _, err := release.Split(broken); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("broken: %v", err)
	}
}

func FuzzChunk(f *testing.F) {
	var c release.Compressor
	for _, plain := range []string{"x", "he she his hers", string(make([]byte, 1000))} {
		compressed, err := c.Compress([]byte(plain))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(compressed), len(plain))
	}
	var inflater release.Inflater
	f.Fuzz(func(t *testing.T, compressed []byte, size int) {
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(compressed)), release.ChunkSize+1))
		got, refused := inflater.Inflate(compressed, release.ChunkRef{Hash: release.HashOf(want), Size: size})
		if refused == nil && (err != nil || !bytes.Equal(got, want) || len(want) != size) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
	})
}
