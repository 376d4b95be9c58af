// YARA's conditions: which strings they are about.

package importer

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// yaraCondition parses `or`, `and`, `not`, parentheses and what stands between.
type yaraCondition struct {
	tokens []yaraToken
	pos    int
	depth  int
	names  []string // of the rule's strings
}

func (c *yaraCondition) at(text string) bool {
	return c.pos < len(c.tokens) && c.tokens[c.pos].text == text && c.tokens[c.pos].kind != yaraText
}

func (c *yaraCondition) parse() *condition { return c.list("or", condOr, c.and) }

func (c *yaraCondition) and() *condition { return c.list("and", condAnd, c.not) }

func (c *yaraCondition) list(word string, op conditionOp, sub func() *condition) *condition {
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

func (c *yaraCondition) not() *condition {
	if c.at("not") {
		c.pos++
		c.not()
		return &condition{op: condNot}
	}
	return c.term()
}

// term reads up to the next and, or, or closing parenthesis.
func (c *yaraCondition) term() *condition {
	start := c.pos
	if c.at("(") && c.depth < maxNesting {
		c.pos++
		c.depth++
		inner := c.parse()
		c.depth--
		if c.at(")") {
			c.pos++
		}
		if c.pos >= len(c.tokens) || c.at("and") || c.at("or") || c.at(")") {
			return inner
		}
	}
	for depth := 0; c.pos < len(c.tokens); c.pos++ {
		switch {
		case depth == 0 && (c.at("and") || c.at("or") || c.at(")")):
			return c.classify(c.tokens[start:c.pos])
		case c.at("("):
			depth++
		case c.at(")"):
			depth--
		}
	}
	return c.classify(c.tokens[start:])
}

// classify says what a term without and, or, not is about.
func (c *yaraCondition) classify(t []yaraToken) *condition {
	other := &condition{op: condOther}
	if len(t) == 0 {
		return other
	}
	first := t[0]
	if first.kind == yaraName && first.text[0] == '$' {
		names := c.match(first.text)
		if len(t) > 1 && t[1].text != "at" && t[1].text != "in" {
			return other
		}
		return &condition{op: condAny, names: names, more: len(t) > 1}
	}
	if first.kind == yaraName && first.text[0] == '#' && len(t) >= 3 {
		names := c.match("$" + first.text[1:])
		switch s := yaraSource(t[1:]); {
		case s == "> 0", s == "> = 1":
			return &condition{op: condAny, names: names}
		case t[1].text == ">" || t[1].text == "=" && t[len(t)-1].text != "0":
			return &condition{op: condAny, names: names, more: true}
		}
		return other
	}
	return c.quantified(t)
}

// quantified reads `any of them`, `2 of ($a*, $b)`, `all of them`.
func (c *yaraCondition) quantified(t []yaraToken) *condition {
	other := &condition{op: condOther}
	of := slices.IndexFunc(t, func(x yaraToken) bool { return x.text == "of" && x.kind == yaraWord })
	if of != 1 && !(of == 2 && t[1].text == "%") || len(t) < of+2 {
		return other
	}
	set, rest := c.set(t[of+1:])
	if len(set) == 0 || len(rest) > 0 && rest[0].text != "in" && rest[0].text != "at" {
		return other
	}
	count, err := strconv.Atoi(t[0].text)
	switch {
	case t[0].text == "none" || err == nil && count == 0:
		return &condition{op: condNot}
	case t[0].text == "any" || err == nil && count == 1 && of == 1:
		return &condition{op: condAny, names: set, more: len(rest) > 0}
	case t[0].text == "all":
		// Each must be there: any one of them will do.
		var subs []*condition
		for _, name := range set {
			subs = append(subs, &condition{op: condAny, names: []string{name}, more: len(rest) > 0})
		}
		return &condition{op: condAnd, subs: subs}
	case err == nil:
		return &condition{op: condSome, names: set, more: len(rest) > 0 || len(set) > 1}
	}
	return other
}

// set reads `them` or a list of names in parentheses.
func (c *yaraCondition) set(t []yaraToken) (names []string, rest []yaraToken) {
	if t[0].text == "them" {
		return c.names, t[1:]
	}
	if t[0].text != "(" {
		return nil, t
	}
	for i, x := range t[1:] {
		switch {
		case x.text == ")":
			return names, t[i+2:]
		case x.kind == yaraName && x.text[0] == '$':
			names = append(names, c.match(x.text)...)
		case x.text != ",":
			return nil, t
		}
	}
	return nil, t
}

// match are the strings that a name, with * perhaps, means.
func (c *yaraCondition) match(name string) []string {
	if !strings.HasSuffix(name, "*") {
		if slices.Contains(c.names, name) {
			return []string{name}
		}
		return nil
	}
	var list []string
	for _, n := range c.names {
		if ok, _ := path.Match(name, n); ok {
			list = append(list, n)
		}
	}
	return list
}
