package broker

// The status document.

import (
	"slices"
	"sync"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// report is a document about the broker that is asked for again and again. How old it may become
// goes by its size, so that writing it takes little of the time, however often it is asked for:
// that of ten workers is some milliseconds old at most, that of a thousand a second.
type report struct {
	mu    sync.Mutex
	until time.Time // when it is written again
	body  []byte    // not changed once it is set
}

const (
	reportPerByte = time.Microsecond // of its age
	reportOldest  = time.Second
)

// get returns the document. The caller must not change it.
func (d *report) get(write func() []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now(); now.After(d.until) {
		d.body = write()
		d.until = now.Add(min(reportOldest, time.Duration(len(d.body))*reportPerByte))
	}
	return d.body
}

// statusBody returns the status as JSON.
func (b *Broker) statusBody() []byte {
	return b.statusReport.get(func() []byte { return wire.JSONFrame(b.status()) })
}

// metricsBody returns the metrics in Prometheus's text format.
func (b *Broker) metricsBody() []byte { return b.metricsReport.get(b.exposition) }

// status describes the broker as it is now.
func (b *Broker) status() *wire.Status {
	s := b.router.status(time.Now())
	s.Broker.Name, s.Broker.Version, s.Broker.Protocol = b.options.Name, b.options.Version, wire.ProtocolVersion
	s.Broker.ClientsAt, s.Broker.WorkersAt = b.ClientEndpoints(), b.WorkerEndpoints()
	s.Broker.HTTPAt = b.httpAddress()
	s.Broker.ResidentBytes = board.Resident()
	s.Broker.Refused = b.refused()
	s.RefusedWorkers = b.turnedAway.list(time.Now())
	s.Watchers = b.watchers.list(time.Now())
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
	if n := b.noPlace.Load(); n > 0 {
		counts[string(zmtp.ReasonOverload)] += n
	}
	return counts
}

// The status is bounded, whatever workers say: only so many rule sets are listed, and so many
// of each worker.
const (
	maxRuleSetsShown = 1024
	maxRulesShown    = 4096 // of all workers, one at least of each
)

func (r monitor) status(now time.Time) *wire.Status {
	c := r.snapshot(now)
	if c.outcomes["ok"] == 0 {
		delete(c.outcomes, "ok")
	}
	s := &wire.Status{
		Broker: wire.BrokerStatus{
			UptimeS: int64(now.Sub(r.start) / time.Second), Draining: c.draining, Clients: c.clients,
			Pending: c.pending, PendingBytes: c.pendingBytes, Requests: c.requests, Answers: c.outcomes,
			BufferedBytes:   c.heldBytes,
			RuleSetsOmitted: max(0, len(c.targets)-maxRuleSetsShown),
		},
		RuleSets: []wire.RuleSetStatus{},
		Workers:  []wire.WorkerStatus{},
		Costs:    c.costs,

		RuleMatches: c.matches,
	}
	c.writeTo(&s.Broker)
	for i := range c.targets[:min(len(c.targets), maxRuleSetsShown)] {
		set := c.targets[i].status()
		if n, known := c.never[set.Name]; known {
			set.RulesNeverMatched = &n
		}
		s.RuleSets = append(s.RuleSets, set)
	}
	shown := max(1, maxRulesShown/max(1, len(c.workers)))
	for i := range c.workers {
		s.Workers = append(s.Workers, c.workers[i].status(shown))
	}
	return s
}

func (t *targetState) status() wire.RuleSetStatus {
	return wire.RuleSetStatus{Name: t.name, Hashes: t.hashes, Workers: t.workers, Queued: t.queued, Expected: t.expected, Latency: t.latency.status()}
}

// status lists at most so many rule sets of the worker.
func (w *workerState) status(rules int) wire.WorkerStatus {
	rules = min(rules, len(w.rules))
	return wire.WorkerStatus{
		Name: w.name, Kind: w.kind, Address: w.address, Version: w.version,
		Rules: w.aged(rules), RulesOmitted: len(w.rules) - rules,
		Slots: w.slots, MaxSlots: w.most, Window: w.window, Outstanding: w.held,
		Waiting:  w.waiting,
		Answered: w.answered, State: w.state, Stats: w.stats, Board: w.board,
	}
}

// aged is the first rule sets of a worker, with ages that count until now.
func (w *workerState) aged(n int) []wire.ServedRules {
	rules := slices.Clone(w.rules[:n])
	for i := range rules {
		if f := rules[i].FailedReload; f != nil {
			aged := *f
			aged.AgeS += int64(w.rulesAge / time.Second)
			rules[i].FailedReload = &aged
		}
	}
	return rules
}
