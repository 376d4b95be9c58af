package shape

// Sets of characters: the matches of an atom.

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// Set is characters, as pairs of the first and last of a range, in order.
type Set []rune

// SetOf returns the characters that an atom matches under flags.
func SetOf(text, flags string) (Set, bool) {
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
		var set Set
		for _, r := range list {
			set = append(set, r, r)
		}
		return set, true
	case syntax.OpCharClass:
		return tree.Rune, true
	case syntax.OpAnyChar:
		return Set{0, unicode.MaxRune}, true
	case syntax.OpAnyCharNotNL:
		return Set{0, '\n' - 1, '\n' + 1, unicode.MaxRune}, true
	case syntax.OpNoMatch:
		return nil, true
	}
	return nil, false
}

// And returns the intersection.
func (s Set) And(o Set) Set {
	var both Set
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

// Not returns the complement.
func (s Set) Not() Set {
	var rest Set
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

// Or returns the union.
func (s Set) Or(o Set) Set { return s.Not().And(o.Not()).Not() }

func (s Set) Has(r rune) bool { return len(s.And(Set{r, r})) > 0 }

// Class is the set as an expression.
func (s Set) Class() string {
	var b strings.Builder
	ranges := s
	b.WriteString("[")
	if len(s) > 0 && s[0] == 0 && s[len(s)-1] == unicode.MaxRune {
		b.WriteString("^")
		ranges = s.Not()
	}
	for i := 0; i < len(ranges); i += 2 {
		b.WriteString(QuoteRune(ranges[i], ClassSpecial))
		if ranges[i+1] > ranges[i] {
			b.WriteString("-" + QuoteRune(ranges[i+1], ClassSpecial))
		}
	}
	b.WriteString("]")
	if len(ranges) == 0 {
		return `(?s:.)`
	}
	return b.String()
}

// within restricts an atom to the characters in set; nil if none are left.
func (s *Node) within(set Set) *Node {
	both := s.Set.And(set)
	switch {
	case len(both) == 0:
		return nil
	case slices.Equal(both, s.Set):
		return s
	}
	return &Node{Op: Atom, Text: both.Class(), Set: both}
}
