package match

// What people may want to know of a regex.

// RegexInfo tells how a regex is run.
type RegexInfo struct {
	// Required is what a text must have for the regex to run on it: quoted
	// literals with & and |. Empty: it runs on every text, and Reason says why.
	Required string
	Reason   string
	// Folded says that the literals are looked for in either case; each rune of
	// them is then the smallest of its folding orbit.
	Folded bool
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
	required, folded, why := requiredOf(tree)
	if required == nil {
		return RegexInfo{Reason: why}, true
	}
	return RegexInfo{Required: required.String(), Folded: folded}, true
}
