package rules

// Rules that cannot match within a line.

import (
	"bytes"
	"regexp/syntax"
	"slices"

	"trawl/edge/match"
)

// lineBreaks counts the literals of r with a line break. For a regex the result is 1 if every match
// has a line break.
func lineBreaks(r *match.Rule) (n int) {
	if r.Regex != "" {
		if tree, err := syntax.Parse(r.Regex, syntax.Perl); err == nil && breaksLine(tree) {
			return 1
		}
		return 0
	}
	for _, l := range r.Literals {
		if bytes.IndexByte(l, '\n') >= 0 {
			n++
		}
	}
	return n
}

// breaksLine says whether every match of re has a line break.
func breaksLine(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return slices.Contains(re.Rune, '\n')
	case syntax.OpCharClass:
		return len(re.Rune) == 2 && re.Rune[0] == '\n' && re.Rune[1] == '\n'
	case syntax.OpCapture, syntax.OpPlus:
		return breaksLine(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && breaksLine(re.Sub[0])
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, breaksLine)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !breaksLine(sub) })
	}
	return false
}
