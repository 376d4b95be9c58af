package zmtp

// What encryption costs per frame. make bench-zmtp has it within the whole.

import (
	"bytes"
	"fmt"
	"testing"
)

func trafficPair() (client, server traffic) {
	var k boxKey
	return newTraffic(&k, nonceByClient, 2, nonceByServer, 1), newTraffic(&k, nonceByServer, 1, nonceByClient, 2)
}

func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{0, 256, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			t, _ := trafficPair()
			frame := AppendFrame(nil, make([]byte, size), false)
			dst := make([]byte, 0, sealedSize(size))
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				t.seal.appendFrames(dst, frame)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, size := range []int{0, 256, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			client, server := trafficPair()
			sealed := client.seal.appendFrames(nil, AppendFrame(nil, make([]byte, size), false))
			o := Options{}.withDefaults()
			src := bytes.NewReader(sealed)
			r := newReader(src, &o, nil)
			r.sealed.opener = server.open
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				src.Reset(sealed)
				server.open.counter = 0
				m, err := r.message()
				if err != nil {
					b.Fatal(err)
				}
				m.Release()
			}
		})
	}
}
