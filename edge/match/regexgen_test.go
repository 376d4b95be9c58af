package match

// Texts that a regex matches, or nearly does.

import (
	"math/rand/v2"
	"regexp/syntax"
	"unicode/utf8"

	"trawl/edge/match/internal/fold"
)

// textGenerator writes texts that match a regex, as far as assertions allow.
type textGenerator struct {
	*rand.Rand
	most int // repetitions of a star
}

func (g textGenerator) appendMatch(dst []byte, re *syntax.Regexp) []byte {
	if len(dst) > 4000 {
		return dst
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && g.IntN(2) == 0 {
				r = fold.Smallest(r)
			}
			dst = utf8.AppendRune(dst, r)
		}
	case syntax.OpCharClass:
		return utf8.AppendRune(dst, g.runeOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return append(dst, "aZ 0é_\xff-"[g.IntN(9)])
	case syntax.OpCapture:
		return g.appendMatch(dst, re.Sub[0])
	case syntax.OpStar:
		return g.appendMany(dst, re.Sub[0], 0, g.most)
	case syntax.OpPlus:
		return g.appendMany(dst, re.Sub[0], 1, 1+g.most)
	case syntax.OpQuest:
		return g.appendMany(dst, re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 || most > re.Min+g.most {
			most = re.Min + g.most
		}
		return g.appendMany(dst, re.Sub[0], re.Min, most)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			dst = g.appendMatch(dst, sub)
		}
	case syntax.OpAlternate:
		return g.appendMatch(dst, re.Sub[g.IntN(len(re.Sub))])
	}
	return dst
}

func (g textGenerator) appendMany(dst []byte, re *syntax.Regexp, least, most int) []byte {
	for range least + g.IntN(most-least+1) {
		dst = g.appendMatch(dst, re)
	}
	return dst
}

// runeOf picks of a class, ASCII rather than not.
func (g textGenerator) runeOf(ranges []rune) rune {
	n := len(ranges) / 2
	for range 4 {
		i := 2 * g.IntN(n)
		lo, hi := ranges[i], ranges[i+1]
		if hi > 0x7e && lo < 0x7e {
			hi = 0x7e
		}
		if lo < ' ' && hi >= 'a' {
			lo = ' '
		}
		if r := lo + g.Int32N(hi-lo+1); r < 0x7f {
			return r
		}
	}
	return ranges[0]
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 1)) }
