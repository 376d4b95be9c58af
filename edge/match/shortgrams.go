package match

// The prefilter for a few literals, which may be short: it looks up two to four bytes of the text at a
// time in a small table, several places at once, and the automaton looks at the text only where a
// lookup says yes.

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// shortGrams is the set of the grams, strings of q bytes, that begin in the first stride bytes of a
// literal. As with qgrams, one of the places 0, stride, 2*stride … of a text has a gram of every literal
// in the text.
type shortGrams struct {
	q, stride int
	drop      uint8 // bits of four bytes behind the first q
	shift     uint8 // from a hash to an index in table
	table     []uint8
}

const (
	maxShortLiterals = 64
	minShortQ        = 2
	maxShortQ        = 4
	minShortBits     = 10 // of the size of a table
	maxShortBits     = 13 // a quarter of the first cache of a small board
	shortHashFactor  = 0x9e3779b1
)

// newShortGrams returns the prefilter of an automaton with few literals; nil: there are too many, or
// their grams are too common.
func newShortGrams(a *automaton) *shortGrams {
	if len(a.outs) == 0 || len(a.outs) > maxShortLiterals {
		return nil
	}
	terminals := a.terminalTexts()
	shortest := maxDepth
	for _, t := range terminals {
		shortest = min(shortest, len(t.text))
	}
	var g *shortGrams
	lowest := maxCost
	for q := minShortQ; q <= min(maxShortQ, shortest); q++ {
		for stride := 1; stride <= min(shortest-q+1, maxStride); stride++ {
			grams := len(terminals) * stride
			size := min(max(bits.Len(uint(grams))+7, minShortBits), maxShortBits)
			if cost := shortGramCost(grams, q, stride, size); cost < lowest {
				lowest = cost
				g = &shortGrams{q: q, stride: stride, drop: uint8(8 * (4 - q)), shift: uint8(32 - size)}
			}
		}
	}
	if g == nil {
		return nil
	}
	g.table = make([]uint8, 1<<(32-g.shift))
	for _, t := range terminals {
		for i := range g.stride {
			g.table[g.hash(fourOf(t.text[i:]))] = 1
		}
	}
	return g
}

// shortGramCost is what the lookups cost for each byte of a text, as qgramCost.
func shortGramCost(grams, q, stride, size int) float64 {
	const lookupCost = 0.5
	natural := float64(grams) / math.Exp2(textBits*float64(q))
	likely := min(1, float64(grams)/math.Exp2(float64(size))+natural)
	return (lookupCost + likely*walkCost*float64(stride)) / float64(stride)
}

func (g *shortGrams) hash(four uint32) uint32 {
	return four << g.drop * shortHashFactor >> g.shift
}

// fourOf returns the first four bytes of text, zeros behind its end.
func fourOf(text []byte) uint32 {
	var four [4]byte
	copy(four[:], text)
	return binary.LittleEndian.Uint32(four[:])
}

// next is the first of the places pos, pos+stride … before end where a gram of the set is, or seems to
// be; end if there is none.
func (g *shortGrams) next(text []byte, pos, end int) int {
	stride := g.stride
	// Four places at once, as long as four bytes are there at each of them.
	if whole := min(end, len(text)-3) - 3*stride; pos < whole {
		table, drop, shift := uncheckedBytes(g.table), g.drop&31, g.shift&31
		at, stride2, stride3 := uncheckedBytes(text[pos:]), 2*stride, 3*stride
		for {
			x0 := table.byte(int(at.four(0) << drop * shortHashFactor >> shift))
			x1 := table.byte(int(at.four(stride) << drop * shortHashFactor >> shift))
			x2 := table.byte(int(at.four(stride2) << drop * shortHashFactor >> shift))
			x3 := table.byte(int(at.four(stride3) << drop * shortHashFactor >> shift))
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
