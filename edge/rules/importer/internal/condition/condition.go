package condition

// Conditions over patterns, and the choice of patterns: no text that satisfies the condition may be
// missed.

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

// Node is a condition, or a part of a condition.
type Node struct {
	Op    Op
	Names []string
	Least int // of Some: the number of names required; 0: unknown
	Subs  []*Node
	More  bool        // the condition also asks for a place or a number
	Why   *re2.Reason // of Other and Not: the subject of the condition
}

// About returns a condition for which no pattern can stand.
func About(text, detail string) *Node {
	return &Node{Op: Other, Why: re2.NewReason(text, detail)}
}

// operands reads conditions joined by an operator: operand reads a condition, and operator skips
// the operator, if present.
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

// Parse reads operands joined by "and" and "or", of which "and" binds more tightly. skip skips a
// word, if present.
func Parse(skip func(word string) bool, operand func() *Node) *Node {
	return operands(Or, func() bool { return skip("or") }, func() *Node {
		return operands(And, func() bool { return skip("and") }, operand)
	})
}

// Usable says how well a pattern can be looked for.
type Usable struct {
	Weight int         // bytes of the shortest text that the pattern needs, as a measure of how rare matches are; at least 1
	Less   bool        // some texts with the pattern are not found
	Why    *re2.Reason // why the pattern cannot be looked for; nil: it can
}

// Needed is the set of patterns that stand for a condition.
type Needed struct {
	Names map[string]bool
	More  bool // texts with a pattern need not satisfy the condition
	Less  bool // texts without any pattern can satisfy the condition

	weight int           // the least weight of the patterns
	Lost   []*re2.Reason // why parts of the condition are not looked for
}

// Widen chooses the patterns to look for. Of parts joined by "and" it takes one that misses no
// texts and, among those, the one with the largest weight.
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
