package worker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"trawl/edge/match"
	"trawl/edge/names"
	"trawl/edge/wire"
)

// Escalation says which texts are sent on, and where to: those in which this worker
// has found something, to others that have more rules. With split: lines, lines are
// the texts. Requests for want any never are: the answer is known.
type Escalation struct {
	// Rules is the rule set of this worker whose matches count; empty: each of them.
	Rules string
	// Tags and Severities narrow it to matches of rules that have one of the tags, or
	// one of the severities. Both empty: any match will do.
	Tags, Severities []string
	// To is the rule set to ask, as name or name@hash; default: default.
	To string
	// Worker is the one worker to ask; empty: any that serves To.
	Worker string
}

// escalation is one of them for one rule set.
type escalation struct {
	Escalation
	cache atomic.Pointer[flagRules]
}

// flagRules are the rules of a pack that matter to an escalation.
type flagRules struct {
	pack *match.Pack
	is   []bool // by rule; nil: each
}

// escalations lists for each rule set what decides about its texts.
func escalations(o *Options) map[string][]*escalation {
	all := make(map[string][]*escalation)
	for _, e := range o.Escalate {
		for name := range o.RuleSets.sets {
			if e.Rules == "" || e.Rules == name {
				own := e
				if own.To == "" {
					own.To = wire.DefaultRules
				}
				all[name] = append(all[name], &escalation{Escalation: own})
			}
		}
	}
	return all
}

// checkEscalations refuses what cannot work: rule sets that are not there, and
// texts that would go in a circle.
func checkEscalations(o *Options) error {
	for i, e := range o.Escalate {
		if e.To == "" && e.Worker == "" {
			return fmt.Errorf("worker: escalation %d names neither a rule set nor a worker to ask", i+1)
		}
		if e.Rules != "" && o.RuleSets.sets[e.Rules] == nil {
			return fmt.Errorf("worker: escalation %d is for the rule set %q, which this worker does not hold; it has %s",
				i+1, e.Rules, strings.Join(slices.Sorted(maps.Keys(o.RuleSets.sets)), ", "))
		}
	}
	all := escalations(o)
	next := func(set string) (steps []names.Step) {
		for _, e := range all[set] {
			to, _ := wire.SplitRules(e.To)
			if o.RuleSets.sets[to] != nil && (e.Worker == "" || e.Worker == o.Name) { // else it is not known what is done there
				steps = append(steps, names.Step{To: to})
			}
		}
		return steps
	}
	if circle, _ := names.Circle(slices.Sorted(maps.Keys(o.RuleSets.sets)), next); circle != nil {
		return fmt.Errorf("worker: texts would be sent on in a circle: %s; name the rule set that an escalation is for, or another one to ask", strings.Join(circle, " to "))
	}
	return nil
}

// rules returns which rules of a pack matter.
func (e *escalation) rules(pack *match.Pack) *flagRules {
	f := e.cache.Load()
	if f != nil && f.pack == pack {
		return f
	}
	f = &flagRules{pack: pack}
	if len(e.Tags)+len(e.Severities) > 0 {
		f.is = make([]bool, pack.NumRules())
		for i := range f.is {
			meta := pack.Meta(i)
			f.is[i] = slices.Contains(e.Severities, meta.Severity) ||
				slices.ContainsFunc(meta.Tags, func(tag string) bool { return slices.Contains(e.Tags, tag) })
		}
	}
	e.cache.Store(f)
	return f
}
