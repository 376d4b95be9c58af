//go:build !race

package zmtp

// As alloc_test.go, for encrypted frames.

import (
	"bytes"
	"testing"
)

func TestSealingAndOpeningDoNotAllocate(t *testing.T) {
	for _, size := range []int{0, 256, readBuffer} {
		client, server := trafficPair()
		frame := AppendFrame(nil, make([]byte, size), false)
		sealed := make([]byte, 0, sealedSize(size))
		if n := testing.AllocsPerRun(1000, func() { client.seal.appendFrames(sealed, frame) }); n > 0 {
			t.Errorf("sealing %d bytes: %v allocations", size, n)
		}
		sealed = client.seal.appendFrames(sealed, frame)
		o := Options{}.withDefaults()
		src := bytes.NewReader(nil)
		r := newReader(src, &o, nil)
		r.sealed.opener = server.open
		open := func() {
			src.Reset(sealed)
			server.open.counter = 0
			m, err := r.message()
			if err != nil {
				t.Fatal(err)
			}
			m.Release()
		}
		if n := testing.AllocsPerRun(1000, open); n > 0 {
			t.Errorf("opening %d bytes: %v allocations", size, n)
		}
	}
}
