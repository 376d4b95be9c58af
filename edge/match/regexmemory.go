package match

// What regexes take on the heap, predicted before they have run. The constants
// are fitted to the rule sets of logcheck, SpamAssassin and fail2ban, on texts made
// for all of their rules: TestMemoryOfPackagedRegexes compares, DESIGN.md has the figures.

import "regexp/syntax"

// In bytes.
const (
	openMemory        = 250     // of a regex once its pack is loaded
	machineMemory     = 200     // of a regex in a scratch: its machines, its costs
	programAtLeast    = 1200    // of a program, whatever is in it
	programPerInst    = 7       // of estimateInsts, which counts too many
	statesMemory      = 8 << 10 // of the states of a regex in a scratch, about
	compiledTwiceUpTo = 2       // forward and backward
)

// programMemory is what the programs of a regex take.
func programMemory(tree *syntax.Regexp) int {
	n := programAtLeast + programPerInst*estimateInsts(tree, maxInsts)
	least, most := lengths(tree)
	if fixed := least == most && least < maxLength; !fixed && !anchored(tree) {
		n *= compiledTwiceUpTo // where a match begins is found backwards
	}
	return n
}

// anchored says whether all matches begin where the text does, as far as that
// is seen at a glance.
func anchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpCapture, syntax.OpConcat:
		return len(re.Sub) > 0 && anchored(re.Sub[0])
	}
	return false
}

// regexMemory is what all of them take, with one scratch: each other one has
// states of its own, see StateMemory.
func regexMemory(regexes []builtRegex) int64 {
	programs := int64(0)
	for _, r := range regexes {
		programs += int64(r.programs)
		if r.required == nil {
			programs += int64(r.programs) // in a group once more
		}
	}
	return int64(len(regexes))*openMemory + min(programs, programBudget) + StateMemory(len(regexes))
}

// StateMemory is what so many regexes take for each scratch that has scanned
// with all of them, in bytes: a prediction.
func StateMemory(regexes int) int64 {
	n := int64(regexes)
	return n*machineMemory + min(n*statesMemory, defaultCacheSize)
}
