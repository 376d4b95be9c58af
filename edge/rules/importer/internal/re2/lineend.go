package re2

// What other programs do to the ends of lines before their regexes see them. The
// regexes are written so that they find the same in lines as they are.

import (
	"strings"

	"trawl/edge/rules/importer/internal/shape"
)

// LineEnd is what a program does to a line.
type LineEnd struct {
	Strips string // it takes these characters off the end: a class of RE2 syntax; empty: none
	Breaks bool   // then it puts a line break there
	Why    string // a regex can match nothing, or find less, for that
}

var WholeLine = LineEnd{} // grep takes a line as it is

const (
	whyCutFlags = "finds other: flags in the middle of a regex, whose end cannot be fitted to lines as they are"
	whyEdges    = `finds other: \b, \B or ^ at the end of a line, which cannot be fitted to lines as they are`
)

// Apply rewrites t for lines as they are. With l the line that the program sees is
// the text without strips at its end, or that and a line break: there $ holds in
// front of strips.
//
// The error is a *refused if the regex cannot match what the program sees.
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

// edges says whether an assertion about something else than the end can stand
// behind one about the end, or make up a match.
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
	stripped *shape.Node // any number of them
	breaks   bool
}

// atEnd replaces the assertions about the end of a line by those about its end
// without strips. Behind a line break only a break's program has \z.
func (f *lineFitter) atEnd(text string) *shape.Node {
	switch {
	case text == `\z` && f.breaks:
		return nil
	case text == "$" || text == `\z`:
		return shape.Concat(f.stripped, &shape.Node{Op: shape.Assert, Text: "$"})
	}
	return &shape.Node{Op: shape.Assert, Text: text}
}

// kept is the matches whose last character is no strip; all of them if those that
// are left out would be others' longer forms.
func (f *lineFitter) kept(s *shape.Node) *shape.Node {
	if s == nil || f.closed(s) {
		return s.Asserted(f.atEnd)
	}
	kept := s.Lasts(shape.Within(f.strips.Not()), shape.AsIs).Asserted(f.atEnd)
	return shape.Alternate(kept, s.Empty().Asserted(f.atEnd))
}

// within is the matches that end where the program's line does, or before.
func (f *lineFitter) within(s *shape.Node) *shape.Node {
	if f.closed(s) {
		return f.kept(s)
	}
	// Before the end of the program's line anything may come last, if what is no
	// strip follows.
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

// beyond is the matches that take the line break at the end as their last
// character, without it, and the empty one behind it.
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

// behindBreak is what holds behind the line break at the end.
func behindBreak(assertion string) *shape.Node {
	switch assertion {
	case "$", `\z`, `\B`:
		return &shape.Node{Op: shape.Cat}
	}
	return nil
}

// closed says whether each match of s, cut off before the strips at its end, is a
// match too: then it does not matter that there are some in the line.
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
