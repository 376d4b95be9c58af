// Sets of characters: what an atom of an expression matches.

package importer

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// runeSet is characters, as pairs of the first and last of a range, in order.
type runeSet []rune

// setOf is what an atom matches, under flags.
func setOf(text, flags string) (runeSet, bool) {
	if flags != "" {
		text = "(?" + flags + ")" + text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, false
	}
	switch tree.Op {
	case syntax.OpLiteral:
		if len(tree.Rune) != 1 {
			return nil, false
		}
		list := []rune{tree.Rune[0]}
		if tree.Flags&syntax.FoldCase != 0 {
			for r := unicode.SimpleFold(list[0]); r != list[0]; r = unicode.SimpleFold(r) {
				list = append(list, r)
			}
			slices.Sort(list)
		}
		var set runeSet
		for _, r := range list {
			set = append(set, r, r)
		}
		return set, true
	case syntax.OpCharClass:
		return tree.Rune, true
	case syntax.OpAnyChar:
		return runeSet{0, unicode.MaxRune}, true
	case syntax.OpAnyCharNotNL:
		return runeSet{0, '\n' - 1, '\n' + 1, unicode.MaxRune}, true
	case syntax.OpNoMatch:
		return nil, true
	}
	return nil, false
}

// and is what is in both.
func (s runeSet) and(o runeSet) runeSet {
	var both runeSet
	for i, j := 0, 0; i < len(s) && j < len(o); {
		if low, high := max(s[i], o[j]), min(s[i+1], o[j+1]); low <= high {
			both = append(both, low, high)
		}
		if s[i+1] < o[j+1] {
			i += 2
		} else {
			j += 2
		}
	}
	return both
}

// not is all others.
func (s runeSet) not() runeSet {
	var rest runeSet
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			rest = append(rest, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= unicode.MaxRune {
		rest = append(rest, next, unicode.MaxRune)
	}
	return rest
}

// or is what is in either.
func (s runeSet) or(o runeSet) runeSet { return s.not().and(o.not()).not() }

func (s runeSet) has(r rune) bool { return len(s.and(runeSet{r, r})) > 0 }

// class is the set as an expression.
func (s runeSet) class() string {
	var b strings.Builder
	ranges := s
	b.WriteString("[")
	if len(s) > 0 && s[0] == 0 && s[len(s)-1] == unicode.MaxRune {
		b.WriteString("^")
		ranges = s.not()
	}
	for i := 0; i < len(ranges); i += 2 {
		b.WriteString(quoteRune(ranges[i], classSpecial))
		if ranges[i+1] > ranges[i] {
			b.WriteString("-" + quoteRune(ranges[i+1], classSpecial))
		}
	}
	b.WriteString("]")
	if len(ranges) == 0 {
		return `(?s:.)`
	}
	return b.String()
}

// within is an atom's characters that are in set; nil for none.
func (s *shape) within(set runeSet) *shape {
	both := s.set.and(set)
	switch {
	case len(both) == 0:
		return nil
	case slices.Equal(both, s.set):
		return s
	}
	return &shape{op: shapeAtom, text: both.class(), set: both}
}
