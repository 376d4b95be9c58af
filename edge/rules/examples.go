// Running the examples that stand beside rules.

package rules

import (
	"fmt"
	"slices"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/match"
)

// ExamplesReport says what became of the examples of some rule files.
type ExamplesReport struct {
	Rules    int // in all files
	Without  int // rules that have no examples
	Examples int
	Failures []Failure
}

// Failure is an example that its rule does not treat as it should.
type Failure struct {
	File    string
	Line    int // of the rule
	Rule    string
	Text    string
	Matches bool // what the rule does; the example wants the opposite
}

// String is "file:line: rule "id" should match "text"".
func (f *Failure) String() string {
	should := "should match"
	if f.Matches {
		should = "should not match"
	}
	return escape.Sprintf("%s:%d: rule %q %s %q", f.File, f.Line, f.Rule, should, f.Text)
}

// String is a summary of one line.
func (r *ExamplesReport) String() string {
	s := fmt.Sprintf("%s of %s: ", plural(r.Examples, "example"), plural(r.Rules-r.Without, "rule"))
	if len(r.Failures) == 0 {
		s += "all hold"
	} else {
		s += thousands(len(r.Failures)) + " failed"
	}
	if r.Without > 0 {
		s += fmt.Sprintf(" (%s without examples)", plural(r.Without, "rule"))
	}
	return s
}

// TestExamples compiles rule files, and those of folders, and looks for the
// rules in their own examples, each example a text by itself. An error means
// that there was nothing to test, or the files are wrong; it is then of type Problems.
func TestExamples(paths []string) (*ExamplesReport, error) {
	report := &ExamplesReport{}
	paths = expand(paths)
	if _, err := Check(paths, Options{}); err != nil {
		return report, err
	}
	var ps problems
	for _, path := range paths {
		if !isRuleFile(path) {
			ps.add(path, 0, "has no examples; only rule files (.yaml) do")
			continue
		}
		if err := report.addFile(path); err != nil {
			return report, err
		}
	}
	if err := ps.err(); err != nil {
		return report, err
	}
	if report.Examples == 0 {
		ps.add("", 0, "no examples in %s; write them beside a rule as examples: {match: ['a'], miss: ['b']}", strings.Join(paths, ", "))
	}
	return report, ps.err()
}

// addFile runs the examples of one rule file, over all its rules at once.
func (r *ExamplesReport) addFile(path string) error {
	file, err := ReadFile(path)
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

// list returns the texts that must match, or those that must not.
func (e *Examples) list(match bool) []string {
	if match {
		return e.Match
	}
	return e.Miss
}
