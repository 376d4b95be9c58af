package regextest

// grep as an oracle.

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"trawl/test/need"
)

// GrepLines returns which lines grep finds; false if grep refuses the pattern.
func GrepLines(t *testing.T, locale, mode, pattern string, lines []string) ([]bool, bool) {
	t.Helper()
	cmd := need.Command("grep", "-a", "-n", mode, "-e", pattern)
	cmd.Env = append(cmd.Env, "LC_ALL="+locale)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 1 {
		return nil, false
	}
	if err != nil && exit == nil {
		t.Fatal(err)
	}
	hits := make([]bool, len(lines))
	for line := range bytes.Lines(out) {
		var n int
		if _, err := fmt.Sscanf(string(line), "%d:", &n); err == nil {
			hits[n-1] = true
		}
	}
	return hits, true
}

// Agrees compares expr, a translation of src, with the answers of an oracle. partly describes known
// differences.
func Agrees(t *testing.T, src, expr, partly string, lines []string, want []bool) {
	t.Helper()
	re, err := regexp.Compile(expr)
	if err != nil {
		t.Errorf("%q became %q: %v", src, expr, err)
		return
	}
	more, less := strings.Contains(partly, "finds more"), strings.Contains(partly, "finds less")
	for i, line := range lines {
		if got := re.MatchString(line); got != want[i] && !(got && more) && !(!got && less) {
			t.Errorf("%q became %q: on %q it says %v, the original %v", src, expr, line, got, want[i])
			return
		}
	}
}

// grepComparison compares regexes of packages with grep, over lines made from the regexes.
type grepComparison struct {
	mode                  string // of grep
	g, trails             *rand.Rand
	compared, lines, hits int
	takesBlanks           bool // the program strips blanks off the ends of lines, the importer's rules do not
}

func NewGrepComparison(mode string, takesBlanks bool) *grepComparison {
	return &grepComparison{mode: mode, g: rand.New(rand.NewPCG(9, 10)), trails: rand.New(rand.NewPCG(13, 14)), takesBlanks: takesBlanks}
}

func (c *grepComparison) Compare(t *testing.T, src, expr, partly string) {
	t.Helper()
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	lines := Samples(c.g, tree)
	seen := lines
	if c.takesBlanks {
		for i := range lines {
			lines[i] += []string{"", "", "\r", " ", " \t\r"}[c.trails.IntN(5)]
		}
		seen = slices.Clone(lines)
		for i := range seen {
			seen[i] = strings.TrimRight(seen[i], " \t\n\v\f\r")
		}
	}
	want, ok := GrepLines(t, "C", c.mode, src, seen)
	if !ok {
		if _, ok := GrepLines(t, "C", c.mode, src, []string{"a"}); !ok {
			t.Errorf("grep refuses %s", src)
		}
		return // PCRE gives up on some lines
	}
	Agrees(t, src, expr, partly, lines, want)
	c.compared++
	c.lines += len(lines)
	for _, hit := range want {
		if hit {
			c.hits++
		}
	}
}

// Enough fails the test if fewer regexes were compared.
func (c *grepComparison) Enough(t *testing.T, regexes int) {
	t.Helper()
	t.Logf("%d regexes compared, %d lines, %d hits", c.compared, c.lines, c.hits)
	if c.compared < regexes || c.hits < 5*c.compared {
		t.Errorf("%d regexes compared, %d hits", c.compared, c.hits)
	}
}
