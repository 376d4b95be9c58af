package wire

import (
	"bytes"
	"slices"
	"testing"
)

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
