package main

import (
	"fmt"
	"strings"
	"time"

	"trawl/edge/human"
	"trawl/edge/wire"
)

// costsShown is how many regexes trawl status lists; --json has more.
const costsShown = 10

// printCosts lists the regexes that took the most time.
func (a *app) printCosts(costs []wire.RuleCost) {
	if len(costs) == 0 {
		return
	}
	t := newTable("REGEX", "RULE SET", "VERIFIED", "MATCHED", "GIVEN UP", "READ", "TIME", "SHARE")
	for i := range costs[:min(len(costs), costsShown)] {
		c := &costs[i]
		t.row(c.Rule, c.RuleSet, c.Verified, c.Matched, c.GivenUp, human.Bytes(c.Bytes),
			rounded(time.Duration(c.TimeUS)*time.Microsecond), fmt.Sprintf("%.0f%%", 100*c.Share))
	}
	a.printTable("\n", t, "")
}

// rounded is a duration with about three digits.
func rounded(d time.Duration) time.Duration {
	unit := time.Microsecond
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit)
}

// printFailedReloads says which workers could not load their rules again.
func (a *app) printFailedReloads(workers []wire.WorkerStatus) {
	for i := range workers {
		for _, r := range workers[i].Rules {
			if f := r.FailedReload; f != nil {
				stays := "it stays with " + wire.RulesName(r.Name, r.Hash)
				if r.Unreadable {
					stays = "its pack cannot be read any more, so requests for it go to others"
				}
				a.printf("\nworker %s could not load the rule set %s again, %s ago; %s:\n", workers[i].Name, r.Name,
					time.Duration(f.AgeS)*time.Second, stays)
				for line := range strings.Lines(f.Error) {
					a.printf("  %s\n", strings.TrimRight(line, "\n"))
				}
			}
		}
	}
}
