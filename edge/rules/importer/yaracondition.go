// YARA's conditions: which strings they are about.

package importer

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
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
		return &condition{op: condNot, why: &reason{aboutAbsence, ""}}
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
	if len(t) == 0 {
		return about(aboutNoStrings, "")
	}
	first := t[0]
	if first.kind == yaraName && first.text[0] == '$' {
		if len(t) > 1 && t[1].text != "at" && t[1].text != "in" {
			return about(aboutNoStrings, "")
		}
		return &condition{op: condAny, names: c.match(first.text), more: len(t) > 1}
	}
	if first.kind == yaraName && len(t) >= 3 {
		return c.number(t)
	}
	if first.text == "for" {
		return c.loop(t)
	}
	if q := c.quantified(t); q != nil {
		return q
	}
	return about(yaraAboutWhat(t), "")
}

// number reads comparisons of #a, @a[i] and !a[i]. Places and lengths of strings that
// are not there compare to nothing.
func (c *yaraCondition) number(t []yaraToken) *condition {
	names := c.match("$" + t[0].text[1:])
	there := &condition{op: condAny, names: names, more: true}
	if t[0].text[0] != '#' {
		return there
	}
	ranged := t[1].text == "in"
	if ranged {
		end := slices.IndexFunc(t, func(x yaraToken) bool { return x.text == ")" })
		if end < 0 || len(t) < end+3 {
			return about(aboutCounts, "")
		}
		t = append([]yaraToken{t[0]}, t[end+1:]...)
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
		there.more = ranged
		return there
	case (operator == ">" || operator == ">=" || operator == "==") && n > 0, operator == ">" && t[len(t)-1].text[0] == '#':
		return there
	}
	return about(aboutCounts, "")
}

// loop reads `for any of ($a, $b) : ($ at 0)`, if what stands in the last parentheses
// can only hold for a string that is there.
func (c *yaraCondition) loop(t []yaraToken) *condition {
	colon := slices.IndexFunc(t, func(x yaraToken) bool { return x.text == ":" && x.kind == yaraSymbol })
	if colon < 0 || len(t) < colon+4 || t[colon+1].text != "(" {
		return about(aboutLoop, "")
	}
	body := t[colon+2 : len(t)-1]
	for _, x := range body {
		if x.kind == yaraWord && (x.text == "or" || x.text == "not" || x.text == "defined" || x.text == "none") {
			return about(aboutLoop, "")
		}
	}
	one := yaraCondition{tokens: body, names: []string{"$"}}
	if need := one.parse().widen(func(string) usable { return usable{weight: 1} }); len(need.names) == 0 || need.less {
		return about(aboutLoop, "")
	}
	q := c.quantified(t[1:colon])
	if q == nil || q.op == condNot || q.op == condOther {
		return about(aboutLoop, "")
	}
	q.more = true
	return q
}

// quantified reads `any of them`, `2 of ($a*, $b)`, `all of them`; nil if it is something
// else.
func (c *yaraCondition) quantified(t []yaraToken) *condition {
	of := slices.IndexFunc(t, func(x yaraToken) bool { return x.text == "of" && x.kind == yaraWord })
	percent := of == 2 && t[1].text == "%"
	if of != 1 && !percent || len(t) < of+2 {
		return nil
	}
	set, rest := c.set(t[of+1:])
	switch {
	case len(set) == 0:
		return about(aboutRules, "")
	case len(rest) > 0 && rest[0].text != "in" && rest[0].text != "at":
		return about(aboutNoStrings, "")
	}
	n, err := strconv.ParseUint(t[0].text, 0, 31)
	switch {
	case t[0].text == "none" || err == nil && n == 0:
		return &condition{op: condNot, why: &reason{aboutAbsence, ""}}
	case t[0].text == "any" || err == nil && n == 1 && !percent:
		return &condition{op: condAny, names: set, more: len(rest) > 0}
	case t[0].text == "all":
		// Each must be there: any one of them will do.
		var subs []*condition
		for _, name := range set {
			subs = append(subs, &condition{op: condAny, names: []string{name}, more: len(rest) > 0})
		}
		return &condition{op: condAnd, subs: subs}
	case err == nil && percent:
		return &condition{op: condSome, names: set, more: true}
	case err == nil:
		return &condition{op: condSome, names: set, least: int(n), more: len(rest) > 0 || len(set) > 1}
	}
	return about(aboutNoStrings, "") // a number that is computed
}

// yaraAboutWhat is what a term that no string stands for is about.
func yaraAboutWhat(t []yaraToken) string {
	for i, x := range t {
		switch {
		case x.kind != yaraWord:
		case yaraFileWords.Has(x.text) || strings.HasPrefix(x.text, "uint") || strings.HasPrefix(x.text, "int"):
			return aboutFile
		case i+1 < len(t) && t[i+1].text == ".":
			return aboutModule
		}
	}
	switch first := t[0]; {
	case len(t) == 1 && (first.text == "true" || first.text == "false") || first.kind == yaraWord && isDigit(first.text[0]) || first.kind == yaraText:
		return aboutConstant
	case len(t) == 1 && first.kind == yaraWord || first.kind == yaraWord && first.text != "defined":
		return aboutRules
	}
	return aboutNoStrings
}

var yaraFileWords = ondemand.Words{List: "filesize entrypoint"}

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
