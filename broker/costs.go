package broker

import (
	"cmp"
	"encoding/json"
	"slices"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

const (
	maxCostsFrame = 256 << 10 // bytes; what is larger is ignored
	maxCostsShown = 100       // rules in the sums
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
		if len(c.Sets[i].Regexes) > wire.MaxCosts {
			return nil, false
		}
		c.Sets[i].Name = escape.Cut(c.Sets[i].Name, maxName)
		for j := range c.Sets[i].Regexes {
			rule := &c.Sets[i].Regexes[j].Rule
			*rule = escape.Cut(*rule, wire.MaxCostRule)
		}
	}
	return &c, n <= wire.MaxAllCosts+wire.MaxCosts
}

func (r *router) setCosts(w *worker, c *wire.Costs) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.costs = c
}

// ruleCosts returns what the regexes of the workers connected now have cost, summed
// over the workers: the most expensive first, at most 100. Each worker names
// its own most expensive ones, so what one of them left out is missing in a sum. A
// sum can fall: when a worker leaves, or has loaded other rules. r.mu is held.
func (r *router) ruleCosts() []wire.RuleCost {
	type key struct{ set, rule string }
	sums := make(map[key]*wire.RuleCost)
	totals := make(map[string]int64) // time of all regexes of a set
	counted := make(map[string]bool)
	for w := range r.workers {
		c := w.costs
		if c == nil || c.Source != "" && counted[c.Source] {
			continue
		}
		counted[c.Source] = true
		for i := range c.Sets {
			set := &c.Sets[i]
			totals[set.Name] += set.TimeUS
			for j := range set.Regexes {
				cost := &set.Regexes[j]
				k := key{set.Name, cost.Rule}
				sum := sums[k]
				if sum == nil {
					sum = &wire.RuleCost{RuleSet: set.Name, RegexCost: wire.RegexCost{Rule: cost.Rule}}
					sums[k] = sum
				}
				sum.Add(cost)
				sum.Workers++
			}
		}
	}
	list := make([]wire.RuleCost, 0, len(sums))
	for _, sum := range sums {
		if total := totals[sum.RuleSet]; total > 0 {
			sum.Share = max(0, min(1, float64(sum.TimeUS)/float64(total)))
		}
		list = append(list, *sum)
	}
	slices.SortFunc(list, func(a, b wire.RuleCost) int {
		return cmp.Or(cmp.Compare(b.TimeUS, a.TimeUS), cmp.Compare(b.Verified, a.Verified), cmp.Compare(a.RuleSet, b.RuleSet), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.Clip(list[:min(len(list), maxCostsShown)])
}
