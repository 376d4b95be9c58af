package broker

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

// status describes the broker as it is now.
func (b *Broker) status() *wire.Status {
	s := b.router.status(time.Now())
	s.Broker.Name, s.Broker.Version, s.Broker.Protocol = b.options.Name, b.options.Version, wire.ProtocolVersion
	s.Broker.ClientsAt, s.Broker.WorkersAt = b.ClientEndpoints(), b.WorkerEndpoints()
	s.Broker.HTTPAt = b.httpAddress()
	s.Broker.ResidentBytes = board.Resident()
	s.Broker.Refused = b.refused()
	s.RefusedWorkers = b.turnedAway.list(time.Now())
	b.mixture.mark(s.RuleSets)
	return s
}

// refused counts, by reason, the peers whose handshake failed.
func (b *Broker) refused() map[string]int64 {
	counts := make(map[string]int64)
	for _, l := range slices.Concat(b.clients, b.workers, b.plain) {
		for reason, n := range l.Stats().Refused {
			counts[string(reason)] += int64(n)
		}
	}
	return counts
}

func (r *router) status(now time.Time) *wire.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	answers := maps.Clone(r.outcomes)
	if r.ok > 0 {
		answers["ok"] += r.ok
	}
	s := &wire.Status{
		Broker: wire.BrokerStatus{
			UptimeS: int64(now.Sub(r.start) / time.Second), Draining: r.draining, Clients: r.numClients(),
			Pending: r.pending, PendingBytes: r.bytes, Requests: r.requests, Answers: answers,
			HeldBytes: r.options.budget.Held(),
			Retried:   r.retried, Recalled: r.recalled, Nested: r.nested, Abandoned: r.abandoned, Copied: r.copied,
			Hedged: r.hedged, CopiesWon: r.copiesWon, HeldBack: r.holds,
			LateAnswers: r.late, Overflowed: r.overflowed, Stalled: r.stalled,
		},
		RuleSets: []wire.RuleSetStatus{},
		Workers:  []wire.WorkerStatus{},
		Costs:    r.ruleCosts(),
	}
	for _, t := range r.targets {
		if !t.key.worker {
			s.RuleSets = append(s.RuleSets, t.status())
		}
	}
	for w := range r.workers {
		s.Workers = append(s.Workers, w.status(now))
	}
	slices.SortFunc(s.RuleSets, func(a, b wire.RuleSetStatus) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Workers, func(a, b wire.WorkerStatus) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

func (t *target) status() wire.RuleSetStatus {
	s := wire.RuleSetStatus{Name: t.key.name, Hashes: []string{}, Workers: len(t.workers), Queued: t.queue.n, Expected: t.expected, Latency: t.latency.status()}
	name, _ := wire.SplitRules(t.key.name)
	for _, w := range t.workers {
		for _, set := range w.hello.Rules {
			if set.Name == name && set.Hash != "" && !slices.Contains(s.Hashes, set.Hash) {
				s.Hashes = append(s.Hashes, set.Hash)
			}
		}
	}
	slices.Sort(s.Hashes)
	return s
}

func (w *worker) status(now time.Time) wire.WorkerStatus {
	kind := "trawl"
	if w.plain {
		kind = "plain"
	}
	return wire.WorkerStatus{
		Name: w.name, Kind: kind, Address: w.conn.Peer().RemoteAddr, Version: w.hello.Version,
		Rules: w.rules(now), Slots: w.slots, SlotsMost: w.hello.Slots, Window: w.window, Outstanding: len(w.held),
		Waiting:  w.waiting,
		Answered: w.answered, State: w.state(now), Stats: w.stats, Board: w.hello.Board,
	}
}
