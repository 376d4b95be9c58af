package rules

// Examples in rule files, run.

import (
	"fmt"
	"slices"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/human"
	"trawl/edge/match"
	"trawl/edge/problem"
)

// ExamplesReport counts the examples of rule files.
type ExamplesReport struct {
	Rules    int // in all files
	Without  int // rules without examples
	Examples int
	Failures []Failure
}

// Failure is an example that contradicts its rule.
type Failure struct {
	File    string
	Line    int // of the rule
	Rule    string
	Text    string
	Matches bool // the rule matches, or not; the example wants the opposite
}

// String is "file:line: rule "id" should match "text"".
func (f *Failure) String() string {
	should := "should match"
	if f.Matches {
		should = "should not match"
	}
	return escape.Sprintf("%s:%d: rule %q %s %q", f.File, f.Line, f.Rule, should, f.Text)
}

// String returns a summary of one line.
func (r *ExamplesReport) String() string {
	s := fmt.Sprintf("%s of %s: ", human.Count(r.Examples, "example"), human.Count(r.Rules-r.Without, "rule"))
	if len(r.Failures) == 0 {
		s += "all hold"
	} else {
		s += human.Number(len(r.Failures)) + " failed"
	}
	if r.Without > 0 {
		s += fmt.Sprintf(" (%s without examples)", human.Count(r.Without, "rule"))
	}
	return s
}

// TestExamples compiles rule files, also of folders, and scans each example, a text by itself, for
// its rule. An error means that there was nothing to test, or is a problem.List about the files.
func TestExamples(paths []string) (*ExamplesReport, error) {
	report := &ExamplesReport{}
	paths = Expand(paths)
	if _, err := Check(paths, Options{}); err != nil {
		return report, err
	}
	var ps problem.Collector
	for _, path := range paths {
		if !isRuleFile(path) {
			ps.Add(path, 0, "has no examples; only rule files (.yaml) do")
			continue
		}
		if err := report.addFile(path); err != nil {
			return report, err
		}
	}
	if err := ps.Err(); err != nil {
		return report, err
	}
	if report.Examples == 0 {
		ps.Add("", 0, "no examples in %s; write them beside a rule as examples: {match: ['a'], miss: ['b']}", strings.Join(paths, ", "))
	}
	return report, ps.Err()
}

// addFile runs the examples of a rule file with one pack of all rules.
func (r *ExamplesReport) addFile(path string) error {
	file, err := readFile(path)
	if err != nil {
		return err
	}
	b := match.NewBuilder(match.Options{})
	for i := range file.Rules {
		if err := b.Add(&file.Rules[i].Rule); err != nil {
			return fmt.Errorf("%s:%d: %w", path, file.Rules[i].Line, err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		return fmt.Errorf("compile %s: %w", path, err)
	}
	defer pack.Close()
	scratch := pack.NewScratch()
	for i := range file.Rules {
		rule := &file.Rules[i]
		r.Rules++
		if len(rule.Examples.Match)+len(rule.Examples.Miss) == 0 {
			r.Without++
		}
		for _, want := range []bool{true, false} {
			for _, text := range rule.Examples.list(want) {
				r.Examples++
				result := pack.Scan(scratch, []byte(text), match.Query{Want: match.WantRules})
				if matches := slices.Contains(result.Rules, uint32(i)); matches != want {
					r.Failures = append(r.Failures, Failure{path, rule.Line, rule.Label(), text, matches})
				}
			}
		}
	}
	return nil
}

// list returns the texts that must match, or those that must miss.
func (e *Examples) list(match bool) []string {
	if match {
		return e.Match
	}
	return e.Miss
}
