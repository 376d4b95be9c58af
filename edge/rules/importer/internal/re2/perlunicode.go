package re2

// Python's classes, with the characters of all scripts.

import (
	"regexp/syntax"
	"strings"
	"sync"

	"trawl/edge/rules/importer/internal/shape"
)

// Python's \w, \d and \s as members of a class. Word characters are _ and the characters of
// str.isalnum: letters and numbers of any kind.
const (
	unicodeWord  = `\pL\pN_`
	unicodeDigit = `\p{Nd}`
	unicodeSpace = `\s\v\x1c-\x1f\x{85}\pZ`
	otherSpace   = `\x00-\x08\x0e-\x1b\x21-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}`
)

// unicodeClass returns Python's \d and the like, except \W in a class, for which see
// unicodeBracket.
func unicodeClass(c byte, inClass bool) (string, bool) {
	bracket := func(opening, s string) string {
		if inClass {
			return s
		}
		return opening + s + "]"
	}
	switch c {
	case 'w':
		return bracket("[", unicodeWord), true
	case 'W':
		return "[^" + unicodeWord + "]", !inClass
	case 'd':
		return unicodeDigit, true
	case 'D':
		return `\P{Nd}`, true
	case 's':
		return bracket("[", unicodeSpace), true
	case 'S':
		if inClass {
			return otherSpace, true
		}
		return "[^" + unicodeSpace + "]", true
	}
	return "", false
}

// unicodeBracket reads a class with \W, which RE2 syntax cannot express as a member of a class. It
// returns false for a class without \W.
func (p *perlParser) unicodeBracket() (bool, error) {
	rest, end := withoutNonWord(p.src[p.pos:])
	if end == 0 {
		return false, nil
	}
	others, err := Perl(rest, p.dialect, Flags{})
	if len(strings.Trim(rest, "[^]")) == 0 {
		others, err = Translation{}, nil
	}
	if err != nil {
		return true, err
	}
	content := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(others.Expr, "["), "^"), "]")
	negated := strings.HasPrefix(rest, "[^")
	p.pos += end
	p.begin()
	switch {
	case negated && content == "":
		p.str("[" + unicodeWord + "]")
	case negated && content == "_":
		p.str(`[\pL\pN]`)
	case negated:
		words, _ := syntax.Parse("["+unicodeWord+"]", syntax.Perl)
		flags := ""
		if p.flags.IgnoreCase {
			flags = "i"
		}
		left, ok := shape.SetOf("["+content+"]", flags)
		if !ok {
			return true, Refuse(whyEscape, rest)
		}
		p.str(shape.Set(words.Rune).And(left.Not()).Class())
	case content == "":
		p.str("[^" + unicodeWord + "]")
	default:
		p.str("(?:[^" + unicodeWord + "]|[" + content + "])")
	}
	return true, nil
}

// withoutNonWord returns the class at the beginning of src without \W, and the end of the class; 0
// if the class has no \W.
func withoutNonWord(src string) (rest string, end int) {
	var b strings.Builder
	found := false
	i := 1
	if strings.HasPrefix(src, "[^") {
		i = 2
	}
	b.WriteString(src[:i])
	for first := true; i < len(src); first = false {
		switch {
		case src[i] == ']' && !first:
			if !found {
				return "", 0
			}
			return b.String() + "]", i + 1
		case strings.HasPrefix(src[i:], `\W`):
			found = true
			i += 2
		case src[i] == '\\' && i+1 < len(src):
			b.WriteString(src[i : i+2])
			i += 2
		default:
			b.WriteByte(src[i])
			i++
		}
	}
	return "", 0
}

const WhyUnicodeEdge = `finds other: \b and \B know ASCII only here`

// WordEdges replaces \b at the ends of a regex by a word boundary of Python, and keeps \b where
// both are equal. It returns false if some boundary differs from Python's.
func WordEdges(t Translation) (Translation, bool) {
	s, ok := shape.Parse(t.Expr)
	if !ok || !strings.Contains(t.Expr, `\b`) && !strings.Contains(t.Expr, `\B`) {
		return t, ok
	}
	e := edgeRewriter{same: true}
	if s = e.rewrite(s, true, true); e.changed {
		t.Expr = s.String()
		t.Carets, t.Dollars, t.Bars = nil, nil, nil
	}
	return t, e.same
}

type edgeRewriter struct{ changed, same bool }

// wordSets compares words of ASCII with words of all scripts.
type wordSets struct {
	asciiWords, otherWords shape.Set
	before, behind         *shape.Node // boundaries of words of all scripts
}

// unicodeEdges makes the sets at the first use.
var unicodeEdges = sync.OnceValue(func() wordSets {
	var e wordSets
	e.asciiWords, _ = shape.SetOf(`\w`, "")
	all, _ := shape.SetOf("["+unicodeWord+"]", "")
	e.otherWords = all.And(e.asciiWords.Not())
	e.before, _ = shape.Parse("(?:^|[^" + unicodeWord + "])")
	e.behind, _ = shape.Parse("(?:[^" + unicodeWord + "]|$)")
	return e
})

// rewrite rewrites s. head and tail say that s is at the beginning or end of the regex.
func (e *edgeRewriter) rewrite(s *shape.Node, head, tail bool) *shape.Node {
	switch s.Op {
	case shape.Assert:
		e.same = e.same && s.Text != `\b` && s.Text != `\B` // without neighbours
	case shape.Repeat:
		return s.Each(func(sub *shape.Node) *shape.Node { return e.rewrite(sub, false, tail && s.High == 1) })
	case shape.Group, shape.Alt:
		return s.Each(func(sub *shape.Node) *shape.Node { return e.rewrite(sub, head, tail) })
	case shape.Cat:
		parts := make([]*shape.Node, len(s.Subs))
		for i, sub := range s.Subs {
			if sub.Op != shape.Assert {
				parts[i] = e.rewrite(sub, head && i == 0, tail && i == len(s.Subs)-1)
				continue
			}
			parts[i] = e.edge(s.Subs, i, head, tail)
		}
		return shape.Concat(parts...)
	}
	return s
}

// edge returns the replacement of the assertion subs[i].
func (e *edgeRewriter) edge(subs []*shape.Node, i int, head, tail bool) *shape.Node {
	s := subs[i]
	if s.Text != `\b` && s.Text != `\B` {
		return s
	}
	left, leftOpen := shape.EdgeSet(subs[:i], true)
	right, rightOpen := shape.EdgeSet(subs[i+1:], false)
	isWord := func(set shape.Set, open bool) bool {
		return !open && len(set) > 0 && len(set.And(unicodeEdges().asciiWords.Not())) == 0
	}
	switch {
	case !leftOpen && !rightOpen && len(left.And(unicodeEdges().otherWords)) == 0 && len(right.And(unicodeEdges().otherWords)) == 0:
		return s
	case s.Text == `\b` && tail && i == len(subs)-1 && isWord(left, leftOpen):
		e.changed = true
		return unicodeEdges().behind
	case s.Text == `\b` && head && i == 0 && isWord(right, rightOpen):
		e.changed = true
		return unicodeEdges().before
	}
	e.same = false
	return s
}
