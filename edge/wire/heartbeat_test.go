package wire

import (
	"testing"
	"time"
)

func TestHeartbeatSaysTheInterval(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, 4 * time.Second: 4 * time.Second, 1500 * time.Microsecond: 2 * time.Millisecond,
		0: time.Millisecond, -time.Second: time.Millisecond, MaxHeartbeat: MaxHeartbeat, 2 * MaxHeartbeat: MaxHeartbeat,
	} {
		if got, ok := ParseHeartbeatControl(HeartbeatControl(interval)); !ok || got != want {
			t.Errorf("%v is read as %v, %v", interval, got, ok)
		}
	}
}

func FuzzHeartbeatControl(f *testing.F) {
	f.Add([]byte("B"))
	f.Add([]byte("B\x00\x00\x00\x00"))
	f.Add([]byte("B\xff\xff\xff\xff"))
	f.Add([]byte("D\x00\x00\x03\xe8"))
	f.Add(HeartbeatControl(4 * time.Second))
	f.Fuzz(func(t *testing.T, frame []byte) {
		interval, ok := ParseHeartbeatControl(frame)
		if ok && (interval < time.Millisecond || interval > MaxHeartbeat) {
			t.Fatalf("%q: %v, %v", frame, interval, ok)
		}
		if again := HeartbeatControl(interval); ok && string(again) != string(frame[:len(again)]) {
			t.Fatalf("%q is written as %q", frame, again)
		}
	})
}
