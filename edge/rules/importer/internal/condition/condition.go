package condition

// Conditions over patterns, and which patterns to look for so that no text that
// satisfies the condition is missed.

import (
	"trawl/edge/rules/importer/internal/re2"
)

type Op int

const (
	Other Op = iota // about something else than the patterns
	Any             // any of names
	Some            // several of names
	And
	Or
	Not
)

// Node is a node of one.
type Node struct {
	Op    Op
	Names []string
	Least int // of Some: how many of names, if that is known
	Subs  []*Node
	More  bool        // the Node asks for more than that the names occur: a place, a number
	Why   *re2.Reason // of Other and Not: what the Node is about
}

// About is a condition that no pattern can stand for.
func About(text, detail string) *Node {
	return &Node{Op: Other, Why: re2.NewReason(text, detail)}
}

// operands reads conditions with an operator between them: operand reads one, and operator
// steps over the operator, if it is there.
func operands(op Op, operator func() bool, operand func() *Node) *Node {
	subs := []*Node{operand()}
	for operator() {
		subs = append(subs, operand())
	}
	if len(subs) == 1 {
		return subs[0]
	}
	return &Node{Op: op, Subs: subs}
}

// Parse reads a condition of operands with and and or between them, of which and binds
// more tightly. skip steps over a word, if it is there.
func Parse(skip func(word string) bool, operand func() *Node) *Node {
	return operands(Or, func() bool { return skip("or") }, func() *Node {
		return operands(And, func() bool { return skip("and") }, operand)
	})
}

// Usable says how well a pattern can be looked for.
type Usable struct {
	Weight int         // how much it tells: bytes of the shortest text it needs; at least 1
	Less   bool        // some texts with the pattern are not found
	Why    *re2.Reason // if it cannot be looked for at all
}

// Needed are the patterns that stand for a condition.
type Needed struct {
	Names map[string]bool
	More  bool // texts with one of them need not satisfy the condition
	Less  bool // texts without any of them can

	weight int           // of the one that tells least
	Lost   []*re2.Reason // why parts of the condition are not looked for
}

// Widen finds the patterns to look for. Of parts that must all hold it takes one that
// can be looked for without missing texts and, of those, the one that tells most.
func (c *Node) Widen(rate func(name string) Usable) Needed {
	n := Needed{Names: map[string]bool{}, More: c.More}
	switch c.Op {
	case Any, Some:
		unusable := 0
		for _, name := range c.Names {
			u := rate(name)
			if u.Why != nil {
				unusable++
				n.Lost = append(n.Lost, u.Why)
				continue
			}
			n.Less = n.Less || u.Less
			n.weigh(u.Weight)
			n.Names[name] = true
		}
		n.Less = n.Less || unusable >= max(1, c.Least)
		n.More = n.More || c.Op == Some && len(c.Names) > 1
	case Or:
		for _, sub := range c.Subs {
			part := sub.Widen(rate)
			n.Less = n.Less || part.Less || len(part.Names) == 0
			n.More = n.More || part.More
			n.Lost = append(n.Lost, part.Lost...)
			if len(part.Names) > 0 {
				n.weigh(part.weight)
			}
			for name := range part.Names {
				n.Names[name] = true
			}
		}
	case And:
		var best *Needed
		var lost []*re2.Reason
		for _, sub := range c.Subs {
			part := sub.Widen(rate)
			lost = append(lost, part.Lost...)
			if len(part.Names) > 0 && (best == nil || part.betterThan(best)) {
				best = &part
			}
		}
		if best == nil {
			n.Lost = lost
			break
		}
		best.More = best.More || c.More || len(c.Subs) > 1
		n = *best
	default:
		if c.Why != nil {
			n.Lost = append(n.Lost, c.Why)
		}
	}
	return n
}

func (n *Needed) weigh(weight int) {
	if n.weight == 0 || weight < n.weight {
		n.weight = weight
	}
}

func (n *Needed) betterThan(other *Needed) bool {
	if n.Less != other.Less {
		return other.Less
	}
	return n.weight > other.weight
}
