package worker

// Costs: the costs of regexes on this worker, sent to brokers with heartbeats.

import (
	"cmp"
	"runtime/debug"
	"sort"
	"time"

	"trawl/edge/wire"
)

// costsEvery is how often a broker is told what regexes cost.
const costsEvery = 3 * time.Second

// costsFrame decides when the heartbeats on a connection carry costs: every costsEvery, unless there
// are no costs and the broker knows of none.
type costsFrame struct {
	at   time.Time // when costs were looked at last
	told bool      // the broker knows of costs
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

// costs returns what the most expensive regexes of each rule set have cost, and which rules match most,
// since the pack in use was opened. Another pack begins at zero.
func (s *RuleSets) costs() *wire.Costs {
	c := &wire.Costs{Source: s.id}
	n := 0
	for _, name := range s.names {
		set := s.sets[name]
		p := set.acquire("")
		if sums := costsOf(p); len(sums.Regexes)+len(sums.Matches) > 0 && n < wire.MaxAllCosts {
			sums.Name, sums.Hash = name, p.Hash()
			n += max(len(sums.Regexes), len(sums.Matches))
			c.Sets = append(c.Sets, sums)
		}
		set.release(p)
	}
	return c
}

// costsOf returns the costs of a pack. If the pack's file cannot be read any more, costsOf returns
// none; the next request notices the loss, too.
func costsOf(used *refPack) (sums wire.SetCosts) {
	p := used.Pack
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
		id := []byte(truncate(p.ID(r.Rule), wire.MaxCostRule)) // a copy, as the id may lie in the pack
		sums.Regexes = append(sums.Regexes, wire.RegexCost{
			Rule: string(id), Verified: r.Runs, Matched: r.Matched, GivenUp: r.GivenUp, Bytes: r.Bytes, TimeUS: r.Time.Microseconds(),
		})
	}
	sums.Rules = p.NumRules()
	sums.Matches, sums.Matched = used.matches.report(p)
	return sums
}
