package match

// What regexes cost: counted per regex while they run, so that an expensive
// one can be found.

import (
	"slices"
	"time"
)

// RegexCost is what a regex has cost since its pack was loaded, the groups of
// regexes without required literals aside: they are not run one by one.
type RegexCost struct {
	Rule    int
	Runs    int64         // texts or lines it ran on
	Matched int64         // of these, those with a match
	GivenUp int64         // of these, those it was given up on
	Bytes   int64         // read by it
	Time    time.Duration // estimated: some runs are timed, and all on long texts
}

// Runs that are timed: one of so many, and those on long texts.
const (
	timeOneOf  = 64
	timeAlways = 16 << 10 // bytes
)

// runCounted is runRegex with its costs noted.
func (e *automata) runCounted(s *Scratch, i uint32, text []byte) {
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
	read := r.runner.read
	found, complete := e.runRegex(s, i, text)

	cost := r.cost(i)
	if scale > 0 {
		cost.Time += scale * time.Since(begun)
	}
	cost.Runs++
	cost.Bytes += r.runner.read - read
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

// deliver adds what s knows of costs to the pack's.
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

// Costs returns what the pack's regexes have cost in all scans that have ended,
// in the order of their rules, without those that never ran. It is safe for
// concurrent use.
func (p *Pack) Costs() []RegexCost {
	p.programs.mu.Lock()
	costs := slices.Clone(p.programs.costs)
	p.programs.mu.Unlock()
	for i := range costs {
		costs[i].Rule = int(p.regexes[i].rule)
	}
	return slices.DeleteFunc(costs, func(c RegexCost) bool { return c.Runs == 0 })
}
