package broker

// What regexes have cost, summed over the workers.

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"sync"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

const (
	maxCostsFrame = 256 << 10 // bytes; what is larger is ignored
	maxCostSums   = 8192      // regexes with a sum; those that come later have none
	maxCostsShown = 100       // of them, in status
)

// parseCosts reads what a worker's regexes have cost; false if it is not as wire
// says, which costs the worker only that.
func parseCosts(frame []byte) (*wire.Costs, bool) {
	var c wire.Costs
	if len(frame) > maxCostsFrame || json.Unmarshal(frame, &c) != nil {
		return nil, false
	}
	n := 0
	for i := range c.Sets {
		n += len(c.Sets[i].Regexes)
		if len(c.Sets[i].Regexes) > wire.MaxCosts || len(c.Sets[i].Matches) > wire.MaxRuleMatches {
			return nil, false
		}
		for j := range c.Sets[i].Matches {
			rule := &c.Sets[i].Matches[j].Rule
			*rule = escape.Cut(*rule, wire.MaxCostRule)
		}
		c.Sets[i].Name = escape.Cut(c.Sets[i].Name, maxName)
		for j := range c.Sets[i].Regexes {
			rule := &c.Sets[i].Regexes[j].Rule
			*rule = escape.Cut(*rule, wire.MaxCostRule)
		}
	}
	return &c, n <= wire.MaxAllCosts+wire.MaxCosts && len(c.Sets) <= wire.MaxAllCosts
}

// costTable has what the regexes of the workers connected now have cost, summed when a worker
// says so. Workers that report the same counters, as one process does to several
// endpoints, count once. Each worker names its own most expensive regexes, so what one of them
// left out is missing in a sum. A sum can fall: when a worker leaves, or has loaded other
// rules. The table has a lock of its own, which is never taken under the router's.
type costTable struct {
	mu      sync.Mutex
	sources map[costSourceKey]*costSource
	of      map[*worker]*costSource
	sums    map[costKey]*wire.RuleCost
	totals  map[string]int64 // time of all regexes of a rule set, in microseconds
}

type costKey struct{ set, rule string }

// costSourceKey names what reports costs: what a worker calls it, or the worker.
type costSourceKey struct {
	name   string
	worker *worker
}

// costSource is something that reports costs.
type costSource struct {
	key     costSourceKey
	workers int // that report it
	costs   *wire.Costs
	summed  []*wire.RuleCost // where each regex of costs is summed, in their order; nil: nowhere
}

// set notes what a worker reports.
func (t *costTable) set(w *worker, c *wire.Costs) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of, t.sources = make(map[*worker]*costSource), make(map[costSourceKey]*costSource)
		t.sums, t.totals = make(map[costKey]*wire.RuleCost), make(map[string]int64)
	}
	t.forget(w)
	key := costSourceKey{name: c.Source}
	if c.Source == "" {
		key.worker = w
	}
	s := t.sources[key]
	if s == nil {
		s = &costSource{key: key}
		t.sources[key] = s
	}
	t.of[w] = s
	s.workers++
	t.subtract(s)
	s.costs = c
	t.add(s)
}

// drop forgets what a worker has reported.
func (t *costTable) drop(w *worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(w)
}

func (t *costTable) forget(w *worker) {
	s := t.of[w]
	if s == nil {
		return
	}
	delete(t.of, w)
	if s.workers--; s.workers == 0 {
		t.subtract(s)
		delete(t.sources, s.key)
	}
}

func (t *costTable) add(s *costSource) {
	for i := range s.costs.Sets {
		set := &s.costs.Sets[i]
		t.totals[set.Name] += set.TimeUS
		for j := range set.Regexes {
			k := costKey{set.Name, set.Regexes[j].Rule}
			sum := t.sums[k]
			if sum == nil && len(t.sums) < maxCostSums {
				sum = &wire.RuleCost{RuleSet: k.set, RegexCost: wire.RegexCost{Rule: k.rule}}
				t.sums[k] = sum
			}
			if sum != nil {
				sum.Add(&set.Regexes[j])
				sum.Workers++
			}
			s.summed = append(s.summed, sum)
		}
	}
}

func (t *costTable) subtract(s *costSource) {
	if s.costs == nil {
		return
	}
	next := 0
	for i := range s.costs.Sets {
		set := &s.costs.Sets[i]
		if t.totals[set.Name] -= set.TimeUS; t.totals[set.Name] == 0 {
			delete(t.totals, set.Name)
		}
		for j := range set.Regexes {
			sum := s.summed[next]
			if next++; sum == nil {
				continue
			}
			sum.Subtract(&set.Regexes[j])
			if sum.Workers--; sum.Workers == 0 {
				delete(t.sums, costKey{sum.RuleSet, sum.Rule})
			}
		}
	}
	s.costs, s.summed = nil, nil
}

// most returns the sums, the most expensive first, at most maxCostsShown.
func (t *costTable) most() []wire.RuleCost {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]wire.RuleCost, 0, len(t.sums))
	for _, sum := range t.sums {
		c := *sum
		if total := t.totals[c.RuleSet]; total > 0 {
			c.Share = max(0, min(1, float64(c.TimeUS)/float64(total)))
		}
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return cmp.Or(cmp.Compare(b.TimeUS, a.TimeUS), cmp.Compare(b.Verified, a.Verified), cmp.Compare(a.RuleSet, b.RuleSet), cmp.Compare(a.Rule, b.Rule)) < 0
	})
	return slices.Clip(list[:min(len(list), maxCostsShown)])
}

// maxMatchSums bounds the rules that are summed for a document.
const maxMatchSums = 8192

// matches sums what workers report of rules that match. It returns the rules that match most, at most
// wire.MaxRuleMatches, the most frequent first, and by rule set how many rules never matched, where
// that is fewest.
func (t *costTable) matches() (most []wire.RuleSetMatches, never map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sums := make(map[costKey]*wire.RuleSetMatches)
	never = make(map[string]int)
	for _, s := range t.sources {
		for i := range s.costs.Sets {
			set := &s.costs.Sets[i]
			if n, known := never[set.Name]; set.Rules > 0 && (!known || set.Rules-set.Matched < n) {
				never[set.Name] = max(0, set.Rules-set.Matched)
			}
			for _, m := range set.Matches {
				k := costKey{set.Name, m.Rule}
				sum := sums[k]
				if sum == nil {
					if len(sums) >= maxMatchSums {
						continue
					}
					sum = &wire.RuleSetMatches{RuleSet: k.set, RuleMatches: wire.RuleMatches{Rule: k.rule}}
					sums[k] = sum
				}
				sum.Matches += m.Matches
				sum.Workers++
			}
		}
	}
	most = make([]wire.RuleSetMatches, 0, len(sums))
	for _, sum := range sums {
		most = append(most, *sum)
	}
	sort.Slice(most, func(i, j int) bool {
		a, b := &most[i], &most[j]
		return cmp.Or(cmp.Compare(b.Matches, a.Matches), cmp.Compare(a.RuleSet, b.RuleSet), cmp.Compare(a.Rule, b.Rule)) < 0
	})
	return slices.Clip(most[:min(len(most), wire.MaxRuleMatches)]), never
}
