package match

// Regex rules: what is accepted, and finding the matches of one in a text.

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// regexRule is a regex of a pack.
type regexRule struct {
	rule   uint32
	expr   string
	noCase bool
	// mayName says that the expression looks as if groups of it had names.
	mayName bool

	forward, backward programSlot
}

func (r *regexRule) source() string { return regexSource(r.expr, r.noCase) }

// runRegex gives the matches of regex i in text to s, no more than s wants. If
// there may be more, because it took too many steps or cannot be compiled, the
// rule is named in the result.
func (e *automata) runRegex(s *Scratch, i uint32, text []byte) (found int, complete bool) {
	r, run := e.programs.regexes[i], &s.regexes.runner
	m := s.regexes.machine(e.programs, 2*i)
	if m == nil {
		return 0, false
	}
	run.allow(text)
	for pos := 0; pos < len(text); found++ { // no match is empty
		end, ok := run.forward(m, text, pos, s.want == WantAny)
		if !ok || end < 0 {
			return found, ok
		}
		start := 0
		if s.want != WantAny && s.want != WantCount {
			if start, ok = e.startOf(s, i, m.program, text, pos, end); !ok {
				return found, false
			}
		}
		s.add(Match{int64(start), int64(end), r.rule})
		if s.want == WantAny || s.want == WantRules || s.most > 0 && found+1 >= s.most {
			return found + 1, true
		}
		pos = end
	}
	return found, true
}

// startOf returns where the leftmost match of regex i begins, at pos or behind,
// of which p has found the end.
func (e *automata) startOf(s *Scratch, i uint32, p *program, text []byte, pos, end int) (start int, ok bool) {
	switch {
	case p.anchored:
		return 0, true
	case p.length > 0:
		for range p.length {
			_, width := p.decodeLast(text[:end])
			end -= width
		}
		return end, true
	}
	m := s.regexes.machine(e.programs, 2*i+1)
	if m == nil {
		return 0, false
	}
	start, ok = s.regexes.runner.backward(m, text, pos, end)
	return start, ok && start >= 0
}

// regexSource is the expression that a rule stands for.
func regexSource(expr string, noCase bool) string {
	if noCase {
		return "(?i)" + expr
	}
	return expr
}

// checkRegex parses source and refuses what does not parse, can match nothing
// at all, or would get too large.
func checkRegex(source string) (*syntax.Regexp, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, regexError(source, err)
	}
	if matchesEmpty(tree) {
		return nil, fmt.Errorf("%w: every place of every text would match", ErrEmptyMatch)
	}
	if n := estimateInsts(tree, 3*maxInsts); n > 3*maxInsts {
		return nil, fmt.Errorf("%w: %w", ErrRegex, errTooComplex)
	} else if mayBeTooComplex(tree, n) {
		if _, err := compileProgram(tree); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRegex, err)
		}
	}
	return tree, nil
}

// regexError names what people bring along from other engines and RE2 syntax
// does not have.
func regexError(source string, err error) error {
	var se *syntax.Error
	if errors.As(err, &se) {
		switch e := se.Expr; {
		case e == "(?P" && strings.Contains(source, "(?P="):
			return fmt.Errorf("%w: back-references such as (?P=name) are not in RE2 syntax", ErrRegex)
		case se.Code == syntax.ErrInvalidEscape && len(e) == 2 && ('1' <= e[1] && e[1] <= '9' || e[1] == 'k'):
			return fmt.Errorf("%w: back-references such as %s are not in RE2 syntax", ErrRegex, e)
		case strings.HasPrefix(e, "(?<=") || strings.HasPrefix(e, "(?<!"):
			return fmt.Errorf("%w: look-behind %s is not in RE2 syntax", ErrRegex, e[:4])
		case strings.HasPrefix(e, "(?=") || strings.HasPrefix(e, "(?!"):
			return fmt.Errorf("%w: look-ahead %s is not in RE2 syntax", ErrRegex, e[:3])
		}
		return fmt.Errorf("%w: %s: %s", ErrRegex, se.Code, se.Expr)
	}
	return fmt.Errorf("%w: %w", ErrRegex, err)
}

// lengths returns how many runes the matches of re have, at least and at most;
// -1: there is no end, or no knowing.
func lengths(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, 1
	case syntax.OpCapture:
		return lengths(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest, syntax.OpPlus, syntax.OpRepeat:
		return repeatedLengths(re)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			l, m := lengths(sub)
			least, most = addLengths(least, l), addLengths(most, m)
		}
		return least, most
	case syntax.OpAlternate:
		least, most = lengths(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			l, m := lengths(sub)
			least = min(least, l)
			if most < 0 || m < 0 {
				most = -1
			} else {
				most = max(most, m)
			}
		}
		return least, most
	}
	return 0, 0
}

// repetition is how often a star, plus, question mark or count repeats what it
// stands behind; most is -1 if there is no end.
func repetition(re *syntax.Regexp) (least, most int) {
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

func repeatedLengths(re *syntax.Regexp) (least, most int) {
	l, m := lengths(re.Sub[0])
	low, high := repetition(re)
	least = min(l*low, maxLength)
	if m < 0 || high < 0 || m*high > maxLength {
		return least, -1
	}
	return least, m * high
}

// maxLength bounds what lengths counts.
const maxLength = 1 << 16

func addLengths(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return min(a+b, maxLength)
}

// matchesEmpty says whether re can match without consuming a byte somewhere.
// It takes assertions such as \b for satisfiable.
func matchesEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest,
		syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	case syntax.OpLiteral:
		return len(re.Rune) == 0
	case syntax.OpCapture, syntax.OpPlus:
		return matchesEmpty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || matchesEmpty(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !matchesEmpty(sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if matchesEmpty(sub) {
				return true
			}
		}
	}
	return false
}
