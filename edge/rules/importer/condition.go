// Conditions over patterns, and which patterns to look for so that no text that
// satisfies the condition is missed.

package importer

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
	subs  []*condition
	more  bool // the condition asks for more than that the names occur: a place, a number
}

// needed are the patterns that stand for a condition.
type needed struct {
	names map[string]bool
	more  bool // texts with one of them need not satisfy the condition
	less  bool // texts without any of them can
}

// widen finds the patterns to look for. Of parts that must all hold it takes the
// one whose shortest pattern is longest, by size.
func (c *condition) widen(size func(name string) int) needed {
	n := needed{names: map[string]bool{}, more: c.more}
	switch c.op {
	case condAny, condSome:
		for _, name := range c.names {
			n.names[name] = true
		}
		n.more = n.more || c.op == condSome && len(c.names) > 1
	case condOr:
		for _, sub := range c.subs {
			part := sub.widen(size)
			n.less = n.less || part.less || len(part.names) == 0
			n.more = n.more || part.more
			for name := range part.names {
				n.names[name] = true
			}
		}
	case condAnd:
		best := -1
		for _, sub := range c.subs {
			part := sub.widen(size)
			if shortest := part.shortest(size); len(part.names) > 0 && shortest > best {
				best, n = shortest, part
			}
		}
		n.more = n.more || len(c.subs) > 1
	}
	return n
}

func (n needed) shortest(size func(string) int) int {
	shortest := -1
	for name := range n.names {
		if s := size(name); shortest < 0 || s < shortest {
			shortest = s
		}
	}
	return shortest
}
