package worker

import (
	"cmp"
	"runtime/debug"
	"sort"
	"time"

	"trawl/edge/wire"
)

// costsEvery is how often brokers are told what regexes cost, with a heartbeat.
const costsEvery = 3 * time.Second

// costsFrame decides when a connection's heartbeats carry costs: every costsEvery,
// but not while there are none to tell and none were told.
type costsFrame struct {
	at   time.Time
	told bool
}

func (c *costsFrame) appendTo(frames [][]byte, sets *RuleSets) [][]byte {
	if time.Since(c.at) < costsEvery {
		return frames
	}
	c.at = time.Now()
	costs := sets.costs()
	if len(costs.Sets) == 0 && !c.told {
		return frames
	}
	c.told = len(costs.Sets) > 0
	return append(frames, wire.JSONFrame(costs))
}

// costs is what the regexes of all sets have cost, of each set the most expensive
// ones, and which rules match most. They count from the opening of a pack: they belong to it, and another
// begins with none.
func (s *RuleSets) costs() *wire.Costs {
	c := &wire.Costs{Source: s.id}
	n := 0
	for _, name := range s.names {
		set := s.sets[name]
		p := set.acquire("")
		if sums := costsOf(p); len(sums.Regexes)+len(sums.Matches) > 0 && n < wire.MaxAllCosts {
			sums.Name, sums.Hash = name, p.pack.Hash()
			n += max(len(sums.Regexes), len(sums.Matches))
			c.Sets = append(c.Sets, sums)
		}
		set.release(p)
	}
	return c
}

// costsOf returns the costs of a pack: none if its file cannot be read any more,
// which the next request finds, too.
func costsOf(served *served) (sums wire.SetCosts) {
	p := served.pack
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			if !p.IsFault(fault) {
				panic(fault)
			}
			sums = wire.SetCosts{}
		}
	}()
	all := p.Costs()
	var total time.Duration
	for i := range all {
		total += all[i].Time
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := &all[i], &all[j]
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Rule, b.Rule)) < 0
	})
	sums.TimeUS = total.Microseconds()
	for _, r := range all[:min(len(all), wire.MaxCosts)] {
		sums.Regexes = append(sums.Regexes, wire.RegexCost{
			Rule: string([]byte(cut(p.ID(r.Rule), wire.MaxCostRule))), Verified: r.Runs, Matched: r.Matched, // a copy: the id may lie in the pack
			GivenUp: r.GivenUp, Bytes: r.Bytes, TimeUS: r.Time.Microseconds(),
		})
	}
	sums.Rules = p.NumRules()
	sums.Matches, sums.Matched = served.matches.report(p)
	return sums
}
