package wire

import (
	"bytes"
	"slices"
	"testing"
)

func TestRecallRoundTrip(t *testing.T) {
	for _, abandoned := range []bool{false, true} {
		for _, numbers := range [][]uint64{nil, {7}, {1 << 63, 0, 12}} {
			frame := BeginRecall(nil, abandoned)
			for _, n := range numbers {
				frame = AppendRecalled(frame, n)
			}
			r, ok := ParseRecall(frame)
			var got []uint64
			r.Each(func(n uint64) { got = append(got, n) })
			if !ok || r.Abandoned != abandoned || !slices.Equal(got, numbers) {
				t.Errorf("%v %v came back as %v %v, %v", abandoned, numbers, r.Abandoned, got, ok)
			}
		}
	}
	for _, frame := range []string{"", "R", "Q\x00", "R\x00x", "R\x001234567"} {
		if _, ok := ParseRecall([]byte(frame)); ok {
			t.Errorf("%q was read", frame)
		}
	}
}

// Answers to recalls come from whoever reaches the workers' endpoint.
func FuzzRecall(f *testing.F) {
	f.Add(AppendRecalled(BeginRecall(nil, true), 9))
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, ok := ParseRecall(frame)
		if !ok {
			return
		}
		again := BeginRecall(nil, r.Abandoned)
		r.Each(func(n uint64) { again = AppendRecalled(again, n) })
		if len(again) != len(frame) || !bytes.Equal(again[2:], frame[2:]) {
			t.Errorf("%q came back as %q", frame, again)
		}
	})
}
