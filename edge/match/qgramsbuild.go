package match

// From literals to their q-grams.

import (
	"math"
	"math/bits"
	"slices"
)

// What the choice of q and stride goes by, in nanoseconds on a PC; only their
// proportions matter.
const (
	probeCost = 1.5 // to look at one place of the text
	walkCost  = 15  // to look at the automaton from one place
	worthCost = 1.0 // for each byte of text: the filter has to cost less
	// Texts share a language with literals: a string of q bytes is as likely
	// to be there as one of q*textBits random bits.
	textBits = 3.3
)

// buildQgrams makes the filter for some literals; nil: they are too short for
// one, or too many.
func buildQgrams(arena []byte, literals []literal) *qgrams {
	shortest := int(slices.MinFunc(literals, func(a, b literal) int { return int(a.length) - int(b.length) }).length)
	shortest = min(shortest, maxDepth)
	var q, stride, words int
	least := worthCost
	for tryQ := leastQ; tryQ <= min(mostQ, shortest); tryQ++ {
		for tryStride := 1; tryStride <= min(shortest-tryQ+1, mostStride); tryStride++ {
			tryWords := qgramWords(len(literals) * tryStride)
			if cost := qgramCost(len(literals)*tryStride, tryQ, tryStride, tryWords); cost < least {
				least, q, stride, words = cost, tryQ, tryStride, tryWords
			}
		}
	}
	if q == 0 {
		return nil
	}
	g := newQgrams(q, stride, make([]uint64, words))
	for _, l := range literals {
		text := l.bytes(arena)
		for i := range stride {
			g.add(text[i:])
		}
	}
	return g
}

// qgramWords is how large the set of so many q-grams is: 32 to 64 bits for each,
// with which one in 300 strings seems to be in it, if that is not too large.
func qgramWords(grams int) int {
	return min(max(1<<bits.Len(uint(grams/2)), leastWords), mostWords)
}

// qgramCost is what the filter takes for each byte of a text.
func qgramCost(grams, q, stride, words int) float64 {
	natural := float64(grams) / math.Exp2(textBits*float64(q))
	set := 1 - math.Exp(-float64(2*grams)/float64(64*words)) // of the bits
	likely := min(1, set*set+natural)
	return (probeCost + likely*walkCost*float64(stride)) / float64(stride)
}

func (g *qgrams) section(first uint32) section {
	return section{first + partQgrams, qgramHeader + 8*int64(len(g.set)), func(w *packWriter) {
		w.bytes([]byte{byte(g.q), byte(g.stride), 0, 0, 0, 0, 0, 0})
		for _, word := range g.set {
			w.uint64(word)
		}
	}}
}
