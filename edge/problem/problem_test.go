package problem

import (
	"fmt"
	"strings"
	"testing"
)

func TestProblemIsOneLine(t *testing.T) {
	for want, p := range map[string]Problem{
		"f:3: no":             {"f", 3, "no"},
		"f: no":               {"f", 0, "no"},
		"no":                  {"", 0, "no"},
		`a\nb:1: x\x1b[2Jy\n`: {"a\nb", 1, "x\x1b[2Jy\n"},
	} {
		if got := p.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if n := len((Problem{Message: strings.Repeat("x", 1<<20)}).Error()); n > maxMessage+10 {
		t.Errorf("%d bytes", n)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var c Collector
	if c.Err() != nil {
		t.Error("an error without problems")
	}
	for i := range maxProblems + 1234 {
		c.Add("f", i, "no")
	}
	if c.Count() != maxProblems+1234 {
		t.Errorf("%d counted", c.Count())
	}
	lines := strings.Split(c.Err().Error(), "\n")
	if len(lines) != maxProblems+1 || lines[maxProblems] != "and 1,234 more" {
		t.Errorf("%d lines, the last one %q", len(lines), lines[len(lines)-1])
	}
	if len(c.list) != maxProblems {
		t.Error("Err has changed the list")
	}
}

func TestProblemsAreSortedByFileAndLine(t *testing.T) {
	var c Collector
	for _, p := range []Problem{{"x", 1, ""}, {"b", 2, "first"}, {"w", 0, ""}, {"a", 9, ""}, {"b", 1, ""}, {"b", 2, "second"}, {"", 0, ""}, {"x", 0, ""}} {
		c.Append(p)
	}
	c.Sort("a", "b", "a")
	var got []string
	for _, p := range c.list {
		got = append(got, fmt.Sprintf("%s%d%s", p.File, p.Line, p.Message))
	}
	if s := strings.Join(got, " "); s != "0 a9 b1 b2first b2second x0 x1 w0" {
		t.Error(s)
	}
}
