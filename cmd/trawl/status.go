package main

// Status documents, for people.

import (
	"fmt"
	"strings"
	"time"

	"trawl/edge/human"
	"trawl/edge/wire"
)

func httpAt(b *wire.BrokerStatus) string {
	if b.HTTPAt == "" {
		return "off"
	}
	return "at " + b.HTTPAt
}

func (a *app) printStatus(s *wire.Status) {
	b := &s.Broker
	a.printf("broker %s (trawl %s, protocol %s), %s for %s\n", b.Name, b.Version, b.Protocol, brokerState(b), time.Duration(b.UptimeS)*time.Second)
	a.printf("clients at %s, workers at %s, HTTP %s\n", strings.Join(b.ClientsAt, ", "), strings.Join(b.WorkersAt, ", "), httpAt(b))
	a.printf("%s connected, %s pending (%s), %s resident\n", human.Count(b.Clients, "client"), human.Count(b.Pending, "request"),
		human.Bytes(b.PendingBytes), human.Bytes(b.ResidentBytes))
	a.printf("%s answered: %s; %s given to another worker\n", human.Count(b.Requests, "request"), outcomes(b.Answers), human.Number(b.Retried+b.Reclaimed))
	if b.HedgedSilent+b.HedgedSlow > 0 {
		a.printf("hedged (given to a second worker as well): %d for a silent one, %d for a slow one; the second was first %d times\n", b.HedgedSilent, b.HedgedSlow, b.HedgesWon)
	}
	if b.ClientsThrottled+b.SlowConsumers+b.StalledSenders > 0 {
		a.printf("clients throttled until they had read answers %d times; closed: %d slow consumers (did not read), %d stalled senders (stopped in the middle of a request)\n", b.ClientsThrottled, b.SlowConsumers, b.StalledSenders)
	}
	if len(b.Refused) > 0 {
		a.printf("peers refused, by reason: %s\n", outcomes(b.Refused))
	}
	a.printf("\n")
	t := newTable("RULE SET", "PACK", "WORKERS", "QUEUED", "P50 MS", "P99 MS")
	for _, r := range s.RuleSets {
		p50, p99 := "-", "-"
		if r.Latency != nil {
			p50, p99 = fmt.Sprint(r.Latency.P50), fmt.Sprint(r.Latency.P99)
		}
		t.row(r.Name, shortHashes(r.Hashes), r.Workers, r.Queued, p50, p99)
	}
	a.printTable("", t, "\n")
	a.printWorkers(s.Workers)
	a.printRefused(s)
	a.printWatchers(s.Watchers)
	a.printBoards(s.Workers)
	a.printScans(s.Workers)
	a.printMostMatches(s)
	a.printCosts(s.Costs)
	a.printFailedReloads(s.Workers)
}

// printRefused names the workers that stand outside, and rule sets whose answers have
// two forms.
func (a *app) printRefused(s *wire.Status) {
	for i := range s.RefusedWorkers {
		w := &s.RefusedWorkers[i]
		name := w.Name
		if name == "" {
			name = "a worker"
		}
		a.printf("%s refused, from %s: %s (%s, %ds ago)\n", name, w.Address, w.Reason, human.Count(w.Times, "time"), w.AgoS)
	}
	for i := range s.RuleSets {
		if s.RuleSets[i].Mixed {
			a.printf("rule set %s has plain and trawl workers: clients get two forms of answers in turn; broker.plain gives plain ones a rule set of their own\n", s.RuleSets[i].Name)
		}
	}
}

// printScans says how the workers scan: the engine of each pack, and what was
// measured on the board.
func (a *app) printScans(workers []wire.WorkerStatus) {
	t := newTable("WORKER", "RULES", "ENGINE", "SCANS BY")
	for i := range workers {
		for _, r := range workers[i].Rules {
			if r.Scan != "" {
				t.row(workers[i].Name, r.Name, r.Engine, r.Scan)
			}
		}
	}
	a.printTable("\n", t, "")
}

func (a *app) printWorkers(workers []wire.WorkerStatus) {
	if len(workers) == 0 {
		a.printf("no workers connected; start one with trawl worker --rules FILE\n")
		return
	}
	t := newTable("WORKER", "KIND", "STATE", "ADDRESS", "SLOTS", "HOLDS", "ANSWERED", "TEXT", "MATCHES", "RESIDENT", "RULES")
	for i := range workers {
		w := &workers[i]
		text, matches, resident, address := "-", "-", "-", w.Address
		if address == w.Name { // a plain worker's
			address = "-"
		}
		if w.Stats != nil {
			text, matches, resident = human.Bytes(w.Stats.Bytes), fmt.Sprint(w.Stats.Matches), human.Bytes(w.Stats.ResidentBytes)
		}
		var sets []string
		for _, r := range w.Rules {
			sets = append(sets, r.Name)
		}
		t.row(w.Name, w.Kind, w.State, address, slots(w), fmt.Sprintf("%d/%d", w.Outstanding, w.Window), w.Answered,
			text, matches, resident, strings.Join(sets, ","))
	}
	a.printTable("", t, "")
}
