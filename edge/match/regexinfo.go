package match

// What callers may want to know of a regex: the required literals, and the memory of the regex.
// Memory is predicted, before a regex has run; the constants are fitted to the rule sets of
// logcheck, SpamAssassin and fail2ban, on texts made for all of the rules.
// TestMemoryOfPackagedRegexes compares, DESIGN.md has the figures.

import (
	"regexp/syntax"

	"trawl/edge/match/internal/lazydfa"
	"trawl/edge/match/internal/required"
)

// Requirement is true of a text or not: the formula of a regex.
type Requirement = required.Requirement

// RegexInfo tells how a regex is run.
type RegexInfo struct {
	// Required says, as quoted literals with & and |, which literals a text needs for the regex to
	// run. An empty Required means that the regex runs on every text; then Reason says why.
	Required string
	Reason   string
	// Folded says that the literals are looked for in either case. Then each rune of a literal is
	// the smallest of its folding orbit.
	Folded bool

	// Needs is Required as a tree; nil if Required is empty.
	Needs *Requirement
	// Rarity is about how rare the required literals are in texts, in bits: one place in 2^Rarity.
	Rarity int
	// Shortest is the length in bytes of the shortest literal that alone makes a text worth a
	// closer look.
	Shortest int
	// Groups are the names of the groups that have one, in order.
	Groups []string
}

// Common says whether the literals of a regex occur in too many texts to save much. Common is false
// for a regex without literals.
func (i *RegexInfo) Common() bool {
	return i.Needs != nil && (i.Rarity < required.MinCondition || i.Shortest <= commonLength)
}

// commonLength is the length up to which every literal is common.
const commonLength = 2

func regexInfo(tree *syntax.Regexp) RegexInfo {
	f, folded, why := required.Of(tree)
	if f == nil {
		return RegexInfo{Reason: why, Groups: groupNames(tree)}
	}
	info := RegexInfo{Required: f.String(), Folded: folded, Needs: f.Requirement(), Rarity: f.Rarity(), Groups: groupNames(tree)}
	info.Shortest = required.MaxLiteral
	for _, s := range f.Trigger() {
		info.Shortest = min(info.Shortest, len(s))
	}
	return info
}

// Regex tells how the regex of a rule is run; ok is false if the rule has no regex. The answer is
// worked out from the expression: a pack keeps the formula that it was compiled with.
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

// In bytes.
const (
	openMemory       = 250     // of a regex once the pack is loaded
	machineMemory    = 200     // of a regex in a scratch: machines and costs
	minProgramMemory = 1200    // of any program
	programPerInst   = 7       // of an instruction of EstimateInsts, which counts too many
	statesMemory     = 8 << 10 // about, of the states of a regex in a scratch
	programsPerRegex = 2       // forward and backward
)

// programMemory is what the programs of a regex take.
func programMemory(tree *syntax.Regexp) int {
	n := minProgramMemory + programPerInst*lazydfa.EstimateInsts(tree)
	shortest, longest := lazydfa.Lengths(tree)
	if fixed := shortest == longest && shortest < lazydfa.MaxLength; !fixed && !anchored(tree) {
		n *= programsPerRegex // the beginning of a match is found by running backwards
	}
	return n
}

// anchored says whether all matches begin where the text does, as far as the first part of re
// tells.
func anchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpCapture, syntax.OpConcat:
		return len(re.Sub) > 0 && anchored(re.Sub[0])
	}
	return false
}

// regexMemory is the memory of all regexes with a single scratch. Every other scratch adds states,
// see StateMemory.
func regexMemory(regexes []builtRegex) int64 {
	programs := int64(0)
	for _, r := range regexes {
		programs += int64(r.programs)
		if r.required == nil {
			programs += int64(r.programs) // the regex is compiled once more, in a group
		}
	}
	return int64(len(regexes))*openMemory + min(programs, programBudget) + StateMemory(len(regexes))
}

// StateMemory predicts the bytes of states, for a number of regexes, of each scratch that has
// scanned with all regexes.
func StateMemory(regexes int) int64 {
	n := int64(regexes)
	return n*machineMemory + min(n*statesMemory, lazydfa.DefaultCacheSize)
}
