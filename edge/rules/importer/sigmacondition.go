// Conditions of Sigma rules.

package importer

import "strings"

// parse reads a condition; what stands behind a | is a count.
func (s *sigmaReader) parse(text string) *condition {
	text, _, counts := strings.Cut(text, "|")
	if counts {
		s.partly(whyAggregation, "")
	}
	c := sigmaCondition{reader: s, tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	parsed := c.list("or", condOr, func() *condition { return c.list("and", condAnd, c.not) })
	if c.pos < len(c.tokens) {
		return &condition{op: condAnd, subs: []*condition{parsed, {op: condOther}}}
	}
	return parsed
}

type sigmaCondition struct {
	reader *sigmaReader
	tokens []string
	pos    int
	depth  int
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
	other := &condition{op: condOther}
	if c.depth++; c.depth > maxNesting {
		c.pos = len(c.tokens)
		return other
	}
	defer func() { c.depth-- }()
	switch {
	case c.pos >= len(c.tokens):
		return other
	case c.at("not"):
		c.pos++
		c.not()
		return &condition{op: condNot}
	case c.at("("):
		c.pos++
		inner := c.list("or", condOr, func() *condition { return c.list("and", condAnd, c.not) })
		if c.at(")") {
			c.pos++
		}
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
	return other
}

// of is `1 of them`, `all of selection*`, and the like.
func (c *sigmaCondition) of(count, set string) *condition {
	var subs []*condition
	for _, name := range c.reader.order {
		prefix, pattern := strings.CutSuffix(set, "*")
		them := set == "them" && !strings.HasPrefix(name, "_")
		if them || name == set || pattern && strings.HasPrefix(name, prefix) {
			subs = append(subs, c.reader.selection(c.reader.selections[name]))
		}
	}
	all := &condition{op: condOr, subs: subs}
	switch count {
	case "1", "any":
	case "all":
		all.op = condAnd
	default:
		all.more = true
	}
	if len(subs) == 0 {
		return &condition{op: condOther}
	}
	if len(subs) == 1 {
		subs[0].more = subs[0].more || all.more
		return subs[0]
	}
	if all.op == condOr && all.more {
		return &condition{op: condAnd, subs: []*condition{{op: condOr, subs: subs}, {op: condOther}}}
	}
	return all
}
