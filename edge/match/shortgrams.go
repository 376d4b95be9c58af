package match

// The prefilter for a few literals, which may be short: it looks up two to four bytes of the text
// at a time in a small table, several places at once, and the automaton looks at the text only
// where a lookup says yes.

import (
	"encoding/binary"
	"math"
)

// shortGrams is the set of the grams, strings of q bytes, beginning in the first stride bytes of a
// literal. As with qgrams, one of the places 0, stride, 2*stride … of a text has a gram of every
// literal in the text.
type shortGrams struct {
	q, stride int
	literals  int
	mask      uint32 // of the first q of four bytes
	table     [1 << shortGramBits]uint8
}

const (
	maxShortLiterals = 64
	minShortQ        = 2
	maxShortQ        = 4
	shortGramBits    = 13 // of the size of the table: a quarter of the first cache of a small board
	shortHashFactor  = 0x9e3779b1
)

// newShortGrams returns the prefilter for some literals; nil: there are none, or one is too short.
func newShortGrams(terminals []terminal) *shortGrams {
	if len(terminals) == 0 {
		return nil
	}
	shortest := maxDepth
	for _, t := range terminals {
		shortest = min(shortest, len(t.text))
	}
	g := &shortGrams{}
	for q := minShortQ; q <= min(maxShortQ, shortest); q++ {
		for stride := 1; stride <= min(shortest-q+1, maxStride); stride++ {
			t := shortGrams{q: q, stride: stride, mask: 1<<(8*q) - 1, literals: len(terminals)}
			if g.q == 0 || t.cost() < g.cost() {
				*g = t
			}
		}
	}
	if g.q == 0 {
		return nil
	}
	for _, t := range terminals {
		for i := range g.stride {
			g.table[g.hash(fourOf(t.text[i:]))] = 1
		}
	}
	return g
}

// lookupCost is the cost of looking up a place of the text.
const lookupCost = 0.45

func (g *shortGrams) cost() float64 {
	grams, stride := float64(g.literals*g.stride), float64(g.stride)
	natural := grams / math.Exp2(textBits*float64(g.q))
	likely := min(1, grams/(1<<shortGramBits)+natural)
	return (lookupCost + likely*walkCost*stride) / stride
}

func (g *shortGrams) hash(four uint32) uint32 {
	return four & g.mask * shortHashFactor >> (32 - shortGramBits)
}

// fourOf returns the first four bytes of text, zeros behind the end.
func fourOf(text []byte) uint32 {
	var four [4]byte
	copy(four[:], text)
	return binary.LittleEndian.Uint32(four[:])
}

// next is the first of the places pos, pos+stride … before end where a gram of the set is, or seems
// to be; end if there is none.
func (g *shortGrams) next(text []byte, pos, end int) int {
	stride := g.stride
	// Four places at once, as long as four bytes are there at each of them.
	if whole := min(end, len(text)-3) - 3*stride; pos < whole {
		table, mask := &g.table, g.mask
		at, stride2, stride3 := uncheckedBytes(text[pos:]), 2*stride, 3*stride
		for {
			x0 := table[at.four(0)&mask*shortHashFactor>>(32-shortGramBits)]
			x1 := table[at.four(stride)&mask*shortHashFactor>>(32-shortGramBits)]
			x2 := table[at.four(stride2)&mask*shortHashFactor>>(32-shortGramBits)]
			x3 := table[at.four(stride3)&mask*shortHashFactor>>(32-shortGramBits)]
			if x0|x1|x2|x3 != 0 {
				break
			}
			if pos += 4 * stride; pos >= whole {
				break
			}
			at = at.after(4 * stride)
		}
	}
	for ; pos < end && pos+g.q <= len(text); pos += stride {
		four := uint32(0)
		if pos+4 <= len(text) {
			four = binary.LittleEndian.Uint32(text[pos:])
		} else {
			four = fourOf(text[pos:])
		}
		if g.table[g.hash(four)] != 0 {
			return pos
		}
	}
	return end
}

// window is how many bytes of a literal the grams cover.
func (g *shortGrams) window() int { return g.q + g.stride - 1 }

func (g *shortGrams) step() int { return g.stride }

func (g *shortGrams) find(f *finder, a *automaton, text []byte, to int) bool {
	return findByGrams(g, f, a, text, to)
}
