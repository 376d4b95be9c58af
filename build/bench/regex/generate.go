// Lines out of expressions: texts that they match.

package main

import (
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// generator writes texts that an expression matches, or nearly so: \b, ^ and $
// in the middle of one are taken as met.
type generator struct {
	*rand.Rand
	foreign bool // where any rune will do, many are not ASCII
}

// maxRepeat is how often more than necessary something is repeated at most.
const maxRepeat = 4

func (g *generator) line(expression string) string {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	g.write(&b, tree)
	return strings.ReplaceAll(b.String(), "\n", " ")
}

func (g *generator) write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(g.runeOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(g.runeOf([]rune{' ', '~', 0x80, unicode.MaxRune}))
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		least, most := repeats(re)
		for range least + g.IntN(most-least+1) {
			g.write(b, re.Sub[0])
		}
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			g.write(b, sub)
		}
	case syntax.OpAlternate:
		g.write(b, re.Sub[g.IntN(len(re.Sub))])
	}
}

func repeats(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, maxRepeat
	case syntax.OpPlus:
		return 1, 1 + maxRepeat
	case syntax.OpQuest:
		return 0, 1
	}
	if re.Max < 0 || re.Max > re.Min+maxRepeat {
		return re.Min, re.Min + maxRepeat
	}
	return re.Min, re.Max
}

var foreignRunes = []rune("äöüßéèçñøåłžščřΩλжщя中文東京語한글😀")

// runeOf picks one of a class, a list of pairs of runes: what can be
// printed, if there is such.
func (g *generator) runeOf(class []rune) rune {
	in := func(r rune) bool {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= r && r <= class[i+1] {
				return true
			}
		}
		return false
	}
	if g.foreign && g.IntN(3) == 0 {
		if r := foreignRunes[g.IntN(len(foreignRunes))]; in(r) {
			return r
		}
	}
	var printable []rune
	for r := rune(' '); r <= '~'; r++ {
		if in(r) {
			printable = append(printable, r)
		}
	}
	switch {
	case len(printable) > 0:
		return printable[g.IntN(len(printable))]
	case len(class) > 0:
		return class[0]
	}
	return '?' // a class of nothing
}

// spoil changes a byte in the second half of a line, so that it is nearly what it was.
func (g *generator) spoil(line string) string {
	if len(line) < 2 {
		return line
	}
	i := len(line)/2 + g.IntN(len(line)-len(line)/2)
	return line[:i] + "#" + line[i+1:]
}

// disturb puts some runes that are not ASCII, or bytes that are no UTF-8, into a line.
func (g *generator) disturb(line string) string {
	text := []byte(line)
	for range 1 + g.IntN(3) {
		i := g.IntN(len(text) + 1)
		for i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
		piece := []byte{byte(0xC0 + g.IntN(0x40))} // Latin-1
		if g.IntN(3) > 0 {
			piece = []byte(string(foreignRunes[g.IntN(len(foreignRunes))]))
		}
		text = slices.Insert(text, i, piece...)
	}
	return string(text)
}
