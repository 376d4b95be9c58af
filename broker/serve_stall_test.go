package broker

import (
	"testing"
	"time"
)

// peerSending says how many bytes of which message are there after each second.
type peerSending func(second int) (bytes int64, message int)

// one is for a single message.
func one(bytes func(second int) int64) peerSending {
	return func(s int) (int64, int) { return bytes(s), 0 }
}

func TestMessagesThatDoNotGoOnStall(t *testing.T) {
	const never = 0
	for _, tt := range []struct {
		name      string
		sends     peerSending
		crowded   bool
		stalledBy int // seconds
	}{
		{"nothing", one(func(int) int64 { return 0 }), false, never},
		{"stops", one(func(int) int64 { return 5 << 20 }), false, 32},
		{"stops, while memory is short", one(func(int) int64 { return 5 << 20 }), true, 5},
		{"a byte a second", one(func(s int) int64 { return 5<<20 + int64(s) }), false, 32},
		{"a byte a second, while memory is short", one(func(s int) int64 { return 5<<20 + int64(s) }), true, 5},
		{"a small message that stops", one(func(int) int64 { return 10 }), false, 32},
		{"slow", one(func(s int) int64 { return int64(s) * 10_000 }), false, never},
		{"slow, while memory is short", one(func(s int) int64 { return int64(s) * 10_000 }), true, 5},
		{"100 KB/s, while memory is short", func(s int) (int64, int) { return int64(s%10) * 100_000, s / 10 }, true, never},
		{"large and too slow while memory is short", one(func(s int) int64 { return 30<<20 + int64(s)*100_000 }), true, 5},
		{"one after the other, always whole but for a little", func(s int) (int64, int) { return 30 << 20, s }, true, never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a arrival
			start := time.Now()
			for s := range 100 {
				bytes, message := tt.sends(s)
				if a.stalled(start.Add(time.Duration(s)*time.Second), bytes, uint64(message), tt.crowded) {
					if tt.stalledBy == never || s > tt.stalledBy {
						t.Errorf("stalled after %d s", s)
					}
					return
				}
			}
			if tt.stalledBy != never {
				t.Error("never stalled")
			}
		})
	}
}
