package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/escape"
	"trawl/edge/human"
	"trawl/edge/wire"
)

func (a *app) rulesHitsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hits",
		Short: "Say how often each rule of a fleet has matched",
		Long: `Say how often each rule of a rule set has matched on the workers of a broker, the most
frequent first: which rules never match, and which one floods? Counted are matches that
answers list, since a worker opened the rules. An answer with want any or count lists
none, and limits leave some out. A worker says it of as many rules as fit into an answer,
those that matched least left out. trawl status lists the 20 most frequent ones.`,
		Example: `  trawl rules hits --rules pii
  trawl rules hits --worker pi3 --json`,
		Args: cobra.NoArgs,
	}
	bind(cmd, append([]string{"log.level", "log.format"}, clientSettings...)...)
	set := cmd.Flags().String("rules", wire.DefaultRules, "rule set")
	worker := cmd.Flags().String("worker", "", "name of one worker; all that serve the rule set by default")
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object for each rule")
	placeholder(cmd.Flags(), "rules", "SET")
	placeholder(cmd.Flags(), "worker", "NAME")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		conn, err := a.connect(c)
		if err != nil {
			return err
		}
		defer conn.Close()
		workers := []string{*worker}
		if *worker == "" {
			if workers, err = workersOf(cmd.Context(), conn, *set, c.Client.Timeout); err != nil {
				return explain(err)
			}
		}
		sums, err := sumRuleMatches(cmd.Context(), conn, *set, workers, c.Client.Timeout)
		if err != nil {
			return explain(err)
		}
		a.printRuleMatches(sums, *asJSON)
		return nil
	}
	return cmd
}

// workersOf returns the names of the workers that serve a rule set.
func workersOf(ctx context.Context, conn *client.Client, set string, timeout time.Duration) (names []string, err error) {
	s, err := conn.Status(ctx, timeout)
	if err != nil {
		return nil, err
	}
	name, _ := wire.SplitRules(set)
	for i := range s.Workers {
		w := &s.Workers[i]
		for _, r := range w.Rules {
			if r.Name == name && w.Kind == "trawl" {
				names = append(names, w.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil, escape.Errorf("no worker serves the rule set %q now; trawl status lists those that are served", set)
	}
	return names, nil
}

// ruleSums are the matches of rules on several workers.
type ruleSums struct {
	rules   []wire.RuleMatches
	omitted int // rules that a worker left out: the most of one
}

// sumRuleMatches asks workers one after the other. Workers of one process have their counters in
// common, which count once.
func sumRuleMatches(ctx context.Context, conn *client.Client, set string, workers []string, timeout time.Duration) (*ruleSums, error) {
	sums := &ruleSums{}
	places, sources := make(map[string]int), make(map[string]bool)
	for _, worker := range workers {
		h := wire.NewRequestHeader()
		h.Op, h.Rules, h.Worker, h.Deadline = wire.OpRuleMatches, set, worker, timeout
		answer, err := conn.Do(ctx, &client.Request{Header: h, Texts: [][]byte{nil}})
		if err != nil {
			return nil, err
		}
		var all wire.AllRuleMatches
		err = errors.New("no result")
		if len(answer.Results) == 1 {
			err = json.Unmarshal(answer.Results[0], &all)
		}
		answer.Release()
		if err != nil {
			return nil, escape.Errorf("the answer of worker %q is no list of rules (%v); it may be of another version", worker, err)
		}
		if sources[all.Source] {
			continue
		}
		sources[all.Source] = true
		sums.omitted = max(sums.omitted, all.Omitted)
		for _, m := range all.Matches {
			at, known := places[m.Rule]
			if !known {
				at = len(sums.rules)
				places[m.Rule] = at
				sums.rules = append(sums.rules, wire.RuleMatches{Rule: m.Rule})
			}
			sums.rules[at].Matches += m.Matches
		}
	}
	sort.SliceStable(sums.rules, func(i, j int) bool { return sums.rules[i].Matches > sums.rules[j].Matches })
	return sums, nil
}

func (a *app) printRuleMatches(sums *ruleSums, asJSON bool) {
	never := 0
	t := newTable("MATCHES", "RULE")
	for _, r := range sums.rules {
		if r.Matches == 0 {
			never++
		}
		if asJSON {
			a.printJSON(wire.JSONFrame(&r))
		} else {
			t.row(fmt.Sprint(r.Matches), r.Rule)
		}
	}
	if asJSON {
		return
	}
	a.printTable("", t, "")
	a.printf("%s, of which %s never matched\n", human.Count(len(sums.rules), "rule"), human.Number(never))
	if sums.omitted > 0 {
		a.printf("%s more did not fit into an answer\n", human.Count(sums.omitted, "rule"))
	}
}

// printMostMatches lists the rules that match most, and how many never do.
func (a *app) printMostMatches(s *wire.Status) {
	if len(s.RuleMatches) == 0 {
		return
	}
	t := newTable("RULE", "RULE SET", "MATCHES", "WORKERS")
	for i := range s.RuleMatches {
		m := &s.RuleMatches[i]
		t.row(m.Rule, m.RuleSet, m.Matches, m.Workers)
	}
	a.printTable("\n", t, "")
	for i := range s.RuleSets {
		if n := s.RuleSets[i].RulesNeverMatched; n != nil && *n > 0 {
			a.printf("%s of %s never matched; trawl rules hits --rules %[2]s lists them\n", human.Count(*n, "rule"), s.RuleSets[i].Name)
		}
	}
}
