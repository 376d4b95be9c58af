package match

// What regexes cost: counted per regex in all runs, to find expensive regexes.

import (
	"slices"
	"time"
)

// RegexCost is what a regex has cost since the pack was loaded, without the time taken by groups of
// regexes together.
type RegexCost struct {
	Rule    int
	Runs    int64         // texts or lines that the regex ran on
	Matched int64         // runs with a match
	GivenUp int64         // runs given up
	Bytes   int64         // read by the regex
	Time    time.Duration // an estimate: some runs are timed, and all runs on long texts
}

// Which runs are timed: one of timeOneOf, and those on long texts.
const (
	timeOneOf  = 64
	timeAlways = 16 << 10 // bytes
)

// runCounted is runRegex, with the cost noted.
func (e *searcher) runCounted(s *Scratch, i uint32, text []byte) {
	r := &s.regexes
	var begun time.Time
	scale := time.Duration(0)
	switch r.runs++; {
	case len(text) >= timeAlways:
		scale = 1
	case r.runs%timeOneOf == 0:
		scale = timeOneOf
	}
	if scale > 0 {
		begun = time.Now()
	}
	read := r.runner.BytesRead
	found, complete := e.runRegex(s, i, text)

	cost := r.cost(i)
	if scale > 0 {
		cost.Time += scale * time.Since(begun)
	}
	cost.Runs++
	cost.Bytes += r.runner.BytesRead - read
	if found > 0 {
		cost.Matched++
	}
	if !complete && !s.stopped {
		cost.GivenUp++
		r.giveUp(e.programs.regexes[i].rule)
	}
}

// cost returns where to note the cost of a regex.
func (r *regexScratch) cost(i uint32) *RegexCost {
	if r.costAt[i] == 0 {
		r.costs = append(r.costs, RegexCost{Rule: int(i)})
		r.costAt[i] = uint32(len(r.costs))
	}
	return &r.costs[r.costAt[i]-1]
}

// deliver adds the costs that r knows to those of the pack.
func (r *regexScratch) deliver(p *programs) {
	if len(r.costs) == 0 {
		return
	}
	p.mu.Lock()
	if p.costs == nil {
		p.costs = make([]RegexCost, len(p.regexes))
	}
	for _, c := range r.costs {
		sum := &p.costs[c.Rule]
		sum.Runs += c.Runs
		sum.Matched += c.Matched
		sum.GivenUp += c.GivenUp
		sum.Bytes += c.Bytes
		sum.Time += c.Time
		r.costAt[c.Rule] = 0
	}
	p.mu.Unlock()
	r.costs = r.costs[:0]
}

// Costs returns the costs of the pack's regexes in all finished scans, in the order of the rules.
// Regexes that never ran are left out. Costs is safe for concurrent use.
func (p *Pack) Costs() []RegexCost {
	p.programs.mu.Lock()
	costs := slices.Clone(p.programs.costs)
	p.programs.mu.Unlock()
	for i := range costs {
		costs[i].Rule = int(p.regexes[i].rule)
	}
	return slices.DeleteFunc(costs, func(c RegexCost) bool { return c.Runs == 0 })
}
