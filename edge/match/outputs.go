package match

// What ends in which state: the part of an automaton that all engines share.

import "math/bits"

// Output words: what a terminal state reports. One rule, or with outList set
// an index into lists, where items follow each other up to one with lastItem.
// With longItem a word with the number of a long literal follows the item.
const (
	outList  = 1 << 31
	lastItem = 1 << 31
	longItem = 1 << 30
	ruleMask = 1<<30 - 1
)

// outputs are numbered by rank: the n-th state, by slot, in which a pattern ends.
type outputs struct {
	ends   []uint64 // bit per slot: a pattern ends there
	rank   []uint32 // terminal states before word i of ends
	outs   []uint32 // per terminal state, by rank: an output word
	depths []uint8  // per terminal state: bytes from the root
	lists  []uint32 // items of terminal states with more than one pattern
	long   []longLiteral

	deepest int  // the most of depths
	plain   bool // no hints, whole words or long literals: what ends is a match
}

// number is the rank of a terminal state.
func (o *outputs) number(slot uint32) uint32 {
	below := o.ends[slot/64] & (1<<(slot%64) - 1)
	return o.rank[slot/64] + uint32(bits.OnesCount64(below))
}

// hit is one pattern that ends where a cursor is.
type hit struct {
	rule   uint32
	length int // bytes; of a long literal: of the part in the automaton
	long   int // number of the long literal, or -1
}

// appendEnds appends the patterns of the terminal state slot, by rule.
func (o *outputs) appendEnds(hits []hit, slot uint32) []hit {
	n := o.number(slot)
	out, length := o.outs[n], int(o.depths[n])
	if out&outList == 0 {
		return append(hits, hit{out, length, -1})
	}
	for i := out &^ outList; ; i++ {
		item := o.lists[i]
		h := hit{item & ruleMask, length, -1}
		if item&longItem != 0 {
			i++
			h.long = int(o.lists[i])
		}
		hits = append(hits, h)
		if item&lastItem != 0 {
			return hits
		}
	}
}
