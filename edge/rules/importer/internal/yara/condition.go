package yara

// YARA's conditions, reduced to the strings needed.

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/re2"
)

// conditionParser parses `or`, `and`, `not`, parentheses and terms.
type conditionParser struct {
	tokens []token
	pos    int
	depth  int
	names  []string // of the rule's strings
}

func (c *conditionParser) at(text string) bool {
	return c.pos < len(c.tokens) && c.tokens[c.pos].text == text && c.tokens[c.pos].kind != tokenText
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
	if c.at("not") {
		c.pos++
		c.not()
		return &condition.Node{Op: condition.Not, Why: re2.NewReason(aboutAbsence, "")}
	}
	return c.term()
}

// term reads up to the next and, or, or closing parenthesis.
func (c *conditionParser) term() *condition.Node {
	start := c.pos
	if c.at("(") && c.depth < re2.MaxNesting {
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

// classify returns the condition for a term without and, or, not.
func (c *conditionParser) classify(t []token) *condition.Node {
	if len(t) == 0 {
		return condition.About(aboutNoStrings, "")
	}
	first := t[0]
	if first.kind == tokenName && first.text[0] == '$' {
		if len(t) > 1 && t[1].text != "at" && t[1].text != "in" {
			return condition.About(aboutNoStrings, "")
		}
		return &condition.Node{Op: condition.Any, Names: c.match(first.text), More: len(t) > 1}
	}
	if first.kind == tokenName && len(t) >= 3 {
		return c.number(t)
	}
	if first.text == "for" {
		return c.loop(t)
	}
	if q := c.quantified(t); q != nil {
		return q
	}
	return condition.About(aboutOf(t), "")
}

// number reads comparisons of #a, @a[i] and !a[i]. Comparisons with the places and lengths of
// missing strings are false.
func (c *conditionParser) number(t []token) *condition.Node {
	names := c.match("$" + t[0].text[1:])
	there := &condition.Node{Op: condition.Any, Names: names, More: true}
	if t[0].text[0] != '#' {
		return there
	}
	ranged := t[1].text == "in"
	if ranged {
		end := slices.IndexFunc(t, func(x token) bool { return x.text == ")" })
		if end < 0 || len(t) < end+3 {
			return condition.About(aboutCounts, "")
		}
		t = append([]token{t[0]}, t[end+1:]...)
	}
	n := -1
	if v, err := strconv.ParseUint(t[len(t)-1].text, 0, 31); err == nil {
		n = int(v)
	}
	operator := ""
	for _, x := range t[1 : len(t)-1] {
		operator += x.text
	}
	switch {
	case operator == ">" && n == 0, operator == ">=" && n == 1, operator == "!=" && n == 0:
		there.More = ranged
		return there
	case (operator == ">" || operator == ">=" || operator == "==") && n > 0, operator == ">" && t[len(t)-1].text[0] == '#':
		return there
	}
	return condition.About(aboutCounts, "")
}

// loop reads `for any of ($a, $b) : ($ at 0)`. The condition in the last parentheses must require
// the string.
func (c *conditionParser) loop(t []token) *condition.Node {
	colon := slices.IndexFunc(t, func(x token) bool { return x.text == ":" && x.kind == tokenSymbol })
	if colon < 0 || len(t) < colon+4 || t[colon+1].text != "(" {
		return condition.About(aboutLoop, "")
	}
	body := t[colon+2 : len(t)-1]
	for _, x := range body {
		if x.kind == tokenWord && (x.text == "or" || x.text == "not" || x.text == "defined" || x.text == "none") {
			return condition.About(aboutLoop, "")
		}
	}
	one := conditionParser{tokens: body, names: []string{"$"}}
	if need := one.parse().Widen(func(string) condition.Usable { return condition.Usable{Weight: 1} }); len(need.Names) == 0 || need.Less {
		return condition.About(aboutLoop, "")
	}
	q := c.quantified(t[1:colon])
	if q == nil || q.Op == condition.Not || q.Op == condition.Other {
		return condition.About(aboutLoop, "")
	}
	q.More = true
	return q
}

// quantified reads `any of them`, `2 of ($a*, $b)`, `all of them`. It returns nil for further
// terms.
func (c *conditionParser) quantified(t []token) *condition.Node {
	of := slices.IndexFunc(t, func(x token) bool { return x.text == "of" && x.kind == tokenWord })
	percent := of == 2 && t[1].text == "%"
	if of != 1 && !percent || len(t) < of+2 {
		return nil
	}
	set, rest := c.set(t[of+1:])
	switch {
	case len(set) == 0:
		return condition.About(aboutRules, "")
	case len(rest) > 0 && rest[0].text != "in" && rest[0].text != "at":
		return condition.About(aboutNoStrings, "")
	}
	n, err := strconv.ParseUint(t[0].text, 0, 31)
	switch {
	case t[0].text == "none" || err == nil && n == 0:
		return &condition.Node{Op: condition.Not, Why: re2.NewReason(aboutAbsence, "")}
	case t[0].text == "any" || err == nil && n == 1 && !percent:
		return &condition.Node{Op: condition.Any, Names: set, More: len(rest) > 0}
	case t[0].text == "all":
		// Each string is required, so a single string is enough to look for.
		var subs []*condition.Node
		for _, name := range set {
			subs = append(subs, &condition.Node{Op: condition.Any, Names: []string{name}, More: len(rest) > 0})
		}
		return &condition.Node{Op: condition.And, Subs: subs}
	case err == nil && percent:
		return &condition.Node{Op: condition.Some, Names: set, More: true}
	case err == nil:
		return &condition.Node{Op: condition.Some, Names: set, Least: int(n), More: len(rest) > 0 || len(set) > 1}
	}
	return condition.About(aboutNoStrings, "") // a computed number
}

// aboutOf returns the subject of a term without strings.
func aboutOf(t []token) string {
	for i, x := range t {
		switch {
		case x.kind != tokenWord:
		case fileWords.Has(x.text) || strings.HasPrefix(x.text, "uint") || strings.HasPrefix(x.text, "int"):
			return aboutFile
		case i+1 < len(t) && t[i+1].text == ".":
			return aboutModule
		}
	}
	switch first := t[0]; {
	case len(t) == 1 && (first.text == "true" || first.text == "false") || first.kind == tokenWord && re2.IsDigit(first.text[0]) || first.kind == tokenText:
		return aboutConstant
	case len(t) == 1 && first.kind == tokenWord || first.kind == tokenWord && first.text != "defined":
		return aboutRules
	}
	return aboutNoStrings
}

var fileWords = ondemand.Words{List: "filesize entrypoint"}

// set reads `them` or a list of names in parentheses.
func (c *conditionParser) set(t []token) (names []string, rest []token) {
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
		case x.kind == tokenName && x.text[0] == '$':
			names = append(names, c.match(x.text)...)
		case x.text != ",":
			return nil, t
		}
	}
	return nil, t
}

// match returns the strings for a name, possibly with a final *.
func (c *conditionParser) match(name string) []string {
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
