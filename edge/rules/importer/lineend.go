// What other programs do to the ends of lines before their regexes see them. The
// regexes are written so that they find the same in lines as they are.

package importer

import "strings"

// lineEnd is what a program does to a line.
type lineEnd struct {
	strips string // it takes these characters off the end: a class of RE2 syntax; empty: none
	breaks bool   // then it puts a line break there
	why    string // a regex can match nothing, or find less, for that
}

var (
	wholeLine = lineEnd{} // grep takes a line as it is

	logcheckLine = lineEnd{
		strips: `[\s\v]`,
		why:    "never matches in logcheck, which takes blanks off the ends of lines first",
	}
	fail2banLine = lineEnd{
		strips: `[\r\n]`, breaks: true,
		why: `never matches in fail2ban, whose lines end in one line break`,
	}
)

const whySpamBreak = "never matches in SpamAssassin, whose texts end in one line break"

// spamLine is a paragraph of a body, spamHeaderLine a header.
var (
	spamLine       = lineEnd{strips: `\n`, breaks: true, why: whySpamBreak}
	spamHeaderLine = lineEnd{strips: `[\s\v]`, breaks: true, why: whySpamBreak}
)

const (
	whyCutFlags = "finds other: flags in the middle of a regex, whose end cannot be fitted to lines as they are"
	whyEdges    = `finds other: \b, \B or ^ at the end of a line, which cannot be fitted to lines as they are`
)

// apply rewrites t for lines as they are. With l the line that the program sees is
// the text without strips at its end, or that and a line break: there $ holds in
// front of strips.
//
// The error is a *refused if the regex cannot match what the program sees.
func (l *lineEnd) apply(t translation) (translation, error) {
	if l.strips == "" {
		return t, nil
	}
	s, ok := parseShape(t.expr)
	if !ok {
		t.partly = append(t.partly, reason{whyCutFlags, ""})
		return t, nil
	}
	if s.edges() || l.breaks && strings.Contains(t.expr, `\B`) {
		t.partly = append(t.partly, reason{whyEdges, ""})
	}
	strips, _ := setOf(l.strips, "")
	f := lineFitter{strips: strips, breaks: l.breaks}
	f.stripped = &shape{op: shapeRepeat, text: "*", high: -1, subs: []*shape{{op: shapeAtom, text: l.strips, set: strips}}}
	fitted, beyond := f.within(s), f.beyond(s)
	if fitted == nil || beyond != nil && !beyond.beginsWith(fitted) {
		fitted = altOf(fitted, beyond)
	}
	if fitted == nil {
		return t, refuse(l.why, "")
	}
	expr := fitted.String()
	switch {
	case expr == s.String():
		return t, nil // the end does not matter
	case len(expr) > 2*maxRegex:
		return t, refuse("regex is too long", "")
	}
	t.expr = expr
	t.carets, t.dollars, t.bars = nil, nil, nil
	return t, nil
}

// edges says whether an assertion about something else than the end can stand
// behind one about the end, or make up a match.
func (s *shape) edges() bool {
	end, edges := false, false
	s.asserted(func(text string) *shape {
		isEnd := text == "$" || text == `\z`
		edges = edges || end && !isEnd
		end = end || isEnd
		return s
	})
	s.empty().asserted(func(text string) *shape {
		edges = edges || text == `\b` || text == `\B`
		return s
	})
	return edges
}

type lineFitter struct {
	strips   runeSet
	stripped *shape // any number of them
	breaks   bool
}

// atEnd replaces the assertions about the end of a line by those about its end
// without strips. Behind a line break only a break's program has \z.
func (f *lineFitter) atEnd(text string) *shape {
	switch {
	case text == `\z` && f.breaks:
		return nil
	case text == "$" || text == `\z`:
		return catOf(f.stripped, &shape{op: shapeAssert, text: "$"})
	}
	return &shape{op: shapeAssert, text: text}
}

// kept is the matches whose last character is no strip; all of them if those that
// are left out would be others' longer forms.
func (f *lineFitter) kept(s *shape) *shape {
	if s == nil || f.closed(s) {
		return s.asserted(f.atEnd)
	}
	kept := s.lasts(in(f.strips.not()), asIs).asserted(f.atEnd)
	return altOf(kept, s.empty().asserted(f.atEnd))
}

func in(set runeSet) func(atom *shape) *shape {
	return func(atom *shape) *shape { return atom.within(set) }
}

func asIs(text string) *shape { return &shape{op: shapeAssert, text: text} }

// within is the matches that end where the program's line does, or before.
func (f *lineFitter) within(s *shape) *shape {
	if f.closed(s) {
		return f.kept(s)
	}
	// Before the end of the program's line anything may come last, if what is no
	// strip follows.
	before := s.asserted(func(text string) *shape {
		if text == "$" || text == `\z` {
			return nil
		}
		return asIs(text)
	})
	if before != nil {
		if before = before.lasts(in(f.strips), asIs); before != nil {
			others := f.strips.not()
			before = catOf(before, f.stripped, &shape{op: shapeAtom, text: others.class(), set: others})
		}
	}
	return altOf(f.kept(s), before)
}

// beyond is the matches that take the line break at the end as their last
// character, without it, and the empty one behind it.
func (f *lineFitter) beyond(s *shape) *shape {
	if !f.breaks {
		return nil
	}
	taken := s.lasts(func(atom *shape) *shape {
		if !atom.set.has('\n') {
			return nil
		}
		return &shape{op: shapeCat}
	}, behindBreak)
	if taken = f.kept(taken); taken != nil {
		taken = catOf(taken, f.stripped, &shape{op: shapeAssert, text: "$"})
	}
	return altOf(taken, s.empty().asserted(behindBreak))
}

// behindBreak is what holds behind the line break at the end.
func behindBreak(assertion string) *shape {
	switch assertion {
	case "$", `\z`, `\B`:
		return &shape{op: shapeCat}
	}
	return nil
}

// closed says whether each match of s, cut off before the strips at its end, is a
// match too: then it does not matter that there are some in the line.
func (f *lineFitter) closed(s *shape) bool {
	switch s.op {
	case shapeAtom:
		return len(s.set.and(f.strips)) == 0
	case shapeGroup:
		return f.closed(s.subs[0])
	case shapeAlt:
		for _, sub := range s.subs {
			if !f.closed(sub) {
				return false
			}
		}
		return true
	case shapeRepeat:
		return s.low > 0 && f.closed(s.subs[0])
	case shapeCat:
		for i := len(s.subs) - 1; i >= 0; i-- {
			sub := s.subs[i]
			if sub.op == shapeAssert {
				continue
			}
			if sub.op == shapeRepeat && sub.low == 0 {
				if of := sub.subs[0]; of.op == shapeAtom || of.empty() == nil && f.closed(of) {
					continue
				}
			}
			return sub.empty() == nil && f.closed(sub)
		}
	}
	return false
}
