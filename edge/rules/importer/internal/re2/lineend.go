package re2

// Changes of programs to the ends of lines before matching, and regexes rewritten to find the same
// in unchanged lines.

import (
	"strings"

	"trawl/edge/rules/importer/internal/shape"
)

// LineEnd describes the changes of a program to a line.
type LineEnd struct {
	Strips string // characters stripped off the end, as a class of RE2 syntax; empty: none
	Breaks bool   // a line break is appended afterwards
	Why    string // reason to refuse a regex that cannot match in the program
}

var WholeLine = LineEnd{} // unchanged, as in grep

const (
	whyCutFlags = "finds other: flags in the middle of a regex, whose end cannot be fitted to lines as they are"
	whyEdges    = `finds other: \b, \B or ^ at the end of a line, which cannot be fitted to lines as they are`
)

// Apply rewrites t for unchanged lines. The program sees the text without l.Strips at the end,
// followed by a line break if l.Breaks is set. In an unchanged line, $ therefore also holds before
// the characters to be stripped.
//
// The error is a *Refused if the regex cannot match in the program.
func (l *LineEnd) Apply(t Translation) (Translation, error) {
	if l.Strips == "" {
		return t, nil
	}
	s, ok := shape.Parse(t.Expr)
	if !ok {
		t.InPart = append(t.InPart, Because(whyCutFlags, ""))
		return t, nil
	}
	if edges(s) || l.Breaks && strings.Contains(t.Expr, `\B`) {
		t.InPart = append(t.InPart, Because(whyEdges, ""))
	}
	strips, _ := shape.SetOf(l.Strips, "")
	f := lineFitter{strips: strips, breaks: l.Breaks}
	f.stripped = &shape.Node{Op: shape.Repeat, Text: "*", High: -1, Subs: []*shape.Node{{Op: shape.Atom, Text: l.Strips, Set: strips}}}
	fitted, beyond := f.within(s), f.beyond(s)
	if fitted == nil || beyond != nil && !beyond.BeginsWith(fitted) {
		fitted = shape.Alternate(fitted, beyond)
	}
	if fitted == nil {
		return t, Refuse(l.Why, "")
	}
	expr := fitted.String()
	switch {
	case expr == s.String():
		return t, nil // the end does not matter
	case len(expr) > 2*MaxRegex:
		return t, Refuse("regex is too long", "")
	}
	t.Expr = expr
	t.Carets, t.Dollars, t.Bars = nil, nil, nil
	return t, nil
}

// edges reports whether an assertion about the end can be followed by a different assertion, or \b
// or \B alone can make up a match.
func edges(s *shape.Node) bool {
	end, others := false, false
	s.Asserted(func(text string) *shape.Node {
		isEnd := text == "$" || text == `\z`
		others = others || end && !isEnd
		end = end || isEnd
		return s
	})
	s.Empty().Asserted(func(text string) *shape.Node {
		others = others || text == `\b` || text == `\B`
		return s
	})
	return others
}

type lineFitter struct {
	strips   shape.Set
	stripped *shape.Node // any number of characters of strips
	breaks   bool
}

// atEnd translates an assertion about the end of the program's line. In an unchanged line the end
// is before the characters to be stripped. With a line break appended, \z holds only behind the
// line break and is left to beyond.
func (f *lineFitter) atEnd(text string) *shape.Node {
	switch {
	case text == `\z` && f.breaks:
		return nil
	case text == "$" || text == `\z`:
		return shape.Concat(f.stripped, &shape.Node{Op: shape.Assert, Text: "$"})
	}
	return &shape.Node{Op: shape.Assert, Text: text}
}

// kept returns the matches that do not end in a stripped character. For a closed s it returns all
// matches.
func (f *lineFitter) kept(s *shape.Node) *shape.Node {
	if s == nil || f.closed(s) {
		return s.Asserted(f.atEnd)
	}
	kept := s.Lasts(shape.Within(f.strips.Not()), shape.AsIs).Asserted(f.atEnd)
	return shape.Alternate(kept, s.Empty().Asserted(f.atEnd))
}

// within returns the matches that end before or at the end of the program's line, without its line
// break.
func (f *lineFitter) within(s *shape.Node) *shape.Node {
	if f.closed(s) {
		return f.kept(s)
	}
	// A match may end in characters of strips if a different character follows in the line.
	before := s.Asserted(func(text string) *shape.Node {
		if text == "$" || text == `\z` {
			return nil
		}
		return shape.AsIs(text)
	})
	if before != nil {
		if before = before.Lasts(shape.Within(f.strips), shape.AsIs); before != nil {
			others := f.strips.Not()
			before = shape.Concat(before, f.stripped, &shape.Node{Op: shape.Atom, Text: others.Class(), Set: others})
		}
	}
	return shape.Alternate(f.kept(s), before)
}

// beyond returns the matches that end in the appended line break, without the line break, and the
// empty match behind the line break.
func (f *lineFitter) beyond(s *shape.Node) *shape.Node {
	if !f.breaks {
		return nil
	}
	taken := s.Lasts(func(atom *shape.Node) *shape.Node {
		if !atom.Set.Has('\n') {
			return nil
		}
		return &shape.Node{Op: shape.Cat}
	}, behindBreak)
	if taken = f.kept(taken); taken != nil {
		taken = shape.Concat(taken, f.stripped, &shape.Node{Op: shape.Assert, Text: "$"})
	}
	return shape.Alternate(taken, s.Empty().Asserted(behindBreak))
}

// behindBreak translates an assertion for the place behind the appended line break.
func behindBreak(assertion string) *shape.Node {
	switch assertion {
	case "$", `\z`, `\B`:
		return &shape.Node{Op: shape.Cat}
	}
	return nil
}

// closed reports whether each match of s remains a match if cut off before the strips at the end.
// Strips in the line then make no difference.
func (f *lineFitter) closed(s *shape.Node) bool {
	switch s.Op {
	case shape.Atom:
		return len(s.Set.And(f.strips)) == 0
	case shape.Group:
		return f.closed(s.Subs[0])
	case shape.Alt:
		for _, sub := range s.Subs {
			if !f.closed(sub) {
				return false
			}
		}
		return true
	case shape.Repeat:
		return s.Low > 0 && f.closed(s.Subs[0])
	case shape.Cat:
		for i := len(s.Subs) - 1; i >= 0; i-- {
			sub := s.Subs[i]
			if sub.Op == shape.Assert {
				continue
			}
			if sub.Op == shape.Repeat && sub.Low == 0 {
				if of := sub.Subs[0]; of.Op == shape.Atom || of.Empty() == nil && f.closed(of) {
					continue
				}
			}
			return sub.Empty() == nil && f.closed(sub)
		}
	}
	return false
}
