package match

// What people may want to know of a regex.

import "regexp/syntax"

// RegexInfo tells how a regex is run.
type RegexInfo struct {
	// Required is what a text must have for the regex to run on it: quoted
	// literals with & and |. Empty: it runs on every text, and Reason says why.
	Required string
	Reason   string
	// Folded says that the literals are looked for in either case; each rune of
	// them is then the smallest of its folding orbit.
	Folded bool

	// Needs is Required in its parts; nil: it is empty.
	Needs *Requirement
	// Rarity is about how rare that is in texts, in bits: one place in 2^Rarity.
	Rarity int
	// Shortest is the length in bytes of the shortest literal that alone makes a
	// text worth a look at the rest.
	Shortest int
	// Groups are the names of the groups that have one, in order.
	Groups []string
}

// Common says whether the literals of a regex are in so many texts that they
// save little; false also if there are none.
func (i *RegexInfo) Common() bool {
	return i.Needs != nil && (i.Rarity < minCondition || i.Shortest <= commonLength)
}

// commonLength is up to which length a literal is common whatever it is.
const commonLength = 2

func regexInfo(tree *syntax.Regexp) RegexInfo {
	required, folded, why := requiredOf(tree)
	if required == nil {
		return RegexInfo{Reason: why, Groups: groupNames(tree)}
	}
	info := RegexInfo{Required: required.String(), Folded: folded, Needs: required.requirement(), Rarity: required.rarity(), Groups: groupNames(tree)}
	info.Shortest = maxHintBytes
	for _, s := range required.trigger() {
		info.Shortest = min(info.Shortest, len(s))
	}
	return info
}

// Regex tells how the regex of a rule is run; ok is false if the rule has none.
// It is worked out from the expression: a pack keeps what it was compiled with.
func (p *Pack) Regex(rule int) (info RegexInfo, ok bool) {
	i, ok := findRegex(p.regexes, uint32(rule))
	if !ok {
		return RegexInfo{}, false
	}
	tree, err := checkRegex(p.regexes[i].source())
	if err != nil {
		return RegexInfo{Reason: err.Error()}, true
	}
	return regexInfo(tree), true
}
