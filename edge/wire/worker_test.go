package wire

import (
	"testing"
	"time"
)

func TestRemainingStaysWithinItsBytes(t *testing.T) {
	for remaining, want := range map[time.Duration]time.Duration{
		-time.Second:            0,
		1999 * time.Microsecond: time.Millisecond,
		100 * 24 * time.Hour:    (1<<32 - 1) * time.Millisecond,
	} {
		c := RequestControl{Remaining: remaining}
		if got, ok := ParseRequestControl(c.Append(nil)); !ok || got.Remaining != want {
			t.Errorf("%v arrives as %v, want %v", remaining, got.Remaining, want)
		}
	}
}

func TestRequestControlWithAndWithoutID(t *testing.T) {
	for _, c := range []RequestControl{
		{Number: 7, Remaining: time.Second},
		{Number: 1 << 63, Full: true, Hops: 3, Remaining: time.Minute, ID: 1<<64 - 2},
	} {
		frame := c.Append(nil)
		if got, ok := ParseRequestControl(frame); !ok || got != c {
			t.Errorf("%+v, %v; want %+v", got, ok, c)
		}
		// Whatever of an id does not fill its place is none: another version may put
		// other things there.
		if got, ok := ParseRequestControl(append(c.Append(nil)[:requestControlSize], 1, 2, 3)); !ok || got.ID != 0 || got.Number != c.Number {
			t.Errorf("%+v, %v", got, ok)
		}
	}
}
