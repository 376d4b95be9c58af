package match

// The prefilter for one to three literals: bytes.IndexByte, in assembly with vector instructions
// where the processor has them, looks for the byte of a literal that is rarest in texts. The
// literal is compared at every place of that byte.

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
)

// maxRareLiterals is how many literals may be worth a pass over the text each.
const maxRareLiterals = 3

// rareBytes are literals, the longest first.
type rareBytes struct {
	literals []rareLiteral
	each     float64 // cost
}

// rareLiteral is a literal, or the beginning of a long one, as the automaton holds it.
type rareLiteral struct {
	text  []byte
	at    int    // index in text of the rarest byte
	check int    // index in text of the rarest other byte, which is compared first
	cell  uint32 // of the state in which the literal ends
}

// newRareBytes returns the prefilter for some literals; nil: there are none or too many. In a
// folded text upper case stands for either.
func newRareBytes(terminals []terminal, folded bool) *rareBytes {
	if len(terminals) == 0 || len(terminals) > maxRareLiterals {
		return nil
	}
	r := &rareBytes{}
	for _, t := range terminals {
		l := rareLiteral{text: t.text, cell: t.cell}
		l.at = rarest(l.text, -1, folded)
		l.check = max(0, rarest(l.text, l.at, folded))
		r.literals = append(r.literals, l)
		r.each += indexCost() + stopCost*math.Exp2(float64(frequencyOf(l.text[l.at], folded))/16)/1e6
	}
	slices.SortStableFunc(r.literals, func(a, b rareLiteral) int { return len(b.text) - len(a.text) })
	return r
}

// stopCost is what it costs to stop at a rare byte and to compare.
const stopCost = 7

// indexCost is what bytes.IndexByte costs for a byte of text. On 32-bit ARM it compares byte by
// byte.
func indexCost() float64 {
	if bits.UintSize < 64 {
		return 0.2
	}
	return 0.05
}

func (r *rareBytes) cost() float64 { return r.each }

// rarest returns the index of the byte of text that is rarest in texts, leaving the index but out;
// -1 if there is no other byte.
func rarest(text []byte, but int, folded bool) int {
	best := -1
	for i, c := range text {
		if i != but && (best < 0 || frequencyOf(c, folded) < frequencyOf(text[best], folded)) {
			best = i
		}
	}
	return best
}

func frequencyOf(c byte, folded bool) uint8 {
	if folded && 'A' <= c && c <= 'Z' {
		c |= 'a' - 'A'
	}
	return byteFrequencies[c]
}

func (r *rareBytes) find(f *finder, a *automaton, text []byte, to int) bool {
	budget := a.prefilterBudget(to - f.pos)
	f.ahead = f.ahead[:0]
	for i := range r.literals {
		begun := len(f.ahead)
		if budget = r.literals[i].find(f, text, to, budget); budget < 0 {
			return false
		}
		if begun > 0 && len(f.ahead) > begun {
			f.spare = mergeHits(f.spare[:0], f.ahead[:begun], f.ahead[begun:])
			f.ahead, f.spare = f.spare, f.ahead
		}
	}
	return true
}

// find appends the places to f.ahead where the literal ends behind f.pos, and at to or before. It
// returns the rest of the budget, of which every rare byte costs two bytes; below 0: find gave up.
func (l *rareLiteral) find(f *finder, text []byte, to, budget int) int {
	size, rare, check := len(l.text), l.text[l.at], l.text[l.check]
	end := to - size + l.at + 1
	for pos := max(0, f.pos+1-size) + l.at; pos < end; pos++ {
		i := bytes.IndexByte(text[pos:end], rare)
		if i < 0 {
			break
		}
		if budget -= 2; budget < 0 {
			break
		}
		pos += i
		start := pos - l.at
		if text[start+l.check] == check && string(text[start:start+size]) == string(l.text) {
			f.ahead = append(f.ahead, hit{uint32(start + size - f.pos), l.cell})
		}
	}
	return budget
}

// mergeHits appends two lists to dst, in order. Where both have a hit, the one of a stays: the
// pattern of a is longer, so its state reports the pattern of b as well.
func mergeHits(dst, a, b []hit) []hit {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].pos < b[0].pos:
			dst, a = append(dst, a[0]), a[1:]
		case a[0].pos > b[0].pos:
			dst, b = append(dst, b[0]), b[1:]
		default:
			b = b[1:]
		}
	}
	return append(append(dst, a...), b...)
}

// byteFrequencies says how frequent each byte is in texts: 16 times the binary logarithm of its
// number in a million bytes. Measured over prose, source code, logs of servers and of web sites,
// mail, and programs, of which the higher values count more.
var byteFrequencies = [256]uint8{
	229, 166, 149, 135, 141, 139, 122, 117, 151, 230, 222, 118, 115, 114, 158, 168,
	147, 111, 108, 103, 115, 118, 103, 103, 139, 102, 101, 96, 104, 101, 105, 141,
	255, 151, 190, 153, 168, 131, 143, 145, 196, 196, 151, 185, 200, 214, 226, 194,
	236, 231, 231, 220, 216, 216, 219, 210, 212, 211, 223, 160, 156, 209, 157, 106,
	134, 193, 172, 185, 189, 187, 177, 160, 189, 186, 130, 153, 188, 179, 177, 190,
	190, 139, 184, 191, 211, 174, 177, 156, 195, 132, 125, 193, 159, 193, 136, 186,
	166, 231, 198, 221, 221, 244, 214, 200, 218, 231, 142, 188, 221, 209, 231, 233,
	216, 148, 231, 236, 238, 216, 196, 190, 192, 197, 156, 183, 145, 183, 149, 99,
	133, 104, 88, 149, 150, 155, 107, 103, 112, 175, 92, 166, 111, 159, 98, 112,
	117, 80, 83, 84, 101, 119, 89, 92, 104, 88, 111, 87, 99, 89, 88, 81,
	107, 83, 82, 83, 88, 93, 104, 77, 99, 80, 80, 100, 99, 79, 80, 86,
	100, 79, 78, 81, 94, 86, 106, 93, 108, 97, 112, 89, 102, 87, 116, 113,
	153, 117, 109, 124, 116, 109, 117, 134, 104, 119, 94, 90, 90, 91, 95, 91,
	114, 102, 116, 94, 100, 94, 97, 97, 106, 92, 95, 103, 91, 95, 106, 119,
	124, 102, 102, 90, 105, 94, 105, 110, 163, 142, 104, 118, 114, 108, 114, 126,
	117, 96, 107, 107, 95, 99, 122, 110, 118, 99, 107, 106, 108, 113, 124, 179,
}
