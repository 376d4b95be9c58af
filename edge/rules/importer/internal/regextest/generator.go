package regextest

// Random regexes and texts.

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"testing"
)

// TooLarge reports whether a valid expression exceeds the bounds of RE2 syntax.
func TooLarge(err error) bool {
	var e *syntax.Error
	return errors.As(err, &e) && (e.Code == syntax.ErrLarge || e.Code == syntax.ErrNestingDepth || e.Code == syntax.ErrInvalidRepeatSize)
}

// lineEnds are atoms that make a difference at the end of a line.
var lineEnds = []string{"a", "b", " ", ".", `\s`, `[^a]`, "[ab ]", "$", `a$`, "(a|b$)", "(a|b )", `( |$)`, ".*", ".+", " *", `\s+`, "[^b]*", "(a )*", "( ?)", "b? ", `\b`, `\B`, `\w+`, "(^|a)", `(.$)`, `(a|$)b?`}

var LineEndAlphabet = []string{"a", "b", "ab", " ", "\t", "\r", "  ", " \r", "a ", "b\r", "\v", "."}

func (g *Generator) LineEnd() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.Pick(lineEnds))
	}
	if g.IntN(2) == 0 {
		b.WriteString("$")
	}
	if g.IntN(6) == 0 {
		return b.String() + "|" + g.Pick(lineEnds)
	}
	return b.String()
}

// Generator writes random regexes from parts of a syntax.
type Generator struct {
	*rand.Rand
	Atoms       []string
	Quantifiers []string
	Groups      []string // openings
	Bar, End    string   // of alternatives and groups; empty: | and )
}

func (g *Generator) Pick(list []string) string { return list[g.IntN(len(list))] }

func (g *Generator) Regex(depth int) string {
	var b strings.Builder
	bar, end := cmp.Or(g.Bar, "|"), cmp.Or(g.End, ")")
	for range 1 + g.IntN(4) {
		switch n := g.IntN(12); {
		case n == 0 && depth > 0:
			b.WriteString(g.Pick(g.Groups) + g.Regex(depth-1) + bar + g.Regex(depth-1) + end)
		case n == 1 && depth > 0:
			b.WriteString(g.Pick(g.Groups) + g.Regex(depth-1) + end)
		default:
			b.WriteString(g.Pick(g.Atoms))
		}
		if g.IntN(3) == 0 {
			b.WriteString(g.Pick(g.Quantifiers))
		}
	}
	if depth == 2 && g.IntN(6) == 0 {
		return b.String() + bar + g.Regex(1)
	}
	return b.String()
}

func (g *Generator) Text(alphabet []string) string {
	var b strings.Builder
	for range g.IntN(12) {
		b.WriteString(g.Pick(alphabet))
	}
	return b.String()
}

var TextAlphabet = []string{"a", "a", "b", "c", "A", "B", "0", "1", "_", " ", "-", ".", "\t", "\v", "ab", "ba", "x", "{", "}", "]", "\\", "d", "^", "$", "+"}

// BytesAlphabet has characters of two to four bytes, parts of some, and characters of regexes.
var BytesAlphabet = append([]string{"é", "é", "€", "\U0001f600", "\xa9", "\xc3", "\xff", "à"}, TextAlphabet[:16]...)

// Texts are lines for an oracle: no line breaks.
func (g *Generator) Texts(n int, alphabet []string) []string {
	list := []string{"", "a", "ab", "abc"}
	for len(list) < n {
		list = append(list, g.Text(alphabet))
	}
	return list
}

func Rounds(full int) int {
	if testing.Short() {
		return full / 10
	}
	return full
}

var PerlAtoms = []string{
	"a", "b", "c", ".", "0", "_", " ", "[ab]", "[^a]", "[a-c]", "[]a]", "[^]a]", "[a-]", `[\w-]`, `[\w-b]`, `[\]a]`, `[^\s]`, `[^\S]`, `[\d.]`, "^", "$", `\w`, `\W`, `\s`, `\S`, `\d`, `\D`,
	`\b`, `\B`, `\.`, `\-`, `\_`, "{", "}", "a{", "{1", "]", `\x41`, `\t`, `\A`, `\Z`, `\/`, `\"`, `\071`, ")", "(", `\1`, "[b-a]", `\`, "()", "-", `\x{41}`, `\v`, `\e`, `\h`, `\N`, `[\b]`, `[\v]`, `\Qa.\E`, `\ca`, `[[:alpha:]_]`, `[^[:^digit:]]`, "(?#x)", `\x4`, `\0`, `\z`,
}

var PerlQuantifiers = []string{"*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "{2,1}", "*?", "+?", "??", "{1,2}?", "**", "{1}{2}", "{x}", "++", "*+", "?+", "{1,2}+"}

var PerlGroups = []string{"(", "(", "(?:", "(?i:", "(?>", "(?P<n>", "(?<m>", "(?i)(", "(?=", "(?<!", "(?s-i:", "(?|", "(?x: ", "(?-i:"}

// Sample returns a text that re matches, as far as assertions allow.
func Sample(g *rand.Rand, re *syntax.Regexp) string {
	all := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(Sample(g, re.Sub[0]))
		}
		return b.String()
	}
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		i := 2 * g.IntN(len(re.Rune)/2)
		return string(re.Rune[i] + g.Int32N(min(re.Rune[i+1], 0x7e+re.Rune[i])-re.Rune[i]+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string(rune(' ' + g.IntN(95)))
	case syntax.OpCapture:
		return all(1)
	case syntax.OpStar, syntax.OpQuest:
		return all(g.IntN(2))
	case syntax.OpPlus:
		return all(1 + g.IntN(2))
	case syntax.OpRepeat:
		if re.Max > re.Min {
			return all(re.Min + g.IntN(min(re.Max-re.Min, 3)+1))
		}
		return all(re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(Sample(g, sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return Sample(g, re.Sub[g.IntN(len(re.Sub))])
	}
	return ""
}

// Samples returns lines that tree matches, and lines that it almost matches.
func Samples(g *rand.Rand, tree *syntax.Regexp) []string {
	var lines []string
	for range 6 {
		s := strings.Map(func(r rune) rune {
			if r == '\n' || r == 0 || r > 0x7e {
				return 'x'
			}
			return r
		}, Sample(g, tree))
		lines = append(lines, s)
		if len(s) > 1 {
			i := g.IntN(len(s))
			lines = append(lines, s[:i]+s[i+1:], s[:i]+"x"+s[i:], "pre "+s+" post", s[:i]+strings.ToUpper(s[i:]))
		}
	}
	return lines
}
