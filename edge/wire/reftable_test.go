package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// A refTable is a map that numbers its keys.
func TestRefTableIsAMap(t *testing.T) {
	table := &refTable{round: ^uint32(0) - 3} // soon over its end
	rapid.Check(t, func(t *rapid.T) {
		table.reset()
		want := map[uint32]uint32{}
		for _, rule := range rapid.SliceOfN(rapid.SampledFrom([]uint32{0, 1, 2, 1024, 1025, 2048, 1 << 29}), 0, 30).Draw(t, "rules") {
			ref, known := table.of(rule)
			wantRef, wantKnown := want[rule]
			if !wantKnown {
				wantRef = uint32(len(want))
				want[rule] = wantRef
			}
			if ref != wantRef || known != wantKnown {
				t.Fatalf("rule %d: %d, %v; want %d, %v", rule, ref, known, wantRef, wantKnown)
			}
		}
	})
}

// What one large text needed does not stay.
func TestRefTableForgets(t *testing.T) {
	var table refTable
	table.reset()
	for rule := range uint32(maxKeptRefs + 1) {
		table.of(rule)
	}
	table.reset()
	if _, known := table.of(7); known || len(table.all) != 1 {
		t.Errorf("%d rules kept", len(table.all))
	}
}
