package match

// Literals while a pack is made: their bytes lie one after the other in an
// arena.

import (
	"bytes"
	"cmp"
	"slices"
)

// literal is a pattern whose bytes lie in an arena.
type literal struct{ offset, length, rule uint32 }

func (l literal) bytes(arena []byte) []byte {
	return arena[l.offset : l.offset+l.length : l.offset+l.length]
}

// sortLiterals orders by bytes, then by rule, and merges those that are
// the same in both.
func sortLiterals(arena []byte, literals []literal) []literal {
	order := func(a, b literal) int {
		if c := bytes.Compare(a.bytes(arena), b.bytes(arena)); c != 0 {
			return c
		}
		return cmp.Compare(a.rule, b.rule)
	}
	if !slices.IsSortedFunc(literals, order) {
		slices.SortFunc(literals, order)
	}
	return slices.CompactFunc(literals, func(a, b literal) bool { return order(a, b) == 0 })
}
