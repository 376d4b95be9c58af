package rules

// Inspecting rules one by one: required literals and costs.

import (
	"runtime"
	"sort"
	"sync"
	"sync/atomic"

	"trawl/edge/match"
)

// Inspection describes the costs of rules.
type Inspection struct {
	Report
	// Rules holds the rules of rule files and the regexes of a pack: the worst first, those without
	// warnings last, and among equals the largest first. Words of word lists are only counted in
	// Report.
	Rules []RuleReport
}

// RuleReport describes the cost of a rule.
type RuleReport struct {
	ID       string
	File     string
	Line     int // 0: in a pack
	Literals int // 0: the rule is a regex

	// Of a regex.
	Info     match.RegexInfo
	Trial    match.Trial
	Warnings []Warning

	expr   string
	noCase bool
	breaks int // literals with a line break; 1 for a regex with a line break in every match
}

// Inspect reads and validates like Check, and inspects each regex: required literals, size, and
// whether there are texts on which the regex is given up. Report and error are those of Check;
// after an error there are no rules.
func Inspect(paths []string, o Options) (*Inspection, error) {
	var found Inspection
	l := newLoader(o)
	l.onRule = func(path string, r *Rule) {
		found.Rules = append(found.Rules, RuleReport{
			ID: r.Label(), File: path, Line: r.Line, Literals: len(r.Literals),
			expr: r.Regex, noCase: r.NoCase || o.NoCase, breaks: lineBreaks(&r.Rule),
		})
	}
	err := l.load(paths)
	defer l.closePack()
	found.Report = l.report
	if err != nil {
		return &Inspection{Report: l.report}, err
	}
	if l.pack != nil {
		found.addPack(l.pack, l.report.Files[0].Path)
	}
	found.inspect()
	sort.SliceStable(found.Rules, func(i, j int) bool {
		a, b := &found.Rules[i], &found.Rules[j]
		if a.badness() != b.badness() {
			return a.badness() > b.badness()
		}
		return a.Trial.Instructions > b.Trial.Instructions // of literals: 0
	})
	return &found, nil
}

func (s *Inspection) addPack(p *match.Pack, path string) {
	for _, i := range p.Regexes() {
		if r, ok := p.Rule(i); ok {
			s.Rules = append(s.Rules, RuleReport{ID: r.ID, File: path, expr: r.Regex, noCase: r.NoCase, breaks: lineBreaks(r)})
		}
	}
}

// inspect tries the regexes out, on all cores: each takes a fraction of a
// millisecond, and a rule file can have a hundred thousand.
func (s *Inspection) inspect() {
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(s.Rules)) {
		working.Go(func() {
			var inspector match.Inspector
			for i := next.Add(1) - 1; i < int64(len(s.Rules)); i = next.Add(1) - 1 {
				r := &s.Rules[i]
				if r.Literals == 0 {
					var err error
					if r.Info, r.Trial, err = inspector.Inspect(r.expr, r.noCase); err != nil {
						r.Info.Reason = err.Error() // the pack was not made by this program
					}
				}
				r.Warnings = warningsOf(r)
			}
		})
	}
	working.Wait()
}

// Costs sums the regexes up.
type Costs struct {
	Regexes  int
	Unhinted int // regexes that run on every text
	Warned   int // rules with a warning

	PrefilterBytes int64
	ProgramBytes   int64
	StateBytes     int64 // of each slot after scanning with all regexes: a prediction
}

// Costs sums the regexes up.
func (s *Inspection) Costs() Costs {
	var c Costs
	for i := range s.Rules {
		r := &s.Rules[i]
		if len(r.Warnings) > 0 {
			c.Warned++
		}
		if r.Literals > 0 {
			continue
		}
		c.Regexes++
		if r.Info.Needs == nil {
			c.Unhinted++
		}
		c.PrefilterBytes += int64(r.Trial.PrefilterBytes)
		c.ProgramBytes += int64(r.Trial.ProgramBytes)
	}
	c.StateBytes = match.StateMemory(c.Regexes)
	return c
}
