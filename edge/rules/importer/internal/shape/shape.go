package shape

// Trees of expressions written by package re2: their parts, and what they can begin and end with.

import (
	"slices"
	"strings"
)

func Within(set Set) func(atom *Node) *Node {
	return func(atom *Node) *Node { return atom.within(set) }
}

func AsIs(text string) *Node { return &Node{Op: Assert, Text: text} }

type Op int

const (
	Atom   Op = iota // a character, a class or a dot
	Assert           // ^ $ \A \z \b \B
	Cat              // Subs in sequence; none: the empty text
	Alt              // any of subs
	Group            // subs[0] in parentheses
	Repeat           // subs[0] low to high times
)

// Node is a node of the tree. A nil node matches no text.
type Node struct {
	Op        Op
	Text      string // an atom or assertion; a group's opening, with flags; a quantifier
	Subs      []*Node
	Low, High int // of a repetition; high -1: no limit
	Set       Set // of an atom
}

// String is the expression.
func (s *Node) String() string {
	var b strings.Builder
	s.write(&b)
	return b.String()
}

func (s *Node) write(b *strings.Builder) {
	switch s.Op {
	case Atom, Assert:
		b.WriteString(s.Text)
	case Cat:
		for _, sub := range s.Subs {
			if sub.Op == Alt {
				b.WriteString("(?:")
				sub.write(b)
				b.WriteString(")")
				continue
			}
			sub.write(b)
		}
	case Alt:
		for i, sub := range s.Subs {
			if i > 0 {
				b.WriteString("|")
			}
			sub.write(b)
		}
	case Group:
		b.WriteString(s.Text)
		s.Subs[0].write(b)
		b.WriteString(")")
	case Repeat:
		s.Subs[0].write(b)
		b.WriteString(s.Text)
	}
}

// Concat returns the parts in sequence; nil if a part is nil.
func Concat(parts ...*Node) *Node {
	c := &Node{Op: Cat}
	for _, part := range parts {
		switch {
		case part == nil:
			return nil
		case part.Op == Cat:
			c.Subs = append(c.Subs, part.Subs...)
		default:
			c.Subs = append(c.Subs, part)
		}
	}
	return c
}

// Alternate returns any of the alternatives that are not nil, with a common beginning factored out;
// nil if all are.
func Alternate(alternatives ...*Node) *Node {
	var list []*Node
	seen := map[string]bool{}
	for _, a := range alternatives {
		if a == nil {
			continue
		}
		subs := []*Node{a}
		if a.Op == Alt {
			subs = a.Subs
		}
		for _, sub := range subs {
			if text := sub.String(); !seen[text] {
				seen[text] = true
				list = append(list, Concat(sub))
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
		if slices.ContainsFunc(list, func(c *Node) bool {
			return len(c.Subs) <= same || c.Subs[same].String() != list[0].Subs[same].String()
		}) {
			break
		}
	}
	head := slices.Clone(list[0].Subs[:same])
	for _, c := range list {
		c.Subs = c.Subs[same:]
	}
	return Concat(append(head, &Node{Op: Alt, Subs: list})...)
}

// BeginsWith reports whether s is o, possibly with something behind.
func (s *Node) BeginsWith(o *Node) bool {
	a, b := Concat(s).Subs, Concat(o).Subs
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

// GroupOf returns content in the group of s.
func (s *Node) GroupOf(content *Node) *Node {
	if content == nil {
		return nil
	}
	return &Node{Op: Group, Text: s.Text, Subs: []*Node{content}}
}

// repeatOf returns the operand of s, low to high times; nil if impossible.
func (s *Node) repeatOf(low, high int) *Node {
	switch {
	case high == 0:
		return &Node{Op: Cat}
	case low == 1 && high == 1:
		return s.Subs[0]
	}
	text := Quantifier(max(low, 0), high)
	if strings.HasSuffix(s.Text, "?") && len(s.Text) > 1 {
		text += "?"
	}
	return &Node{Op: Repeat, Text: text, Low: max(low, 0), High: high, Subs: s.Subs}
}

// Empty returns the assertions under which s matches the empty text; nil if s cannot.
func (s *Node) Empty() *Node {
	switch s.Op {
	case Atom:
		return nil
	case Assert:
		return s
	case Repeat:
		if s.Low == 0 {
			return &Node{Op: Cat}
		}
		return s.Subs[0].Empty()
	case Group:
		return s.GroupOf(s.Subs[0].Empty())
	}
	return s.Each(func(sub *Node) *Node { return sub.Empty() })
}

// Each returns s with its parts replaced.
func (s *Node) Each(replace func(sub *Node) *Node) *Node {
	if s == nil {
		return nil
	}
	parts := make([]*Node, len(s.Subs))
	for i, sub := range s.Subs {
		parts[i] = replace(sub)
	}
	switch s.Op {
	case Cat:
		return Concat(parts...)
	case Alt:
		parts = slices.DeleteFunc(parts, func(part *Node) bool { return part == nil })
		if len(parts) == 0 {
			return nil
		}
		return &Node{Op: Alt, Subs: parts}
	case Group:
		return s.GroupOf(parts[0])
	case Repeat:
		if parts[0] == nil {
			if s.Low == 0 {
				return &Node{Op: Cat}
			}
			return nil
		}
		r := *s
		r.Subs = parts
		return &r
	}
	return s
}

// Asserted returns s with its assertions replaced; nil stands for an assertion that cannot hold.
func (s *Node) Asserted(replace func(text string) *Node) *Node {
	switch {
	case s == nil:
		return nil
	case s.Op == Assert:
		return replace(s.Text)
	}
	return s.Each(func(sub *Node) *Node { return sub.Asserted(replace) })
}

// Lasts returns the matches of s that are not empty, with the last character replaced by last,
// where nil stands for none. beyond replaces assertions behind the last character.
func (s *Node) Lasts(last func(atom *Node) *Node, beyond func(text string) *Node) *Node {
	return s.ends(false, last, beyond)
}

// Firsts is lasts for the first characters.
func (s *Node) Firsts(first func(atom *Node) *Node) *Node { return s.ends(true, first, AsIs) }

// isLazy reports whether s ends in a part that may be repeated and takes as little as it can.
func (s *Node) isLazy() bool {
	switch s.Op {
	case Repeat:
		return len(s.Text) > 1 && s.Text[len(s.Text)-1] == '?' || s.Subs[0].isLazy()
	case Cat:
		return len(s.Subs) > 0 && s.Subs[len(s.Subs)-1].isLazy()
	case Group, Alt:
		return slices.ContainsFunc(s.Subs, (*Node).isLazy)
	}
	return false
}

// isGreedy reports whether s repeats something and takes as much as it can.
func (s *Node) isGreedy() bool {
	var repeats func(s *Node) bool
	repeats = func(s *Node) bool {
		return s.Op == Repeat && s.Low != s.High || slices.ContainsFunc(s.Subs, repeats)
	}
	return repeats(s) && !s.isLazy()
}

// ends is firsts, with front set, or lasts.
func (s *Node) ends(front bool, end func(atom *Node) *Node, beyond func(text string) *Node) *Node {
	inner := func(sub *Node) *Node { return sub.ends(front, end, beyond) }
	join := func(parts ...*Node) *Node {
		if front {
			slices.Reverse(parts)
		}
		return Concat(parts...)
	}
	switch s.Op {
	case Atom:
		return end(s)
	case Group:
		return s.GroupOf(inner(s.Subs[0]))
	case Alt:
		return s.Each(inner)
	case Repeat:
		one := inner(s.Subs[0])
		if one == nil {
			return nil
		}
		high := s.High
		if high > 0 {
			high--
		}
		return join(s.repeatOf(s.Low-1, high), one)
	case Cat:
		var alternatives []*Node
		outside := &Node{Op: Cat}
		for n := range s.Subs {
			i, rest := n, s.Subs[n+1:]
			if !front {
				i = len(s.Subs) - 1 - n
				rest = s.Subs[:i]
			}
			if one := inner(s.Subs[i]); one != nil {
				next := join(Concat(rest...), one, outside)
				if front || !s.Subs[i].isGreedy() {
					alternatives = append(alternatives, next)
				} else { // a greedy part takes the last character rather than leave it to those behind
					alternatives = slices.Insert(alternatives, 0, next)
				}
			}
			empty := s.Subs[i].Empty().Asserted(beyond)
			if outside = join(empty, outside); outside == nil {
				break
			}
		}
		return Alternate(alternatives...)
	}
	return nil
}
