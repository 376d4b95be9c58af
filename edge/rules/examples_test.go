package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exampleRules = "../../docs/examples/code-and-logs"

// The rule set that the repository ships: its examples hold, and its README
// counts right.
func TestShippedRuleSet(t *testing.T) {
	readme, err := os.ReadFile("../../docs/examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, report, err := Compile([]string{exampleRules}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Literals < 1000 || report.Regexes < 60 {
		t.Errorf("%d literals and %d regexes", report.Literals, report.Regexes)
	}
	for _, f := range report.Files {
		row := fmt.Sprintf("| %s | %d | %d | %d |", filepath.Base(f.Path), f.Rules, f.Literals, f.Regexes)
		if !strings.Contains(string(readme), row) {
			t.Errorf("docs/examples/README.md lacks %s", row)
		}
		file, err := readFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range file.Rules {
			r := &file.Rules[i]
			if r.Severity == "" || r.Message == "" || len(r.Tags) == 0 {
				t.Errorf("%s lacks tags, severity or message", r.ID)
			}
			if r.Regex != "" && (len(r.Examples.Match) == 0 || len(r.Examples.Miss) == 0) {
				t.Errorf("%s has no examples", r.ID)
			}
		}
	}
	examples, err := TestExamples([]string{exampleRules})
	if err != nil {
		t.Fatal(err)
	}
	for i := range examples.Failures {
		t.Error(&examples.Failures[i])
	}
}
