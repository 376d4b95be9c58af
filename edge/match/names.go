package match

// The ids of rules. A rule whose id is its one literal needs none here, as long
// as that is found as it is written: then its id is the text that it matched.

import (
	"math/bits"
	"unicode/utf8"
)

// nameTable holds the ids that are not the matched text. Its slices lie in the
// pack.
type nameTable struct {
	// Bit per rule: it has an id here. Both are empty where all have, or none.
	named []uint64
	rank  []uint32 // bits set before word i of named

	offsets []uint32 // the n-th id is ids[offsets[n]:offsets[n+1]]; empty: no ids
	ids     []byte
}

// find returns the id of a rule, a view; false: it is the matched text.
func (t *nameTable) find(rule uint32) (id []byte, ok bool) {
	if len(t.offsets) == 0 {
		return nil, false
	}
	n := rule
	if len(t.named) > 0 {
		word, bit := t.named[rule/64], uint64(1)<<(rule%64)
		if word&bit == 0 {
			return nil, false
		}
		n = t.rank[rule/64] + uint32(bits.OnesCount64(word&(bit-1)))
	}
	return t.ids[t.offsets[n]:t.offsets[n+1]], true
}

// count is how many ids there are.
func (t *nameTable) count() int { return max(0, len(t.offsets)-1) }

// names takes the ids of a pack.
func (l *loader) names(p *Pack) {
	t := &p.names
	t.named = viewUint64s(l.take(sectionNamed, 8))
	t.rank = viewUint32s(l.take(sectionNamedRank, 4))
	t.offsets = viewUint32s(l.take(sectionIDOffsets, 4))
	t.ids = l.take(sectionIDs, 1)
	if len(t.named) == 0 && len(t.rank) == 0 && len(t.offsets) == 0 && len(t.ids) == 0 {
		return
	}
	n := p.flags.rules
	if len(t.named) > 0 || len(t.rank) > 0 {
		n = l.ranks(t.named, t.rank)
		if len(t.named) != (p.flags.rules+63)/64 || highestBit(t.named) >= p.flags.rules {
			l.damaged("named rules")
		}
	}
	if l.err == nil && (n == 0 || !isOffsets(t.offsets, n, len(t.ids)) || !utf8.Valid(t.ids)) {
		l.damaged("ids")
	}
	if l.err != nil {
		return
	}
	for _, at := range t.offsets {
		if int(at) < len(t.ids) && !utf8.RuneStart(t.ids[at]) {
			l.damaged("an id is cut inside a character")
			return
		}
	}
}

// ranks checks that rank counts the bits of set, and returns how many there are.
func (l *loader) ranks(set []uint64, rank []uint32) int {
	if len(rank) != len(set) {
		l.damaged("ranks")
		return 0
	}
	total := 0
	for i, word := range set {
		if rank[i] != uint32(total) {
			l.damaged("ranks")
			return 0
		}
		total += bits.OnesCount64(word)
	}
	return total
}

// rankOf counts the bits before each word of set.
func rankOf(set []uint64) []uint32 {
	rank := make([]uint32, len(set))
	total := uint32(0)
	for i, word := range set {
		rank[i] = total
		total += uint32(bits.OnesCount64(word))
	}
	return rank
}

// highestBit is the number of the last bit set, or -1.
func highestBit(set []uint64) int {
	for i := len(set) - 1; i >= 0; i-- {
		if set[i] != 0 {
			return 64*i + bits.Len64(set[i]) - 1
		}
	}
	return -1
}
