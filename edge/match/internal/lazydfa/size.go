package lazydfa

// How large a regex is: the bounds of a program, predicted from the parsed expression, and the
// lengths of matches.

import (
	"errors"
	"regexp/syntax"
)

// Bounds of a program. Compile refuses what is larger.
const (
	maxInsts    = 100_000
	maxClasses  = 1 << 16
	maxSetBytes = 4 << 20
	maxPieces   = 4 << 20 // of all sets, see classify
)

// ErrTooComplex is behind the error for a regex whose program would be over a bound.
var ErrTooComplex = errors.New("too large when compiled: split it into several rules")

// Check refuses a regex whose program would be over a bound. It compiles the regex only where
// nothing else can tell.
func Check(tree *syntax.Regexp) error {
	n := estimate(tree, 3*maxInsts)
	if n > 3*maxInsts {
		return ErrTooComplex
	}
	classes, ranges := countClasses(tree)
	if n <= maxInsts/3 && (classes == 0 || ranges <= maxPieces/8/classes) {
		return nil
	}
	_, err := Compile(tree)
	return err
}

// countClasses counts the character classes of re and their ranges.
func countClasses(re *syntax.Regexp) (classes, ranges int) {
	if re.Op == syntax.OpCharClass {
		return 1, len(re.Rune) / 2
	}
	for _, sub := range re.Sub {
		c, r := countClasses(sub)
		classes, ranges = classes+c, ranges+r
	}
	return classes, ranges
}

// EstimateInsts predicts the number of instructions of a program: no less than there will be, no
// more than about three times as many, and not above the bound of a program.
func EstimateInsts(tree *syntax.Regexp) int { return estimate(tree, maxInsts) }

// estimate is EstimateInsts with a bound of its own; over limit it stops counting.
func estimate(re *syntax.Regexp, limit int) int {
	n := 2
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune) + 1
	}
	for _, sub := range re.Sub {
		if n > limit {
			break
		}
		n += estimate(sub, limit)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min+1, re.Max, 1)
	}
	return min(n, limit+1)
}

// MaxLength bounds what Lengths counts.
const MaxLength = 1 << 16

// Lengths returns how many runes the shortest and the longest match of re have, up to MaxLength.
// longest is -1 if there is no longest match.
func Lengths(re *syntax.Regexp) (shortest, longest int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, 1
	case syntax.OpCapture:
		return Lengths(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest, syntax.OpPlus, syntax.OpRepeat:
		return repeatedLengths(re)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			s, l := Lengths(sub)
			shortest, longest = addLengths(shortest, s), addLengths(longest, l)
		}
		return shortest, longest
	case syntax.OpAlternate:
		shortest, longest = Lengths(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			s, l := Lengths(sub)
			shortest = min(shortest, s)
			if longest < 0 || l < 0 {
				longest = -1
			} else {
				longest = max(longest, l)
			}
		}
		return shortest, longest
	}
	return 0, 0
}

// Repetition returns how often a star, plus, question mark or count repeats its operand; most is -1
// if there is no bound.
func Repetition(re *syntax.Regexp) (fewest, most int) {
	switch re.Op {
	case syntax.OpQuest:
		return 0, 1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpRepeat:
		return re.Min, re.Max
	}
	return 0, -1
}

func repeatedLengths(re *syntax.Regexp) (shortest, longest int) {
	s, l := Lengths(re.Sub[0])
	fewest, most := Repetition(re)
	shortest = min(s*fewest, MaxLength)
	if l < 0 || most < 0 || l*most > MaxLength {
		return shortest, -1
	}
	return shortest, l * most
}

func addLengths(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return min(a+b, MaxLength)
}
