// Python's classes, which know the characters of all scripts.

package importer

import (
	"regexp/syntax"
	"strings"
	"sync"
)

// What Python's \w, \d and \s are, inside of [ ]. Its word characters are those that
// str.isalnum says yes to, which are letters and numbers of any kind.
const (
	unicodeWord  = `\pL\pN_`
	unicodeDigit = `\p{Nd}`
	unicodeSpace = `\s\v\x1c-\x1f\x{85}\pZ`
	otherSpace   = `\x00-\x08\x0e-\x1b\x21-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}`
)

// unicodeClass is \d and the like in Python; not \W in a class, which unicodeBracket
// sees to.
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

// unicodeBracket reads a class of Python's with \W in it, for which RE2 syntax has no
// name there. False if the class is none.
func (p *perlParser) unicodeBracket() (bool, error) {
	rest, end := withoutNonWord(p.src[p.pos:])
	if end == 0 {
		return false, nil
	}
	others, err := translatePerl(rest, p.dialect, perlFlags{})
	if len(strings.Trim(rest, "[^]")) == 0 {
		others, err = translation{}, nil
	}
	if err != nil {
		return true, err
	}
	content := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(others.expr, "["), "^"), "]")
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
		if p.flags.i {
			flags = "i"
		}
		left, ok := setOf("["+content+"]", flags)
		if !ok {
			return true, refuse(whyEscape, rest)
		}
		p.str(runeSet(words.Rune).and(left.not()).class())
	case content == "":
		p.str("[^" + unicodeWord + "]")
	default:
		p.str("(?:[^" + unicodeWord + "]|[" + content + "])")
	}
	return true, nil
}

// withoutNonWord is the class that src begins with, without \W, and where it ends; 0:
// there is no \W in it.
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

const whyUnicodeEdge = `finds other: \b and \B know ASCII only here`

// wordEdges replaces \b by what Python means with it, where that is at an end of a
// regex, and leaves it where both mean the same. False if some do not.
func wordEdges(t translation) (translation, bool) {
	s, ok := parseShape(t.expr)
	if !ok || !strings.Contains(t.expr, `\b`) && !strings.Contains(t.expr, `\B`) {
		return t, ok
	}
	e := edgeRewriter{same: true}
	if s = e.rewrite(s, true, true); e.changed {
		t.expr = s.String()
		t.carets, t.dollars, t.bars = nil, nil, nil
	}
	return t, e.same
}

type edgeRewriter struct{ changed, same bool }

// wordSets is what it takes to compare words of ASCII and of all scripts.
type wordSets struct {
	asciiWords, otherWords runeSet
	before, behind         *shape // of a word of any script
}

// unicodeEdges makes them when they are first needed.
var unicodeEdges = sync.OnceValue(func() wordSets {
	var e wordSets
	e.asciiWords, _ = setOf(`\w`, "")
	all, _ := setOf("["+unicodeWord+"]", "")
	e.otherWords = all.and(e.asciiWords.not())
	e.before, _ = parseShape("(?:^|[^" + unicodeWord + "])")
	e.behind, _ = parseShape("(?:[^" + unicodeWord + "]|$)")
	return e
})

// rewrite goes through s, which stands at the head or the tail of the regex.
func (e *edgeRewriter) rewrite(s *shape, head, tail bool) *shape {
	switch s.op {
	case shapeAssert:
		e.same = e.same && s.text != `\b` && s.text != `\B` // it is on its own
	case shapeRepeat:
		return s.each(func(sub *shape) *shape { return e.rewrite(sub, false, tail && s.high == 1) })
	case shapeGroup, shapeAlt:
		return s.each(func(sub *shape) *shape { return e.rewrite(sub, head, tail) })
	case shapeCat:
		parts := make([]*shape, len(s.subs))
		for i, sub := range s.subs {
			if sub.op != shapeAssert {
				parts[i] = e.rewrite(sub, head && i == 0, tail && i == len(s.subs)-1)
				continue
			}
			parts[i] = e.edge(s.subs, i, head, tail)
		}
		return catOf(parts...)
	}
	return s
}

// edge is what stands in place of the assertion subs[i].
func (e *edgeRewriter) edge(subs []*shape, i int, head, tail bool) *shape {
	s := subs[i]
	if s.text != `\b` && s.text != `\B` {
		return s
	}
	left, leftOpen := edgeSet(subs[:i], true)
	right, rightOpen := edgeSet(subs[i+1:], false)
	isWord := func(set runeSet, open bool) bool {
		return !open && len(set) > 0 && len(set.and(unicodeEdges().asciiWords.not())) == 0
	}
	switch {
	case !leftOpen && !rightOpen && len(left.and(unicodeEdges().otherWords)) == 0 && len(right.and(unicodeEdges().otherWords)) == 0:
		return s
	case s.text == `\b` && tail && i == len(subs)-1 && isWord(left, leftOpen):
		e.changed = true
		return unicodeEdges().behind
	case s.text == `\b` && head && i == 0 && isWord(right, rightOpen):
		e.changed = true
		return unicodeEdges().before
	}
	e.same = false
	return s
}

// edgeSet is the characters that subs can begin with, or with last set end with;
// open says that they can also be empty.
func edgeSet(subs []*shape, last bool) (set runeSet, open bool) {
	for i := range subs {
		s := subs[i]
		if last {
			s = subs[len(subs)-1-i]
		}
		more, empty := s.edgeSet(last)
		set = set.or(more)
		if !empty {
			return set, false
		}
	}
	return set, true
}

func (s *shape) edgeSet(last bool) (set runeSet, open bool) {
	switch s.op {
	case shapeAtom:
		return s.set, false
	case shapeAssert:
		return nil, s.text != "$" && s.text != "^" // next to these is no character
	case shapeRepeat:
		set, open = s.subs[0].edgeSet(last)
		return set, open || s.low == 0
	case shapeAlt:
		for _, sub := range s.subs {
			more, empty := sub.edgeSet(last)
			set, open = set.or(more), open || empty
		}
		return set, open
	}
	return edgeSet(s.subs, last)
}
