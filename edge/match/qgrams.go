package match

// The prefilter for sets without short literals: it looks at a few bytes here and there, and the
// automaton looks at the text only where these bytes can be part of a literal. (Wu and Manber,
// 1994; Navarro and Raffinot, Flexible Pattern Matching in Strings, 3.3.)

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// qgrams is the set of the q-grams, strings of q bytes, beginning in the first stride bytes of a
// literal. Of the places 0, stride, 2*stride … of a text, one lies in the first stride bytes of
// every literal in the text, and has a q-gram of the set.
type qgrams struct {
	q, stride int
	mask      uint64 // of the first q of eight bytes
	shift     uint8  // from a hash to the number of a word in set
	// set is a Bloom filter in words: a q-gram has two bits of one word.
	set      []uint64
	literals int // that the set was made for, about
}

const (
	qgramHeader = 8 // bytes of the section: q, stride, zeros
	minQ        = 3
	maxQ        = 8
	maxStride   = 16
	minWords    = 1 << 6
	maxWords    = 1 << 15 // 256 KiB, to stay in the cache of a small board
	hashFactor  = 0x9e3779b97f4a7c15
)

func newQgrams(q, stride int, set []uint64) *qgrams {
	return &qgrams{q: q, stride: stride, mask: 1<<(8*q) - 1, shift: uint8(64 - bits.Len(uint(len(set)-1))), set: set}
}

// window is how many bytes of a literal the q-grams cover.
func (g *qgrams) window() int { return g.q + g.stride - 1 }

// hash is the hash of the q-gram that eight bytes begin with. Its highest bits are the number of a
// word, the twelve bits from bit 36 on are the two bits in the word.
func (g *qgrams) hash(eight uint64) uint64 { return (eight & g.mask) * hashFactor }

func hasBoth(word, hash uint64) bool { return word>>(hash>>36&63)&(word>>(hash>>42&63))&1 != 0 }

func (g *qgrams) add(text []byte) {
	h := g.hash(eightOf(text))
	g.set[h>>g.shift] |= 1<<(h>>36&63) | 1<<(h>>42&63)
}

// eightOf returns the first eight bytes of text, zeros behind the end.
func eightOf(text []byte) uint64 {
	var eight [8]byte
	copy(eight[:], text)
	return binary.LittleEndian.Uint64(eight[:])
}

// next is the first of the places pos, pos+stride … before end where a q-gram of the set is, or
// seems to be; end if there is none.
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

func (g *qgrams) step() int { return g.stride }

func (g *qgrams) find(f *finder, a *automaton, text []byte, to int) bool {
	return findByGrams(g, f, a, text, to)
}

// grams are strings of which every literal has one at a place 0, step, 2*step … of the text.
type grams interface {
	// next is the first of the places pos, pos+step … before end where such a string is, or seems
	// to be; end if there is none.
	next(text []byte, pos, end int) int
	step() int
	window() int // bytes of a literal that the grams cover
}

// findByGrams has a single stream read the text behind each gram, as far as a literal reaches.
func findByGrams(g grams, f *finder, a *automaton, text []byte, to int) bool {
	hits := f.ahead[:0]
	stride, window := g.step(), g.window()
	budget := a.prefilterBudget(to - f.pos)
	c := at(0)
	first := max(0, f.pos-a.deepest) // where a literal that ends behind f can begin
	for pos := g.next(text, first, to); pos < to; pos = g.next(text, pos+stride, to) {
		budget -= 2 * stride
		if start := max(0, pos-stride+1); a.begins(text, start, pos, window) {
			if start > c.pos {
				c = at(start)
			}
			limit := min(pos+a.deepest, to)
			budget -= limit - c.pos
			for c.pos < limit {
				if a.next(text, &c, limit); c.atHit && c.pos > f.pos {
					hits = append(hits, hit{uint32(c.pos - f.pos), c.cell})
				}
			}
		}
		if budget < 0 {
			f.ahead = hits // void, but the memory stays
			return false
		}
	}
	f.ahead = hits
	return true
}

// begins says whether a literal may begin at one of the places first to last, going by the first n
// bytes.
func (a *automaton) begins(text []byte, first, last, n int) bool {
	for ; first <= last; first++ {
		if a.leads(text[first:], n) {
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
		entry = uint32(a.cells[entry>>baseShift^uint32(c)])
		if byte(entry) != c || entry>>baseShift == rootBase {
			return false
		}
	}
	return true
}

// What q and stride are chosen by, as the costs of prefilter.go.
const (
	probeCost = 1.5 // of looking at one place of the text
	maxCost   = 1.0 // for a byte of text: q-grams have to cost less to be in a pack
)

func (g *qgrams) cost() float64 { return qgramCost(g.literals*g.stride, g.q, g.stride, len(g.set)) }

// buildQgrams makes the q-grams of some literals; nil: the literals are too short or too many.
func buildQgrams(arena []byte, literals []literal) *qgrams {
	shortest := int(slices.MinFunc(literals, func(a, b literal) int { return int(a.length) - int(b.length) }).length)
	shortest = min(shortest, maxDepth)
	var q, stride, words int
	lowest := maxCost
	for tryQ := minQ; tryQ <= min(maxQ, shortest); tryQ++ {
		for tryStride := 1; tryStride <= min(shortest-tryQ+1, maxStride); tryStride++ {
			tryWords := qgramWords(len(literals) * tryStride)
			if cost := qgramCost(len(literals)*tryStride, tryQ, tryStride, tryWords); cost < lowest {
				lowest, q, stride, words = cost, tryQ, tryStride, tryWords
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

// qgramWords is the size of the set for a number of q-grams: 32 to 64 bits for each, which makes
// one in 300 strings seem to be in the set, unless the set would get too large.
func qgramWords(grams int) int {
	return min(max(1<<bits.Len(uint(grams/2)), minWords), maxWords)
}

// qgramCost is what q-grams cost for each byte of a text.
func qgramCost(grams, q, stride, words int) float64 {
	natural := float64(grams) / math.Exp2(textBits*float64(q))
	set := 1 - math.Exp(-float64(2*grams)/float64(64*words)) // share of set bits
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

// qgrams takes the q-grams of an automaton; nil: there are none. Q-grams that do not agree with the
// double array find less than they should.
func (l *loader) qgrams(first uint32) *qgrams {
	body := l.take(first+partQgrams, 8)
	if len(body) == 0 {
		return nil
	}
	q, stride, set := int(body[0]), int(body[1]), body[qgramHeader:]
	words := len(set) / 8
	if q < minQ || q > maxQ || stride < 1 || stride > maxStride || words < minWords || words > maxWords || words&(words-1) != 0 {
		l.damaged("q-grams of %d bytes in %d words", q, words)
		return nil
	}
	return newQgrams(q, stride, viewUint64s(set))
}
