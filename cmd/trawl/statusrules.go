package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"trawl/edge/wire"
)

// costsShown is how many regexes trawl status lists; --json has more.
const costsShown = 10

// printCosts lists the regexes that took the most time.
func (a *app) printCosts(costs []wire.RuleCost) {
	if len(costs) == 0 {
		return
	}
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REGEX\tRULE SET\tVERIFIED\tMATCHED\tGIVEN UP\tREAD\tTIME\tSHARE")
	for i := range costs[:min(len(costs), costsShown)] {
		c := &costs[i]
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%.0f%%\n", printable(c.Rule), c.RuleSet, c.Verified, c.Matched, c.GivenUp,
			size(c.Bytes), rounded(time.Duration(c.TimeUS)*time.Microsecond), 100*c.Share)
	}
	_ = t.Flush()
	a.printf("\n%s", table.String())
}

// printable is a rule's id without what would break a table.
func printable(id string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, id)
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
					a.printf("  %s\n", printable(strings.TrimRight(line, "\n")))
				}
			}
		}
	}
}
