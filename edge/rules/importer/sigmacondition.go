// Conditions of Sigma rules.

package importer

import (
	"strconv"
	"strings"
)

// parse reads a condition; what stands behind a | is a count.
func (s *sigmaReader) parse(text string) *condition {
	text, _, counts := strings.Cut(text, "|")
	if counts {
		s.partly(whyAggregation, "")
	}
	c := sigmaCondition{reader: s, tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	parsed := c.list("or", condOr, func() *condition { return c.list("and", condAnd, c.not) })
	if c.pos < len(c.tokens) {
		return c.unread(aboutUnread, strings.Join(c.tokens[c.pos:], " "))
	}
	return parsed
}

type sigmaCondition struct {
	reader *sigmaReader
	tokens []string
	pos    int
	depth  int
}

// unread notes that the condition cannot be read; the first reason counts.
func (c *sigmaCondition) unread(text, detail string) *condition {
	none := about(text, detail)
	if c.reader.broken == nil {
		c.reader.broken = none.why
	}
	return none
}

func (c *sigmaCondition) at(word string) bool {
	return c.pos < len(c.tokens) && strings.EqualFold(c.tokens[c.pos], word)
}

func (c *sigmaCondition) list(word string, op conditionOp, sub func() *condition) *condition {
	subs := []*condition{sub()}
	for c.at(word) {
		c.pos++
		subs = append(subs, sub())
	}
	if len(subs) == 1 {
		return subs[0]
	}
	return &condition{op: op, subs: subs}
}

func (c *sigmaCondition) not() *condition {
	if c.depth++; c.depth > maxNesting {
		c.pos = len(c.tokens)
		return c.unread(aboutUnread, "nested too deep")
	}
	defer func() { c.depth-- }()
	switch {
	case c.pos >= len(c.tokens):
		return c.unread(aboutUnread, "it ends too early")
	case c.at("not"):
		c.pos++
		c.not()
		return &condition{op: condNot, why: &reason{aboutUnequal, ""}}
	case c.at("("):
		c.pos++
		inner := c.list("or", condOr, func() *condition { return c.list("and", condAnd, c.not) })
		if !c.at(")") {
			return c.unread(aboutUnread, "a ) is missing")
		}
		c.pos++
		return inner
	case c.pos+2 < len(c.tokens) && strings.EqualFold(c.tokens[c.pos+1], "of"):
		count, set := c.tokens[c.pos], c.tokens[c.pos+2]
		c.pos += 3
		return c.of(strings.ToLower(count), set)
	}
	name := c.tokens[c.pos]
	c.pos++
	if n, ok := c.reader.selections[name]; ok {
		return c.reader.selection(n)
	}
	return c.unread(aboutSelection, name)
}

// of is `1 of them`, `all of selection*`, `1 of sel_*_img`, and the like.
func (c *sigmaCondition) of(count, set string) *condition {
	var subs []*condition
	for _, name := range c.reader.named(set) {
		subs = append(subs, c.reader.selection(c.reader.selections[name]))
	}
	least := 1
	switch count {
	case "1", "any":
	case "all":
		least = len(subs)
	default:
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return c.unread(aboutUnread, count+" of "+set)
		}
		least = n
	}
	switch {
	case len(subs) == 0:
		return c.unread(aboutSelection, set)
	case len(subs) == 1:
		return subs[0]
	case least == len(subs):
		return &condition{op: condAnd, subs: subs}
	}
	return &condition{op: condOr, subs: subs, more: least > 1}
}

// named are the selections that set means: * stands for anything, anywhere in it. Names
// that begin with _ are only meant where set does, too.
func (s *sigmaReader) named(set string) []string {
	if set == "them" {
		set = "*"
	}
	var list []string
	for _, name := range s.order {
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(set, "_") {
			continue
		}
		if matchesStars(set, name) {
			list = append(list, name)
		}
	}
	return list
}

// matchesStars says whether name is pattern with something in place of each *.
func matchesStars(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}
