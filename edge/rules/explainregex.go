package rules

// Explanations of a regex: required literals, groups, and the longest beginning that matches.

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"sort"
	"strconv"

	"trawl/edge/match"
)

// MaxGroupText is the longest text, in bytes, for which groups and the longest beginning are
// computed, by package regexp, which is slow.
const MaxGroupText = 256 << 10

// Group is a group in parentheses of a match.
type Group struct {
	Name string // the number of a group without a name
	Span
}

// Reached is the longest beginning of a regex without a match that matches somewhere.
type Reached struct {
	Beginning string // an expression; empty: not even the first part matches
	Rest      string // the part behind the beginning
	Span             // the first match of the beginning
}

// explain fills in the run of the regex of rule.
func (e *RegexExplanation) explain(rule *match.Rule, text []byte, found []Span) error {
	e.Ran = true
	if e.Info.Needs != nil {
		if err := e.explainHints(text); err != nil {
			return err
		}
	}
	if len(text) > MaxGroupText {
		return nil
	}
	expr := rule.Regex
	if rule.NoCase {
		expr = "(?i)" + expr
	}
	if len(found) == 0 {
		return e.explainReached(expr, text)
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return fmt.Errorf("compile %s: %w", shortened(expr), err)
	}
	at := re.FindSubmatchIndex(text)
	for i, name := range re.SubexpNames() {
		if i == 0 || 2*i+1 >= len(at) || at[2*i] < 0 {
			continue
		}
		if name == "" {
			name = strconv.Itoa(i)
		}
		e.Groups = append(e.Groups, Group{name, Span{int64(at[2*i]), int64(at[2*i+1])}})
	}
	return nil
}

// explainHints looks for the required literals with a pack, as a scan does.
func (e *RegexExplanation) explainHints(text []byte) error {
	b := match.NewBuilder(match.Options{})
	for _, l := range e.Info.Needs.Literals() {
		e.Hints = append(e.Hints, Hint{l, -1})
		if err := b.Add(&match.Rule{ID: strconv.Itoa(len(e.Hints)), Literals: [][]byte{[]byte(l)}, NoCase: e.Info.Folded}); err != nil {
			return fmt.Errorf("look for %q: %w", l, err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		return fmt.Errorf("look for what the regex requires: %w", err)
	}
	defer pack.Close()
	there := map[string]bool{}
	for _, m := range pack.Scan(pack.NewScratch(), text, match.Query{Want: match.WantRules}).Matches {
		e.Hints[m.Rule].At = m.Start
		there[e.Hints[m.Rule].Literal] = true
	}
	e.Ran = e.Info.Needs.Holds(func(l string) bool { return there[l] })
	return nil
}

// explainReached finds the longest beginning that matches. If a beginning does not match, longer
// ones do not match either.
func (e *RegexExplanation) explainReached(expr string, text []byte) error {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return fmt.Errorf("parse %s: %w", shortened(expr), err)
	}
	parts := flatten(nil, tree)
	reached := &Reached{}
	matching := 0
	sort.Search(len(parts), func(n int) bool { // n+1 parts do not match
		beginning := joined(parts[:n+1])
		re, err := regexp.Compile(beginning)
		if err != nil {
			return true // larger than the whole regex was
		}
		at := re.FindIndex(text)
		if at != nil && n+1 > matching {
			matching = n + 1
			reached.Beginning, reached.Span = beginning, Span{int64(at[0]), int64(at[1])}
		}
		return at == nil
	})
	reached.Rest = joined(parts[matching:])
	e.Reached = reached
	return nil
}

// flatten lists the parts of re in sequence, literals rune by rune.
func flatten(parts []*syntax.Regexp, re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return flatten(parts, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			parts = flatten(parts, sub)
		}
		return parts
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			parts = append(parts, &syntax.Regexp{Op: syntax.OpLiteral, Flags: re.Flags, Rune: []rune{r}})
		}
		return parts
	}
	return append(parts, re)
}

// joined is the expression of parts, literals put together again.
func joined(parts []*syntax.Regexp) string {
	var list []*syntax.Regexp
	for _, p := range parts {
		if n := len(list); n > 0 && p.Op == syntax.OpLiteral && list[n-1].Op == syntax.OpLiteral && list[n-1].Flags == p.Flags {
			last := *list[n-1]
			last.Rune = append(last.Rune[:len(last.Rune):len(last.Rune)], p.Rune...)
			list[n-1] = &last
			continue
		}
		list = append(list, p)
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0].String()
	}
	return (&syntax.Regexp{Op: syntax.OpConcat, Sub: list}).String()
}
