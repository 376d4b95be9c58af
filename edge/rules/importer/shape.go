// The structure of an expression that this package wrote: what stands where in it,
// and what it can begin and end with.

package importer

import (
	"slices"
	"strings"
)

type shapeOp int

const (
	shapeAtom   shapeOp = iota // one character: itself, a class or a dot
	shapeAssert                // ^ $ \A \z \b \B
	shapeCat                   // subs one after the other; none of them: the empty text
	shapeAlt                   // any of subs
	shapeGroup                 // subs[0] in parentheses
	shapeRepeat                // subs[0] low to high times
)

// shape is a node of an expression. A nil one matches no text at all.
type shape struct {
	op        shapeOp
	text      string // an atom or assertion; a group's opening, with flags; a quantifier
	subs      []*shape
	low, high int     // of a repetition; high -1: no limit
	set       runeSet // of an atom
}

// String is the expression.
func (s *shape) String() string {
	var b strings.Builder
	s.write(&b)
	return b.String()
}

func (s *shape) write(b *strings.Builder) {
	switch s.op {
	case shapeAtom, shapeAssert:
		b.WriteString(s.text)
	case shapeCat:
		for _, sub := range s.subs {
			if sub.op == shapeAlt {
				b.WriteString("(?:")
				sub.write(b)
				b.WriteString(")")
				continue
			}
			sub.write(b)
		}
	case shapeAlt:
		for i, sub := range s.subs {
			if i > 0 {
				b.WriteString("|")
			}
			sub.write(b)
		}
	case shapeGroup:
		b.WriteString(s.text)
		s.subs[0].write(b)
		b.WriteString(")")
	case shapeRepeat:
		s.subs[0].write(b)
		b.WriteString(s.text)
	}
}

// catOf is the parts one after the other; nil if one of them is.
func catOf(parts ...*shape) *shape {
	c := &shape{op: shapeCat}
	for _, part := range parts {
		switch {
		case part == nil:
			return nil
		case part.op == shapeCat:
			c.subs = append(c.subs, part.subs...)
		default:
			c.subs = append(c.subs, part)
		}
	}
	return c
}

// altOf is any of the alternatives that are not nil, with what all begin with
// written once; nil if all are.
func altOf(alternatives ...*shape) *shape {
	var list []*shape
	seen := map[string]bool{}
	for _, a := range alternatives {
		if a == nil {
			continue
		}
		subs := []*shape{a}
		if a.op == shapeAlt {
			subs = a.subs
		}
		for _, sub := range subs {
			if text := sub.String(); !seen[text] {
				seen[text] = true
				list = append(list, catOf(sub))
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	if len(list) == 1 {
		return list[0]
	}
	same := 0
	for ; ; same++ {
		if slices.ContainsFunc(list, func(c *shape) bool {
			return len(c.subs) <= same || c.subs[same].String() != list[0].subs[same].String()
		}) {
			break
		}
	}
	head := slices.Clone(list[0].subs[:same])
	for _, c := range list {
		c.subs = c.subs[same:]
	}
	return catOf(append(head, &shape{op: shapeAlt, subs: list})...)
}

// beginsWith says whether s is o with something behind it, or nothing.
func (s *shape) beginsWith(o *shape) bool {
	a, b := catOf(s).subs, catOf(o).subs
	if len(a) < len(b) {
		return false
	}
	for i := range b {
		if a[i].String() != b[i].String() {
			return false
		}
	}
	return true
}

// groupOf is content as the group that s is.
func (s *shape) groupOf(content *shape) *shape {
	if content == nil {
		return nil
	}
	return &shape{op: shapeGroup, text: s.text, subs: []*shape{content}}
}

// repeatOf is what s repeats, low to high times; nil if that cannot be.
func (s *shape) repeatOf(low, high int) *shape {
	switch {
	case high == 0:
		return &shape{op: shapeCat}
	case low == 1 && high == 1:
		return s.subs[0]
	}
	text := repeat(max(low, 0), high)
	if strings.HasSuffix(s.text, "?") && len(s.text) > 1 {
		text += "?"
	}
	return &shape{op: shapeRepeat, text: text, low: max(low, 0), high: high, subs: s.subs}
}

// empty is what s asks for where it matches the empty text: its assertions; nil if
// it cannot.
func (s *shape) empty() *shape {
	switch s.op {
	case shapeAtom:
		return nil
	case shapeAssert:
		return s
	case shapeRepeat:
		if s.low == 0 {
			return &shape{op: shapeCat}
		}
		return s.subs[0].empty()
	case shapeGroup:
		return s.groupOf(s.subs[0].empty())
	}
	return s.each(func(sub *shape) *shape { return sub.empty() })
}

// each is s with its parts replaced.
func (s *shape) each(replace func(sub *shape) *shape) *shape {
	if s == nil {
		return nil
	}
	parts := make([]*shape, len(s.subs))
	for i, sub := range s.subs {
		parts[i] = replace(sub)
	}
	switch s.op {
	case shapeCat:
		return catOf(parts...)
	case shapeAlt:
		parts = slices.DeleteFunc(parts, func(part *shape) bool { return part == nil })
		if len(parts) == 0 {
			return nil
		}
		return &shape{op: shapeAlt, subs: parts}
	case shapeGroup:
		return s.groupOf(parts[0])
	case shapeRepeat:
		if parts[0] == nil {
			if s.low == 0 {
				return &shape{op: shapeCat}
			}
			return nil
		}
		r := *s
		r.subs = parts
		return &r
	}
	return s
}

// asserted is s with its assertions replaced: nil where one cannot hold.
func (s *shape) asserted(replace func(text string) *shape) *shape {
	switch {
	case s == nil:
		return nil
	case s.op == shapeAssert:
		return replace(s.text)
	}
	return s.each(func(sub *shape) *shape { return sub.asserted(replace) })
}

// lasts is the matches of s that are not empty, each with its last character
// replaced as last says; nil for none. beyond replaces assertions behind it.
func (s *shape) lasts(last func(atom *shape) *shape, beyond func(text string) *shape) *shape {
	return s.ends(false, last, beyond)
}

// firsts is lasts for the first characters.
func (s *shape) firsts(first func(atom *shape) *shape) *shape { return s.ends(true, first, asIs) }

// ends is firsts, with front set, or lasts.
func (s *shape) ends(front bool, end func(atom *shape) *shape, beyond func(text string) *shape) *shape {
	inner := func(sub *shape) *shape { return sub.ends(front, end, beyond) }
	join := func(parts ...*shape) *shape {
		if front {
			slices.Reverse(parts)
		}
		return catOf(parts...)
	}
	switch s.op {
	case shapeAtom:
		return end(s)
	case shapeGroup:
		return s.groupOf(inner(s.subs[0]))
	case shapeAlt:
		return s.each(inner)
	case shapeRepeat:
		one := inner(s.subs[0])
		if one == nil {
			return nil
		}
		high := s.high
		if high > 0 {
			high--
		}
		return join(s.repeatOf(s.low-1, high), one)
	case shapeCat:
		var alternatives []*shape
		outside := &shape{op: shapeCat}
		for n := range s.subs {
			i, rest := n, s.subs[n+1:]
			if !front {
				i = len(s.subs) - 1 - n
				rest = s.subs[:i]
			}
			if one := inner(s.subs[i]); one != nil {
				alternatives = append(alternatives, join(catOf(rest...), one, outside))
			}
			empty := s.subs[i].empty().asserted(beyond)
			if outside = join(empty, outside); outside == nil {
				break
			}
		}
		return altOf(alternatives...)
	}
	return nil
}
