package broker

import (
	"fmt"
	"strings"
	"testing"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func (w *directWorker) beat(d *direct, costs string) {
	d.t.Helper()
	if err := d.b.fromWorker(w.worker, zmtp.NewMessage([]byte("B"), []byte("{}"), []byte(costs)), d.out()); err != nil {
		d.t.Fatal(err)
	}
}

func costs(source string, sets ...wire.SetCosts) string {
	return string(wire.JSONFrame(&wire.Costs{Source: source, Sets: sets}))
}

func cost(rule string, us int64) wire.RegexCost {
	return wire.RegexCost{Rule: rule, Verified: 10 * us, Matched: 2 * us, GivenUp: 1, Bytes: 100 * us, TimeUS: us}
}

// Costs are summed over workers; those that report the same counters count once.
func TestCostsAreSummed(t *testing.T) {
	d := newDirect(t, Options{})
	a, b, c := d.worker("a", 1, true), d.worker("b", 1, true), d.worker("c", 1, true)
	if got := d.r.status(d.now).Costs; got == nil || len(got) != 0 {
		t.Errorf("without any: %+v", got)
	}
	set := wire.SetCosts{Name: "pii", TimeUS: 200, Regexes: []wire.RegexCost{cost("iban", 100), cost("phone", 30)}}
	a.beat(d, costs("one", set))
	b.beat(d, costs("one", set))
	c.beat(d, costs("two",
		wire.SetCosts{Name: "pii", TimeUS: 100, Regexes: []wire.RegexCost{cost("phone", 80)}},
		wire.SetCosts{Name: "logs", TimeUS: 40, Regexes: []wire.RegexCost{cost("iban", 40)}}))
	want := "[{pii {phone 1100 220 2 11000 110} 2 0.37} {pii {iban 1000 200 1 10000 100} 1 0.33} {logs {iban 400 80 1 4000 40} 1 1.00}]"
	if got := shown(d.r.costs.most()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(d.b.exposition()); !strings.Contains(got, `trawl_broker_regex_seconds{rule_set="pii",rule="phone"} 0.00011`) ||
		!strings.Contains(got, `trawl_broker_regex_given_up{rule_set="logs",rule="iban"} 1`) {
		t.Errorf("metrics: %s", got)
	}
	d.lose(a)
	if got := shown(d.r.costs.most()); got != want {
		t.Errorf("b still reports them: got %s", got)
	}
	d.lose(b)
	if got := shown(d.r.costs.most()); got != "[{pii {phone 800 160 1 8000 80} 1 0.80} {logs {iban 400 80 1 4000 40} 1 1.00}]" {
		t.Errorf("c alone: %s", got)
	}
	c.beat(d, costs("two"))
	if got := d.r.costs.most(); len(got) != 0 {
		t.Errorf("after other rules were loaded: %+v", got)
	}
}

func shown(costs []wire.RuleCost) string {
	var all []string
	for _, c := range costs {
		all = append(all, fmt.Sprintf("{%s %v %d %.2f}", c.RuleSet, c.RegexCost, c.Workers, c.Share))
	}
	return "[" + strings.Join(all, " ") + "]"
}

// What a worker says beyond the bounds is ignored, and the status stays short.
func TestCostsAreBounded(t *testing.T) {
	d := newDirect(t, Options{})
	a := d.worker("a", 1, true)
	good := costs("a", wire.SetCosts{Name: "x", TimeUS: 1, Regexes: []wire.RegexCost{cost("r", 1)}})
	a.beat(d, good)
	many := func(sets, regexes int) string {
		var all []wire.SetCosts
		for i := range sets {
			s := wire.SetCosts{Name: fmt.Sprint("set", i)}
			for j := range regexes {
				s.Regexes = append(s.Regexes, cost(fmt.Sprint("r", j), int64(j)))
			}
			all = append(all, s)
		}
		return costs("a", all...)
	}
	for what, bad := range map[string]string{
		"no JSON": "{", "a list": "[]", "large": `{"source":"` + strings.Repeat("x", maxCostsFrame) + `"}`,
		"many regexes": many(1, wire.MaxCosts+1), "many sets": many(wire.MaxAllCosts, 2),
	} {
		a.beat(d, bad)
		if got := d.r.costs.most(); len(got) != 1 || got[0].Rule != "r" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	a.beat(d, many(20, 10))
	if got := d.r.costs.most(); len(got) != maxCostsShown || got[0].Rule != "r9" {
		t.Errorf("%d sums, the first %+v", len(got), got[0])
	}
}

// Matches of rules are summed over workers, and rules that never matched are as few as on the worker
// on which most have.
func TestRuleMatchesAreSummed(t *testing.T) {
	d := newDirect(t, Options{})
	a, b, c := d.worker("a", 1, true), d.worker("b", 1, true), d.worker("c", 1, true)
	set := func(rules, matched int, matches ...wire.RuleMatches) wire.SetCosts {
		return wire.SetCosts{Name: "default", Rules: rules, Matched: matched, Matches: matches}
	}
	one := costs("one", set(10, 2, wire.RuleMatches{Rule: "x", Matches: 5}, wire.RuleMatches{Rule: "y", Matches: 1}))
	a.beat(d, one)
	b.beat(d, one)
	c.beat(d, costs("two", set(10, 4, wire.RuleMatches{Rule: "y", Matches: 1 << 40})))
	s := d.r.status(d.now)
	if got := fmt.Sprint(s.RuleMatches); got != "[{default {y 1099511627777} 2} {default {x 5} 1}]" {
		t.Errorf("%s", got)
	}
	for _, r := range s.RuleSets {
		if r.Name == "default" && (r.RulesNeverMatched == nil || *r.RulesNeverMatched != 6) {
			t.Errorf("never matched: %v", r.RulesNeverMatched)
		}
	}
	if got := string(d.b.exposition()); !strings.Contains(got, `trawl_worker_rule_matches_total{rules="default",rule="x"} 5`) {
		t.Errorf("metrics: %s", got)
	}
	d.lose(c)
	if got := fmt.Sprint(d.r.status(d.now).RuleMatches); got != "[{default {x 5} 1} {default {y 1} 1}]" {
		t.Errorf("without c: %s", got)
	}
	var many []wire.RuleMatches
	for i := range wire.MaxRuleMatches + 1 {
		many = append(many, wire.RuleMatches{Rule: fmt.Sprint(i), Matches: 1})
	}
	c.beat(d, costs("two", set(100, 21, many...)))
	if got := len(d.r.status(d.now).RuleMatches); got != 2 {
		t.Errorf("too many were taken: %d", got)
	}
}
