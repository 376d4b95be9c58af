package match

// Regex rules: which regexes are accepted, and finding the matches of a regex in a text.

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"

	"trawl/edge/match/internal/lazydfa"
)

// regexRule is a regex of a pack.
type regexRule struct {
	rule   uint32
	expr   string
	noCase bool
	// mayName says that the expression looks as if groups of it had names.
	mayName bool

	forward, backward lazyProgram
}

func (r *regexRule) source() string { return regexSource(r.expr, r.noCase) }

// runRegex gives the matches of regex i in text to s, no more than s wants. complete is false if
// there may be more: the regex took too many steps, or cannot be compiled.
func (e *searcher) runRegex(s *Scratch, i uint32, text []byte) (found int, complete bool) {
	r, run := e.programs.regexes[i], &s.regexes.runner
	m := s.regexes.machine(e.programs, 2*i)
	if m == nil {
		return 0, false
	}
	run.Allow(len(text))
	for pos := 0; pos < len(text); found++ { // no match is empty
		end, ok := run.Forward(m, text, pos, s.results.want == WantAny)
		if !ok || end < 0 {
			return found, ok
		}
		start := 0
		if s.results.want != WantAny && s.results.want != WantCount {
			if start, ok = e.startOf(s, i, m.Program, text, pos, end); !ok {
				return found, false
			}
		}
		s.results.add(Match{int64(start), int64(end), r.rule})
		if s.results.want == WantAny || s.results.want == WantRules || s.results.limit > 0 && found+1 >= s.results.limit {
			return found + 1, true
		}
		pos = end
	}
	return found, true
}

// startOf returns the beginning, at pos or behind, of the match of regex i that ends at end.
func (e *searcher) startOf(s *Scratch, i uint32, p *lazydfa.Program, text []byte, pos, end int) (start int, ok bool) {
	if start, ok = p.Start(text, end); ok {
		return start, true
	}
	m := s.regexes.machine(e.programs, 2*i+1)
	if m == nil {
		return 0, false
	}
	start, ok = s.regexes.runner.Backward(m, text, pos, end)
	return start, ok && start >= 0
}

// regexSource is the expression that a rule stands for.
func regexSource(expr string, noCase bool) string {
	if noCase {
		return "(?i)" + expr
	}
	return expr
}

// checkRegex parses source. It refuses source that does not parse, a regex that can match the empty
// string, and a regex with too large a program.
func checkRegex(source string) (*syntax.Regexp, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, regexError(source, err)
	}
	if matchesEmpty(tree) {
		return nil, fmt.Errorf("%w: every place of every text would match", ErrEmptyMatch)
	}
	if err := lazydfa.Check(tree); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRegex, err)
	}
	return tree, nil
}

// regexError names the syntax of other engines that RE2 does not have.
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

// matchesEmpty says whether re can match the empty string. It takes assertions such as \b for
// satisfiable.
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
