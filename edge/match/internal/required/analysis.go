package required

// Reading the formula off a parsed regex. Literals of a regex with a part that ignores case may be
// folded. The literals of other regexes keep their case, because unfolded strings are much rarer:
// DE is rare, de is not.

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"

	"trawl/edge/match/internal/fold"
)

const (
	maxExact   = 32   // strings that neighbouring parts are multiplied out to
	MaxLiteral = 24   // bytes kept of a literal
	maxClass   = 8    // runes of a character class spelled out
	maxRepeats = 4    // of a repetition written out
	maxFormula = 4096 // strings in the formula of a single regex
)

// Formula is true of a text or not. A formula with Strings is true if any of the strings occurs in
// the text; a formula with Subs is true if all (And) or any of Subs are true. nil is always true.
type Formula struct {
	Strings []string
	And     bool
	Subs    []*Formula
}

// partInfo is what is known about the matches of a part of a regex.
type partInfo struct {
	exact  []string // sorted: the part matches exactly these strings; nil: unknown
	needed *Formula // without exact: true of every text that the part matches in
}

// analysis reads the formula off a single regex.
type analysis struct {
	folded bool   // literals are folded
	why    string // there is no formula
}

// Of returns the formula that is true of every text in which a parsed regex matches, over folded or
// unfolded strings. f is nil if the regex requires nothing worth looking for, and why gives the
// reason.
func Of(tree *syntax.Regexp) (f *Formula, folded bool, why string) {
	exact := analyseTree(tree, false)
	if !ignoresCase(tree) {
		return exact.formula, false, exact.why
	}
	if exact.formula != nil && exact.formula.Rarity() >= rareEnough {
		return exact.formula, false, ""
	}
	both := analyseTree(tree, true)
	if exact.formula == nil || both.formula != nil && both.formula.Rarity() > exact.formula.Rarity() {
		return both.formula, true, both.why
	}
	return exact.formula, false, exact.why
}

// rareEnough is the rarity, in bits, from which on looking for rarer strings in folded text does
// not pay.
const rareEnough = 20

type result struct {
	formula *Formula
	why     string
}

func analyseTree(tree *syntax.Regexp, folded bool) result {
	a := analysis{folded: folded}
	info := a.part(tree)
	raw := info.formula()
	f := raw.useful()
	if f == nil {
		return result{nil, a.reason(tree, raw)}
	}
	return result{formula: f}
}

// reason says why nothing useful was left of raw, the formula of tree.
func (a *analysis) reason(tree *syntax.Regexp, raw *Formula) string {
	switch {
	case raw != nil && raw.size() > maxFormula:
		return fmt.Sprintf("it has too many alternatives: %d literals, at most %d", raw.size(), maxFormula)
	case raw != nil:
		return "its literals are too short or too common: " + shortened(raw.String())
	case a.why != "":
		return a.why
	case !hasLiteral(tree):
		return "it has no literal, only classes of characters"
	}
	return "no literal is in all of its matches"
}

func hasLiteral(re *syntax.Regexp) bool {
	return re.Op == syntax.OpLiteral || slices.ContainsFunc(re.Sub, hasLiteral)
}

// ignoresCase says whether re has a literal ignoring case.
func ignoresCase(re *syntax.Regexp) bool {
	return re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0 || slices.ContainsFunc(re.Sub, ignoresCase)
}

func (a *analysis) part(re *syntax.Regexp) partInfo {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return partInfo{exact: []string{""}}
	case syntax.OpLiteral:
		return a.literal(re)
	case syntax.OpCharClass:
		return a.class(re.Rune)
	case syntax.OpCapture:
		return a.part(re.Sub[0])
	case syntax.OpPlus:
		return partInfo{needed: a.part(re.Sub[0]).formula()}
	case syntax.OpQuest:
		if info := a.part(re.Sub[0]); info.exact != nil {
			return partInfo{exact: union(info.exact, []string{""})}
		}
	case syntax.OpRepeat:
		return a.repeat(re)
	case syntax.OpConcat:
		parts := make([]partInfo, len(re.Sub))
		for i, sub := range re.Sub {
			parts[i] = a.part(sub)
		}
		return concat(parts)
	case syntax.OpAlternate:
		return a.alternate(re.Sub)
	}
	return partInfo{}
}

func (a *analysis) literal(re *syntax.Regexp) partInfo {
	parts := make([]partInfo, 0, 1)
	var run []byte
	end := func() {
		if len(run) > 0 {
			parts = append(parts, partInfo{exact: []string{string(run)}})
			run = nil
		}
	}
	for _, r := range re.Rune {
		switch orbit := orbitOf(r); {
		case r == utf8.RuneError || !utf8.ValidRune(r):
			// Invalid bytes of a text count as U+FFFD in a regex, but not in an automaton, and
			// runes that UTF-8 cannot hold would be written as U+FFFD.
			end()
			parts = append(parts, partInfo{})
		case a.folded:
			run = utf8.AppendRune(run, fold.Smallest(r))
		case re.Flags&syntax.FoldCase == 0 || len(orbit) == 1:
			run = utf8.AppendRune(run, r)
		default:
			end()
			parts = append(parts, partInfo{exact: orbit})
		}
	}
	end()
	return concat(parts)
}

// orbitOf returns the spellings of r in either case.
func orbitOf(r rune) []string {
	spellings := []string{string(r)}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		spellings = append(spellings, string(f))
	}
	slices.Sort(spellings)
	return spellings
}

// class spells out a small character class; ranges is lo, hi, lo, hi …
func (a *analysis) class(ranges []rune) partInfo {
	var exact []string
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 2*maxClass {
			return partInfo{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == utf8.RuneError || !utf8.ValidRune(r) {
				return partInfo{}
			}
			if a.folded {
				exact = append(exact, string(fold.Smallest(r)))
			} else {
				exact = append(exact, string(r))
			}
		}
		if len(exact) > 2*maxClass {
			return partInfo{}
		}
	}
	if exact = sortedSet(exact); len(exact) > maxClass {
		return partInfo{}
	}
	return partInfo{exact: exact}
}

func (a *analysis) repeat(re *syntax.Regexp) partInfo {
	info := a.part(re.Sub[0])
	if re.Min == 0 {
		if re.Max == 1 && info.exact != nil {
			return partInfo{exact: union(info.exact, []string{""})}
		}
		return partInfo{}
	}
	parts := make([]partInfo, 0, maxRepeats+1)
	for range min(re.Min, maxRepeats) {
		parts = append(parts, info)
	}
	if re.Max != re.Min || re.Min > maxRepeats {
		parts = append(parts, partInfo{})
	}
	return concat(parts)
}

// concat multiplies neighbours out while the result is exact and small. Strings found between other
// parts are required.
func concat(parts []partInfo) partInfo {
	var all []*Formula
	run, whole := []string{""}, true
	for _, info := range parts {
		if info.exact == nil {
			all = append(all, clause(run), info.needed)
			run, whole = []string{""}, false
			continue
		}
		product := cross(run, info.exact)
		if product == nil {
			all = append(all, clause(run))
			run, whole = info.exact, false
			continue
		}
		run = product
	}
	if whole {
		return partInfo{exact: run}
	}
	return partInfo{needed: allOf(append(all, clause(run)))}
}

func (a *analysis) alternate(subs []*syntax.Regexp) partInfo {
	parts := make([]partInfo, len(subs))
	var exact []string
	isExact := true
	for i, sub := range subs {
		parts[i] = a.part(sub)
		isExact = isExact && parts[i].exact != nil
		exact = append(exact, parts[i].exact...)
	}
	if exact = sortedSet(exact); isExact && len(exact) <= maxExact {
		return partInfo{exact: exact}
	}
	branches := make([]*Formula, len(subs))
	for i, info := range parts {
		if branches[i] = info.formula(); branches[i] == nil && a.why == "" {
			a.why = "a part of it can match without any literal: " + shortened(subs[i].String())
		}
	}
	return partInfo{needed: anyOf(branches)}
}

// formula is what the part requires.
func (i partInfo) formula() *Formula {
	if i.exact != nil {
		return clause(i.exact)
	}
	return i.needed
}

// cross joins each string of a with each of b; nil if there are too many.
func cross(a, b []string) []string {
	if len(a)*len(b) > maxExact {
		return nil
	}
	joined := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			joined = append(joined, x+y)
		}
	}
	return sortedSet(joined)
}

// union joins two sets.
func union(a, b []string) []string {
	return sortedSet(append(slices.Clone(a), b...))
}

func sortedSet(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

func shortened(s string) string {
	const limit = 60
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
