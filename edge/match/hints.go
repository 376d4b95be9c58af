package match

// Required literals: what must occur in whatever a regex matches, as a formula
// of AND and OR over literals. They are looked for together with the literals
// of other rules, so that a regex runs only on texts for which its formula is
// true. (The idea is that of RE2's FilteredRE2.) This file reads the formula
// off the parsed regex; required.go makes it fit for use.
//
// A regex whose matches need not be of one case somewhere has folded literals,
// those of others are looked for as they are, which is much rarer: DE is, de is
// not.

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	maxExact     = 32   // strings that are multiplied out
	maxHintBytes = 24   // bytes kept of a literal
	maxHintClass = 8    // runes of a character class that are spelled out
	maxRepeats   = 4    // of a repetition that are written out
	maxFormula   = 4096 // strings in the formula of one regex
)

// formula is true of a text or not. With strings: if one of them occurs; else
// if all (and) or any (or) of subs are true. nil is always true.
type formula struct {
	strings []string
	and     bool
	subs    []*formula
}

// hintInfo is what is known about the matches of a part of a regex.
type hintInfo struct {
	exact  []string // sorted: the part matches these strings only; nil: unknown
	needed *formula
}

// hintAnalysis reads the formula off one regex.
type hintAnalysis struct {
	folded bool // literals are folded
	why    string
}

// requiredOf returns what a parsed regex requires, over folded strings or not,
// in the form that packs have; nil if there is nothing to go by, and why.
func requiredOf(tree *syntax.Regexp) (f *formula, folded bool, why string) {
	exact := analyse(tree, false)
	if !ignoresCase(tree) {
		return exact.formula, false, exact.why
	}
	if exact.formula != nil && exact.formula.rarity() >= rareEnough {
		return exact.formula, false, ""
	}
	both := analyse(tree, true)
	if exact.formula == nil || both.formula != nil && both.formula.rarity() > exact.formula.rarity() {
		return both.formula, true, both.why
	}
	return exact.formula, false, exact.why
}

// rareEnough is the rarity, in bits, from which on it does not pay to look in
// folded text for something rarer.
const rareEnough = 20

type analysed struct {
	formula *formula
	why     string
}

func analyse(tree *syntax.Regexp, folded bool) analysed {
	a := hintAnalysis{folded: folded}
	info := a.part(tree)
	raw := info.require()
	f := raw.useful()
	if f == nil {
		return analysed{nil, a.reason(tree, raw)}
	}
	return analysed{formula: f}
}

// reason says why raw, of tree, came to nothing.
func (a *hintAnalysis) reason(tree *syntax.Regexp, raw *formula) string {
	switch {
	case raw != nil && raw.size() > maxFormula:
		return fmt.Sprintf("it has too many alternatives: %d literals, at most %d", raw.size(), maxFormula)
	case raw != nil:
		return "its literals are too short or too common: " + shortenedString(raw.String())
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

// ignoresCase says whether some literal of re does.
func ignoresCase(re *syntax.Regexp) bool {
	return re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0 || slices.ContainsFunc(re.Sub, ignoresCase)
}

func (a *hintAnalysis) part(re *syntax.Regexp) hintInfo {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return hintInfo{exact: []string{""}}
	case syntax.OpLiteral:
		return a.literal(re)
	case syntax.OpCharClass:
		return a.class(re.Rune)
	case syntax.OpCapture:
		return a.part(re.Sub[0])
	case syntax.OpPlus:
		return hintInfo{needed: a.part(re.Sub[0]).require()}
	case syntax.OpQuest:
		if info := a.part(re.Sub[0]); info.exact != nil {
			return hintInfo{exact: union(info.exact, []string{""})}
		}
	case syntax.OpRepeat:
		return a.repeat(re)
	case syntax.OpConcat:
		parts := make([]hintInfo, len(re.Sub))
		for i, sub := range re.Sub {
			parts[i] = a.part(sub)
		}
		return concat(parts)
	case syntax.OpAlternate:
		return a.alternate(re.Sub)
	}
	return hintInfo{}
}

func (a *hintAnalysis) literal(re *syntax.Regexp) hintInfo {
	parts := make([]hintInfo, 0, 1)
	var run []byte
	end := func() {
		if len(run) > 0 {
			parts = append(parts, hintInfo{exact: []string{string(run)}})
			run = nil
		}
	}
	for _, r := range re.Rune {
		switch orbit := orbitOf(r); {
		case r == utf8.RuneError || !utf8.ValidRune(r):
			// Invalid bytes of a text count as U+FFFD in a regex, but not in an
			// automaton; runes that UTF-8 cannot hold would be written as it.
			end()
			parts = append(parts, hintInfo{})
		case a.folded:
			run = utf8.AppendRune(run, smallestFold(r))
		case re.Flags&syntax.FoldCase == 0 || len(orbit) == 1:
			run = utf8.AppendRune(run, r)
		default:
			end()
			parts = append(parts, hintInfo{exact: orbit})
		}
	}
	end()
	return concat(parts)
}

// orbitOf are the spellings of r in either case.
func orbitOf(r rune) []string {
	spellings := []string{string(r)}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		spellings = append(spellings, string(f))
	}
	slices.Sort(spellings)
	return spellings
}

// class spells out small classes; ranges is lo, hi, lo, hi …
func (a *hintAnalysis) class(ranges []rune) hintInfo {
	var exact []string
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 2*maxHintClass {
			return hintInfo{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == utf8.RuneError || !utf8.ValidRune(r) {
				return hintInfo{}
			}
			if a.folded {
				exact = append(exact, string(smallestFold(r)))
			} else {
				exact = append(exact, string(r))
			}
		}
		if len(exact) > 2*maxHintClass {
			return hintInfo{}
		}
	}
	if exact = sortedSet(exact); len(exact) > maxHintClass {
		return hintInfo{}
	}
	return hintInfo{exact: exact}
}

func (a *hintAnalysis) repeat(re *syntax.Regexp) hintInfo {
	info := a.part(re.Sub[0])
	if re.Min == 0 {
		if re.Max == 1 && info.exact != nil {
			return hintInfo{exact: union(info.exact, []string{""})}
		}
		return hintInfo{}
	}
	parts := make([]hintInfo, 0, maxRepeats+1)
	for range min(re.Min, maxRepeats) {
		parts = append(parts, info)
	}
	if re.Max != re.Min || re.Min > maxRepeats {
		parts = append(parts, hintInfo{})
	}
	return concat(parts)
}

// concat multiplies neighbours out as long as they are exact and few, and
// requires what it finds between the others.
func concat(parts []hintInfo) hintInfo {
	var all []*formula
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
		return hintInfo{exact: run}
	}
	return hintInfo{needed: allOf(append(all, clause(run)))}
}

func (a *hintAnalysis) alternate(subs []*syntax.Regexp) hintInfo {
	parts := make([]hintInfo, len(subs))
	var exact []string
	isExact := true
	for i, sub := range subs {
		parts[i] = a.part(sub)
		isExact = isExact && parts[i].exact != nil
		exact = append(exact, parts[i].exact...)
	}
	if exact = sortedSet(exact); isExact && len(exact) <= maxExact {
		return hintInfo{exact: exact}
	}
	branches := make([]*formula, len(subs))
	for i, info := range parts {
		if branches[i] = info.require(); branches[i] == nil && a.why == "" {
			a.why = "a part of it can match without any literal: " + shortenedString(subs[i].String())
		}
	}
	return hintInfo{needed: anyOf(branches)}
}

// require turns what is matched exactly into what is needed.
func (i hintInfo) require() *formula {
	if i.exact != nil {
		return clause(i.exact)
	}
	return i.needed
}

// cross joins each of a with each of b; nil if that gets too many.
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

func shortenedString(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
