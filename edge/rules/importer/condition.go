// Conditions over patterns, and which patterns to look for so that no text that
// satisfies the condition is missed.

package importer

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

type conditionOp int

const (
	condOther conditionOp = iota // about something else than the patterns
	condAny                      // any of names
	condSome                     // several of names
	condAnd
	condOr
	condNot
)

// condition is a node of one.
type condition struct {
	op    conditionOp
	names []string
	least int // of condSome: how many of names, if that is known
	subs  []*condition
	more  bool    // the condition asks for more than that the names occur: a place, a number
	why   *reason // of condOther and condNot: what the condition is about
}

// about is a condition that no pattern can stand for.
func about(text, detail string) *condition {
	return &condition{op: condOther, why: &reason{text, detail}}
}

// usable says how well a pattern can be looked for.
type usable struct {
	weight int     // how much it tells: bytes of the shortest text it needs; at least 1
	less   bool    // some texts with the pattern are not found
	why    *reason // if it cannot be looked for at all
}

// needed are the patterns that stand for a condition.
type needed struct {
	names map[string]bool
	more  bool // texts with one of them need not satisfy the condition
	less  bool // texts without any of them can

	weight int       // of the one that tells least
	lost   []*reason // why parts of the condition are not looked for
}

// widen finds the patterns to look for. Of parts that must all hold it takes one that
// can be looked for without missing texts and, of those, the one that tells most.
func (c *condition) widen(rate func(name string) usable) needed {
	n := needed{names: map[string]bool{}, more: c.more}
	switch c.op {
	case condAny, condSome:
		unusable := 0
		for _, name := range c.names {
			u := rate(name)
			if u.why != nil {
				unusable++
				n.lost = append(n.lost, u.why)
				continue
			}
			n.less = n.less || u.less
			n.weigh(u.weight)
			n.names[name] = true
		}
		n.less = n.less || unusable >= max(1, c.least)
		n.more = n.more || c.op == condSome && len(c.names) > 1
	case condOr:
		for _, sub := range c.subs {
			part := sub.widen(rate)
			n.less = n.less || part.less || len(part.names) == 0
			n.more = n.more || part.more
			n.lost = append(n.lost, part.lost...)
			if len(part.names) > 0 {
				n.weigh(part.weight)
			}
			for name := range part.names {
				n.names[name] = true
			}
		}
	case condAnd:
		var best *needed
		var lost []*reason
		for _, sub := range c.subs {
			part := sub.widen(rate)
			lost = append(lost, part.lost...)
			if len(part.names) > 0 && (best == nil || part.betterThan(best)) {
				best = &part
			}
		}
		if best == nil {
			n.lost = lost
			break
		}
		best.more = best.more || c.more || len(c.subs) > 1
		n = *best
	default:
		if c.why != nil {
			n.lost = append(n.lost, c.why)
		}
	}
	return n
}

func (n *needed) weigh(weight int) {
	if n.weight == 0 || weight < n.weight {
		n.weight = weight
	}
}

func (n *needed) betterThan(other *needed) bool {
	if n.less != other.less {
		return other.less
	}
	return n.weight > other.weight
}

// weightOf is how much the rules that stand for a pattern tell: the bytes that a text
// must have at least for one of them.
func weightOf(list []Rule) int {
	least := 0
	for i := range list {
		weight := 1
		if r := &list[i]; r.Regex != "" {
			if tree, err := syntax.Parse(r.Regex, syntax.Perl); err == nil {
				weight = max(1, longestText(tree))
			}
		} else {
			weight = len(slices.MinFunc(r.Literals, func(a, b []byte) int { return len(a) - len(b) }))
			if r.Whole {
				weight = 1 // numbers tell little
			}
		}
		if least == 0 || weight < least {
			least = weight
		}
	}
	return least
}

// longestText is the length in bytes of the longest text that is in every match of re,
// as far as that is plain to see.
func longestText(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		n := 0
		for _, r := range re.Rune {
			n += utf8.RuneLen(r)
		}
		return n
	case syntax.OpCapture, syntax.OpPlus:
		return longestText(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return longestText(re.Sub[0])
		}
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n = max(n, longestText(sub))
		}
		return n
	case syntax.OpAlternate:
		n := -1
		for _, sub := range re.Sub {
			if s := longestText(sub); n < 0 || s < n {
				n = s
			}
		}
		return n
	}
	return 0
}

// trial is what write makes of a pattern, without changing e. Nothing made has a reason.
func (e *entry) trial(write func(*entry)) usable {
	t := &entry{finding: finding{file: e.file, line: e.line}, job: e.job, base: e.base}
	write(t)
	if t.status != skipped {
		t.check()
	}
	switch {
	case t.status == skipped:
		return usable{why: &t.reasons[0]}
	case len(t.made) == 0:
		return usable{why: &reason{"has nothing to look for", ""}}
	}
	less := slices.ContainsFunc(t.reasons, func(r reason) bool { return r.less() })
	return usable{weight: max(1, weightOf(t.made)), less: less}
}
