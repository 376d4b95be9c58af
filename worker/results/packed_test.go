package results

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trawl/edge/wire"
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

// A list that the budget cuts counts what it has.
func TestCutPackedListsCountTheirEntries(t *testing.T) {
	p := wordPack(t, strings.Repeat("a", 100), strings.Repeat("b", 100), strings.Repeat("c", 100))
	text := bytes.Repeat([]byte("a"), 100)
	text = append(text, bytes.Repeat([]byte("b"), 100)...)
	text = append(text, bytes.Repeat([]byte("c"), 100)...)
	for _, want := range []wire.Want{wire.WantMatches, wire.WantRules} {
		for budget, entries := range map[int]int{50: 1, 150: 2, 1000: 3} {
			h := wire.NewRequestHeader()
			h.Want, h.Format = want, wire.FormatPacked
			r, err := wire.NewPackedReader(encode(p, &h, text, budget))
			if err != nil {
				t.Fatal(err)
			}
			o, err := r.Next()
			if err != nil || len(o.Matches)+len(o.Rules) != entries || o.Truncated != (entries < 3) {
				t.Errorf("%s on a budget of %d bytes: %+v, %v; want %d entries", want, budget, o, err, entries)
			}
		}
	}
}

// A count of two bytes shrinks to one when its list is cut.
func TestCutListMovesTheEntries(t *testing.T) {
	list := append([]byte{'x', 0}, binary.AppendUvarint(nil, 300)...)
	if got := cutList(append(list, "entries"...), 1, 2, 5); string(got) != "x\x01\x05entries" {
		t.Errorf("%q", got)
	}
}
