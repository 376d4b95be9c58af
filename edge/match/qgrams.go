package match

// A filter for sets whose literals are all of some length: it looks at a few
// bytes here and there, and only where they can be part of a literal the
// automaton looks at the text. (Wu and Manber, 1994; Navarro and Raffinot,
// Flexible Pattern Matching in Strings, 3.3.)

import (
	"encoding/binary"
	"math/bits"
)

// qgrams is the set of the strings of q bytes, q-grams, that begin in the first
// stride bytes of a literal. Of the places 0, stride, 2*stride and so on of a text one lies
// in the first stride bytes of each literal in it, with a q-gram of the set.
type qgrams struct {
	q, stride int
	mask      uint64 // of the first q of eight bytes
	shift     uint8  // from a hash to the number of a word in set
	// A Bloom filter in words: a q-gram has two bits of one word.
	set []uint64
}

const (
	qgramHeader = 8 // bytes of the section: q, stride, zeros
	leastQ      = 3
	mostQ       = 8
	mostStride  = 16
	leastWords  = 1 << 6
	mostWords   = 1 << 15 // 256 KiB, to stay in the cache of a small board
	hashFactor  = 0x9e3779b97f4a7c15
)

func newQgrams(q, stride int, set []uint64) *qgrams {
	return &qgrams{q, stride, 1<<(8*q) - 1, uint8(64 - bits.Len(uint(len(set)-1))), set}
}

// window is how many bytes of a literal the filter knows.
func (g *qgrams) window() int { return g.q + g.stride - 1 }

// hash is that of the q-gram that eight bytes begin with. Its highest bits are the
// number of a word, the twelve from bit 36 on its two bits there.
func (g *qgrams) hash(eight uint64) uint64 { return (eight & g.mask) * hashFactor }

func hasBoth(word, hash uint64) bool { return word>>(hash>>36&63)&(word>>(hash>>42&63))&1 != 0 }

func (g *qgrams) add(text []byte) {
	h := g.hash(eightOf(text))
	g.set[h>>g.shift] |= 1<<(h>>36&63) | 1<<(h>>42&63)
}

// eightOf are the first eight bytes of text, with zeros if it has less.
func eightOf(text []byte) uint64 {
	var eight [8]byte
	copy(eight[:], text)
	return binary.LittleEndian.Uint64(eight[:])
}

// next is the first place of pos, pos+stride and so on before end where a
// q-gram of the set is, or seems to be; end if there is none.
func (g *qgrams) next(text []byte, pos, end int) int {
	set, bytes, mask, shift, stride := unchecked64s(g.set), uncheckedBytes(text), g.mask, g.shift&63, g.stride
	for whole := min(end, len(text)-7); pos < whole; pos += stride {
		h := bytes.eight(pos) & mask * hashFactor
		if hasBoth(set.uint64(uint32(h>>shift)), h) {
			return pos
		}
	}
	for ; pos < end && pos+g.q <= len(text); pos += stride {
		if h := g.hash(eightOf(text[pos:])); hasBoth(g.set[h>>shift], h) {
			return pos
		}
	}
	return end
}

const (
	siftLeast = 32            // bytes of text from which on the filter is worth a try
	mostPause = 16 * lookMost // bytes for which it is not tried again
)

// sift finds the places with hits of a piece of text from f on, as lookAhead
// does. False: so much of it looks like literals that lookAhead is faster; then
// nothing is known of the text, and f does without for a while.
func (f *finder) sift(a *automaton, text []byte) bool {
	end := min(len(text), f.pos+a.lanes.most)
	if f.unsifted > 0 {
		f.unsifted -= end - f.pos
		return false
	}
	g := a.grams
	places := f.ahead[:0]
	effort := (end - f.pos) * a.siftEffort / siftUnit
	c := at(0)
	first := max(0, f.pos-a.deepest) // where a literal can begin that ends behind f
	for pos := g.next(text, first, end); pos < end; pos = g.next(text, pos+g.stride, end) {
		effort -= 2 * g.stride
		if start := max(0, pos-g.stride+1); a.begins(text, start, pos) {
			if start > c.pos {
				c = at(start)
			}
			limit := min(pos+a.deepest, end)
			effort -= limit - c.pos
			for c.pos < limit {
				if a.next(text, &c, limit); c.hit && c.pos > f.pos {
					places = append(places, place{uint32(c.pos - f.pos), c.slot})
				}
			}
		}
		if effort < 0 {
			f.pause = min(max(2*f.pause, lookMost), mostPause)
			f.unsifted = f.pause
			return false
		}
	}
	f.pause = 0
	f.ahead, f.next, f.base = places, 0, f.pos
	f.end = cursor{pos: end, slot: unknownSlot}
	return true
}

// siftEffort is how many of siftUnit bytes of text one stream may read, or else
// lanes on the tables of the automaton are faster.
func siftEffort(a *automaton) int {
	switch {
	case a.dfa != nil:
		return 1
	case a.sparse != nil:
		return 4
	}
	return 8
}

const siftUnit = 16

// begins says whether the bytes from one of the places first to last are those
// that a literal begins with, as far as the filter knows it.
func (a *automaton) begins(text []byte, first, last int) bool {
	for ; first <= last; first++ {
		if a.leads(text[first:], a.grams.window()) {
			return true
		}
	}
	return false
}

// leads says whether the first n bytes of text lead from the root to a state.
func (a *automaton) leads(text []byte, n int) bool {
	if len(text) < n {
		return false
	}
	entry := uint32(rootBase << baseShift)
	for _, c := range text[:n] {
		entry = uint32(a.slots[entry>>baseShift^uint32(c)])
		if byte(entry) != c || entry>>baseShift == rootBase {
			return false
		}
	}
	return true
}
