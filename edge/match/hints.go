package match

// Hints: literals of which one must occur in whatever a regex matches. They
// are looked for together with the literals of other rules, so that a regex
// runs only on texts in which one of its hints was seen. (The idea is that of
// the prefilters of RE2's FilteredRE2, with one OR set per regex.) A regex of
// which some part ignores case has folded hints; those of others are looked for
// as they are, which is much rarer: DE is, de is not.

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxHints     = 32 // literals of one regex; more are no hint
	maxHintBytes = 32 // bytes kept of a literal
	maxHintClass = 8  // runes of a character class that are spelled out
)

// hintsOf returns the hints of a parsed regex, and whether they are folded.
// None means that it has to run on every text.
func hintsOf(tree *syntax.Regexp) (hints []string, folded bool) {
	a := hintAnalysis{folded: ignoresCase(tree)}
	info := a.part(tree.Simplify())
	if info.exact != nil {
		info.require(info.exact)
	}
	return info.needed, a.folded
}

// ignoresCase says whether some literal of re does.
func ignoresCase(re *syntax.Regexp) bool {
	return re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0 || slices.ContainsFunc(re.Sub, ignoresCase)
}

// hintAnalysis looks for hints in the parts of one regex.
type hintAnalysis struct{ folded bool }

// spell returns the rune as it stands in a hint.
func (a hintAnalysis) spell(r rune) rune {
	if a.folded {
		return smallestFold(r)
	}
	return r
}

// hintInfo is what is known about the matches of a part of a regex.
type hintInfo struct {
	exact  []string // the part matches these strings only; nil: unknown
	needed []string // each match contains one of these; nil: unknown
}

func (a hintAnalysis) part(re *syntax.Regexp) hintInfo {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return hintInfo{exact: []string{""}}
	case syntax.OpLiteral:
		return a.literal(re.Rune)
	case syntax.OpCharClass:
		return a.class(re.Rune)
	case syntax.OpCapture:
		return a.part(re.Sub[0])
	case syntax.OpPlus:
		info := a.part(re.Sub[0])
		info.forgetExact()
		return info
	case syntax.OpQuest:
		if info := a.part(re.Sub[0]); info.exact != nil {
			return hintInfo{exact: union(info.exact, []string{""})}
		}
	case syntax.OpConcat:
		return a.concat(re.Sub)
	case syntax.OpAlternate:
		return a.alternate(re.Sub)
	}
	return hintInfo{}
}

func (a hintAnalysis) literal(runes []rune) hintInfo {
	var b strings.Builder
	for _, r := range runes {
		// Invalid bytes of a text count as U+FFFD in a regex, but not in an
		// automaton; runes that UTF-8 cannot hold would be written as it.
		if r == utf8.RuneError || !utf8.ValidRune(r) {
			return hintInfo{}
		}
		b.WriteRune(a.spell(r))
	}
	return hintInfo{exact: []string{b.String()}}
}

// class spells out small classes; ranges is lo, hi, lo, hi …
func (a hintAnalysis) class(ranges []rune) hintInfo {
	var exact []string
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 2*maxHintClass {
			return hintInfo{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == utf8.RuneError || !utf8.ValidRune(r) {
				return hintInfo{}
			}
			exact = union(exact, []string{string(a.spell(r))})
		}
		if len(exact) > maxHintClass {
			return hintInfo{}
		}
	}
	return hintInfo{exact: exact}
}

// concat multiplies neighbours out as long as they are exact and few,
// and keeps the best of what it finds.
func (a hintAnalysis) concat(subs []*syntax.Regexp) hintInfo {
	var all hintInfo
	run, whole := []string{""}, true
	for _, sub := range subs {
		info := a.part(sub)
		if info.exact == nil {
			all.require(run)
			if info.needed != nil {
				all.require(info.needed)
			}
			run, whole = []string{""}, false
			continue
		}
		product := cross(run, info.exact)
		if product == nil {
			all.require(run)
			run, whole = info.exact, false
			continue
		}
		run = product
	}
	if whole {
		return hintInfo{exact: run}
	}
	all.require(run)
	return all
}

func (a hintAnalysis) alternate(subs []*syntax.Regexp) hintInfo {
	all := a.part(subs[0])
	for _, sub := range subs[1:] {
		info := a.part(sub)
		if all.exact != nil && info.exact != nil {
			if exact := union(all.exact, info.exact); len(exact) <= maxHints {
				all = hintInfo{exact: exact}
				continue
			}
		}
		all.forgetExact()
		info.forgetExact()
		if all.needed == nil || info.needed == nil {
			return hintInfo{}
		}
		needed := union(all.needed, info.needed)
		if len(needed) > maxHints {
			return hintInfo{}
		}
		all = hintInfo{needed: needed}
	}
	return all
}

// forgetExact turns what is matched exactly into what is needed.
func (h *hintInfo) forgetExact() {
	if h.exact != nil {
		h.require(h.exact)
		h.exact = nil
	}
}

// require takes set as the needed one if it is usable and better.
func (h *hintInfo) require(set []string) {
	for _, s := range set {
		if !usable(s) {
			return
		}
	}
	set = shorten(set)
	if len(set) > 0 && (h.needed == nil || rarity(set) > rarity(h.needed)) {
		h.needed = set
	}
}

// usable refuses hints that nearly every text contains.
func usable(s string) bool {
	if len(s) == 1 {
		return s[0] > ' ' && !isWord(rune(s[0])) && !strings.ContainsAny(s, ".,:-/")
	}
	return len(s) > 1
}

// rarity guesses how rarely a set occurs: by its shortest literal, then by how
// few there are.
func rarity(set []string) int {
	shortest := len(slices.MinFunc(set, func(a, b string) int { return len(a) - len(b) }))
	return min(shortest, 8)*2*maxHints - len(set)
}

// shorten cuts literals to maxHintBytes, between runes.
func shorten(set []string) []string {
	var short []string
	for _, s := range set {
		if len(s) > maxHintBytes {
			n := maxHintBytes
			for !utf8.RuneStart(s[n]) {
				n--
			}
			s = s[:n]
		}
		short = union(short, []string{s})
	}
	return short
}

// cross joins each of a with each of b; nil if that gets too many.
func cross(a, b []string) []string {
	if len(a)*len(b) > maxHints {
		return nil
	}
	var joined []string
	for _, x := range a {
		for _, y := range b {
			joined = union(joined, []string{x + y})
		}
	}
	return joined
}

// union joins two sets, keeping the order.
func union(a, b []string) []string {
	joined := slices.Clip(a)
	for _, s := range b {
		if !slices.Contains(joined, s) {
			joined = append(joined, s)
		}
	}
	return joined
}
