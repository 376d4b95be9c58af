package sigma

// The conditions of Sigma rules.

import (
	"strconv"
	"strings"

	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/re2"
)

// parse reads a condition. A count behind a | is left out.
func (s *reader) parse(text string) *condition.Node {
	text, _, counts := strings.Cut(text, "|")
	if counts {
		s.TakeInPart(whyAggregation, "")
	}
	c := conditionParser{reader: s, tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	parsed := c.parse()
	if c.pos < len(c.tokens) {
		return c.unread(aboutUnread, strings.Join(c.tokens[c.pos:], " "))
	}
	return parsed
}

type conditionParser struct {
	reader *reader
	tokens []string
	pos    int
	depth  int
}

// unread notes that the condition cannot be read. The first reason is kept.
func (c *conditionParser) unread(text, detail string) *condition.Node {
	none := condition.About(text, detail)
	if c.reader.broken == nil {
		c.reader.broken = none.Why
	}
	return none
}

func (c *conditionParser) at(word string) bool {
	return c.pos < len(c.tokens) && strings.EqualFold(c.tokens[c.pos], word)
}

// skip steps over a word, if present.
func (c *conditionParser) skip(word string) bool {
	there := c.at(word)
	if there {
		c.pos++
	}
	return there
}

func (c *conditionParser) parse() *condition.Node { return condition.Parse(c.skip, c.not) }

func (c *conditionParser) not() *condition.Node {
	if c.depth++; c.depth > re2.MaxNesting {
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
		return &condition.Node{Op: condition.Not, Why: re2.NewReason(aboutUnequal, "")}
	case c.at("("):
		c.pos++
		inner := c.parse()
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

// of returns the condition for `1 of them`, `all of selection*`, `1 of sel_*_img` and the like.
func (c *conditionParser) of(count, set string) *condition.Node {
	var subs []*condition.Node
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
		return &condition.Node{Op: condition.And, Subs: subs}
	}
	return &condition.Node{Op: condition.Or, Subs: subs, More: least > 1}
}

// named returns the selections with names that match set, in which * stands for any text. Names
// with a leading _ are included only if set has a leading _ as well.
func (s *reader) named(set string) []string {
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

// matchesStars reports whether name matches pattern, in which * stands for any text.
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
