package job

// Trials: how well a pattern can be looked for.

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/re2"
)

// weightOf returns the weight of the rules for a pattern: the bytes that a text must at least have
// for a match.
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
				weight = 1 // numbers are common
			}
		}
		if least == 0 || weight < least {
			least = weight
		}
	}
	return least
}

// longestText returns a lower bound for the length of the longest text in every match of re, in
// bytes.
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

// Try says how well the rules made by write can be looked for, without changing e. If write makes
// none, the result has a reason.
func (e *Entry) Try(write func(*Entry)) condition.Usable {
	t := &Entry{finding: finding{file: e.file, line: e.line}, Job: e.Job, Base: e.Base}
	write(t)
	if t.status != skipped {
		t.check()
	}
	switch {
	case t.status == skipped:
		return condition.Usable{Why: &t.reasons[0]}
	case len(t.Made) == 0:
		return condition.Usable{Why: re2.NewReason("has nothing to look for", "")}
	}
	less := slices.ContainsFunc(t.reasons, func(r re2.Reason) bool { return r.FindsLess() })
	return condition.Usable{Weight: max(1, weightOf(t.Made)), Less: less}
}
