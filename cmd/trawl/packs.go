package main

// Which worker serves which pack, and rule sets of which workers serve different packs.

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"trawl/edge/client"
	"trawl/edge/human"
	"trawl/edge/wire"
)

// servedPack is a pack of a rule set and the workers that serve the pack.
type servedPack struct {
	hash    string
	workers []string
}

// packsOf returns the packs of a rule set that workers can answer with: the pack of the most
// workers first. Plain workers have no packs.
func packsOf(workers []wire.WorkerStatus, set string) []servedPack {
	var packs []servedPack
	for i := range workers {
		for _, r := range workers[i].Rules {
			if r.Name != set || r.Hash == "" || r.Unreadable {
				continue
			}
			at := slices.IndexFunc(packs, func(p servedPack) bool { return p.hash == r.Hash })
			if at < 0 {
				at = len(packs)
				packs = append(packs, servedPack{hash: r.Hash})
			}
			packs[at].workers = append(packs[at].workers, workers[i].Name)
		}
	}
	sort.SliceStable(packs, func(i, j int) bool { return len(packs[i].workers) > len(packs[j].workers) })
	return packs
}

// differingSets returns the names of the rule sets of which workers serve several packs. The broker
// counts packs over all workers, of which a long status lists only some.
func differingSets(s *wire.Status) []string {
	var names []string
	for i := range s.RuleSets {
		if len(s.RuleSets[i].Hashes) > 1 {
			names = append(names, s.RuleSets[i].Name)
		}
	}
	return names
}

// workersNamed is how many workers with one pack are named.
const workersNamed = 8

// printDifferingPacks says of each rule set with several packs which worker has which.
func (a *app) printDifferingPacks(s *wire.Status) {
	for _, set := range differingSets(s) {
		a.printf("\nrule set %s: workers serve different packs, so an answer depends on the worker that gives the answer:\n", set)
		for _, p := range packsOf(s.Workers, set) {
			more := ""
			if n := len(p.workers) - workersNamed; n > 0 {
				more = fmt.Sprintf(" and %d more", n)
			}
			a.printf("  %s  %s: %s%s\n", wire.RulesName(set, p.hash), human.Count(len(p.workers), "worker"),
				strings.Join(p.workers[:min(len(p.workers), workersNamed)], ", "), more)
		}
	}
}

// printServed lists the pack of each rule set of each worker, its engine, and how the worker scans.
func (a *app) printServed(workers []wire.WorkerStatus) {
	t := newTable("WORKER", "RULES", "PACK", "ENGINE", "SCANS BY")
	for i := range workers {
		for _, r := range workers[i].Rules {
			if r.Hash != "" {
				t.row(workers[i].Name, r.Name, shortHashes([]string{r.Hash}), orDash(r.Engine != "", r.Engine), orDash(r.Scan != "", r.Scan))
			}
		}
	}
	a.printTable("\n", t, "")
}

// warnDiffering says on standard error that workers serve different packs of the rule set that a
// request names. A request that names a pack has nothing to be warned of.
func (a *app) warnDiffering(s *wire.Status, rules string) {
	set, hash := wire.SplitRules(rules)
	if hash != "" || !slices.Contains(differingSets(s), set) {
		return
	}
	a.complain(fmt.Errorf("warning: workers serve different packs of the rule set %s, so matches depend on the worker; "+
		"trawl status says who has which, --rules %s@HASH asks for one", set, set))
}

// differingWait is how long a command whose work is done waits for a status.
const differingWait = time.Second

// askDiffering asks the broker whether to warn, and stays silent where the broker does not tell.
func (a *app) askDiffering(ctx context.Context, conn *client.Client, h *wire.RequestHeader) {
	if _, hash := wire.SplitRules(h.Rules); hash != "" || h.Worker != "" {
		return
	}
	if s, err := conn.Status(ctx, min(differingWait, h.Deadline)); err == nil {
		a.warnDiffering(s, h.Rules)
	}
}
