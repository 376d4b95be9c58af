package wire

import (
	"bytes"
	"slices"
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

func FuzzControlFrames(f *testing.F) {
	f.Add((&SubRequestControl{Number: 7, Parent: 1 << 60}).Append(nil))
	f.Add((&RequestControl{Number: 1 << 63, Full: true, Hops: 3, Remaining: 1234567890}).Append(nil))
	f.Add((&ReplyControl{Number: 7, Failed: true}).Append(nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if c, ok := ParseRequestControl(frame); ok {
			if back, ok := ParseRequestControl(c.Append(nil)); !ok || back != c {
				t.Fatalf("%+v became %+v", c, back)
			}
		}
		if c, ok := ParseSubRequestControl(frame); ok {
			if back, ok := ParseSubRequestControl(c.Append(nil)); !ok || back != c {
				t.Fatalf("sub-request %+v came back as %+v", c, back)
			}
		}
		if c, ok := ParseReplyControl(frame); ok {
			if back, ok := ParseReplyControl(c.Append(nil)); !ok || back != c {
				t.Fatalf("%+v became %+v", c, back)
			}
		}
	})
}

func TestReclaimRoundTrip(t *testing.T) {
	for _, kind := range []Kind{KindReclaim, KindCancel} {
		for _, numbers := range [][]uint64{nil, {7}, {1 << 63, 0, 12}} {
			frame := BeginReclaim(nil, kind)
			for _, n := range numbers {
				frame = AppendDispatch(frame, n)
			}
			r, ok := ParseReclaim(frame)
			var got []uint64
			r.Each(func(n uint64) { got = append(got, n) })
			if !ok || r.Kind != kind || !slices.Equal(got, numbers) {
				t.Errorf("%c %v came back as %c %v, %v", kind, numbers, r.Kind, got, ok)
			}
		}
	}
	for _, frame := range []string{"", "Q", "Rx", "R1234567", "C123456789"} {
		if _, ok := ParseReclaim([]byte(frame)); ok {
			t.Errorf("%q was read", frame)
		}
	}
}

// Answers to reclaims come from whoever reaches the workers' endpoint.
func FuzzReclaim(f *testing.F) {
	f.Add(AppendDispatch(BeginReclaim(nil, KindCancel), 9))
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, ok := ParseReclaim(frame)
		if !ok {
			return
		}
		again := BeginReclaim(nil, r.Kind)
		r.Each(func(n uint64) { again = AppendDispatch(again, n) })
		if !bytes.Equal(again, frame) {
			t.Errorf("%q came back as %q", frame, again)
		}
	})
}
