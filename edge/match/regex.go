package match

// Regex rules: what is accepted, and programs that are built on first use.

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// regexRule is a regex of a pack.
type regexRule struct {
	rule    uint32
	source  string // with (?i) where the rule ignores case
	hinted  bool   // the folded automaton says when it can match
	program func() *regexp.Regexp
}

func newRegexRule(rule uint32, source string, hinted bool) *regexRule {
	return &regexRule{rule, source, hinted, sync.OnceValue(func() *regexp.Regexp {
		// checkRegex accepted the source, so this succeeds; if it ever did
		// not, the rule would match nothing.
		program, _ := regexp.Compile(source)
		return program
	})}
}

// run gives the matches in text to s, no more than s wants.
func (r *regexRule) run(s *Scratch, text []byte) {
	program := r.program()
	if program == nil {
		return
	}
	switch s.want {
	case WantAny:
		s.any = s.any || program.Match(text)
	case WantCount:
		// Unlike FindAllIndex this does not hold all matches at once.
		program.ReplaceAllFunc(text, func([]byte) []byte {
			s.any = true
			s.count++
			return nil
		})
	case WantRules, WantFirst:
		if at := program.FindIndex(text); at != nil {
			s.add(Match{int64(at[0]), int64(at[1]), r.rule})
		}
	default:
		most := -1
		if s.most > 0 {
			most = s.most
		}
		for _, at := range program.FindAllIndex(text, most) {
			s.add(Match{int64(at[0]), int64(at[1]), r.rule})
		}
	}
}

// regexSource is the expression that a rule stands for.
func regexSource(expr string, noCase bool) string {
	if noCase {
		return "(?i)" + expr
	}
	return expr
}

// checkRegex parses source and refuses what does not parse or can match
// nothing at all.
func checkRegex(source string) (*syntax.Regexp, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, regexError(source, err)
	}
	if matchesEmpty(tree) {
		return nil, fmt.Errorf("%w: every place of every text would match", ErrEmptyMatch)
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
