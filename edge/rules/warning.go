package rules

// Warnings: slow regexes, rules that find nothing, and advice.

import (
	"fmt"

	"trawl/edge/human"
	"trawl/edge/match"
)

// Warning says that a valid rule may be slow, or find nothing in lines.
type Warning struct {
	Kind    WarningKind
	Message string // about this rule
}

// WarningKind is a reason for a rule to be slow, or to find nothing.
type WarningKind string

// Kinds of warnings, the worst first.
const (
	WarnLineBreak     WarningKind = "line-break"     // cannot match within one line
	WarnGivenUp       WarningKind = "given-up"       // on some texts, matches are missing
	WarnNoLiteral     WarningKind = "no-literal"     // runs on every text
	WarnLarge         WarningKind = "large"          // large program or large states
	WarnCommonLiteral WarningKind = "common-literal" // runs on many texts
)

// WarningKinds are all kinds, the worst first.
func WarningKinds() []WarningKind {
	return []WarningKind{WarnLineBreak, WarnGivenUp, WarnNoLiteral, WarnLarge, WarnCommonLiteral}
}

// Advice explains a kind of warning, with advice.
func (k WarningKind) Advice() string {
	switch k {
	case WarnLineBreak:
		return "its matches go over several lines, or hold a line's end, and trawl scan looks at each line by itself, without its \\n: " +
			"there it finds nothing. It is for whole texts (trawl send, or a client without \"lines\"). For lines take the \\n out, or make a rule of each line"
	case WarnGivenUp:
		return "on texts full of its matches or beginnings it needs more steps than it may take; it is then given up for that text, " +
			"and the answer names it as incomplete. Take optional parts such as (?:.*z)? off, write [^z]* for .*, or lower counts, those within others first"
	case WarnNoLiteral:
		return "nothing tells beforehand which texts it can match, so every text is read for it. " +
			"Add a literal that all its matches have, as in id=[0-9]+, or make a rule of each alternative"
	case WarnLarge:
		return "its program or its states take much of what all rules share. " +
			"Lower counts such as {1000}, write + where the count does not matter, or split it; plain alternatives go into words or a word list"
	case WarnCommonLiteral:
		return "its literals are short or in many texts, so it runs on many. " +
			"Make them longer, if its matches have more in common, as in \\bIBAN DE for \\bDE"
	}
	return ""
}

// From here on a regex is large.
const (
	largeInsts  = 5_000
	largeStates = match.CacheSize / 32 // bytes
)

func warningsOf(r *RuleReport) []Warning {
	var list []Warning
	warn := func(k WarningKind, format string, args ...any) {
		list = append(list, Warning{k, fmt.Sprintf(format, args...)})
	}
	if r.breaks > 0 {
		warn(WarnLineBreak, "%s", r.brokenUp())
	}
	if r.Literals > 0 {
		return list
	}
	if r.Trial.GivenUp {
		warn(WarnGivenUp, "given up on a text of %d KiB made for it, after %s steps", match.TrialText>>10, human.Number(int(r.Trial.Allowed)))
	}
	if r.Info.Needs == nil {
		warn(WarnNoLiteral, "%s", r.Info.Reason)
	}
	if r.Trial.Instructions > largeInsts || r.Trial.StateBytes > largeStates {
		warn(WarnLarge, "%s instructions, %s bytes of states after %d KiB of text",
			human.Number(r.Trial.Instructions), human.Number(r.Trial.StateBytes), match.TrialText>>10)
	}
	if r.Info.Common() {
		warn(WarnCommonLiteral, "looks for %s", r.Info.Needs.Short(3))
	}
	return list
}

// brokenUp says which parts of the rule have a line break.
func (r *RuleReport) brokenUp() string {
	switch {
	case r.Literals == 0:
		return "all its matches have a line break in them"
	case r.Literals == 1:
		return "the literal has a line break in it"
	}
	return fmt.Sprintf("%s of its %s have a line break in them", human.Number(r.breaks), human.Count(r.Literals, "literal"))
}

// badness orders rules by their worst warning, then by the number of warnings.
func (r *RuleReport) badness() int {
	if len(r.Warnings) == 0 {
		return 0
	}
	kinds := WarningKinds()
	for i, k := range kinds {
		if r.Warnings[0].Kind == k {
			return (len(kinds)-i)*10 + len(r.Warnings)
		}
	}
	return 1
}
