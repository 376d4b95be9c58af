package broker

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

// What metrics are written from: copied under the router's lock, as status is,
// and written without it.

// Metrics are bounded: only so many rule sets and workers have series, in the
// order of their names. Names come from workers and the configuration, never
// from clients.
const (
	maxRuleSetSeries = 64
	maxRegexSeries   = 20
	maxWorkerSeries  = 256
)

type snapshot struct {
	counters
	outcomes     map[string]int64
	draining     bool
	clients      int
	pending      int
	pendingBytes int64
	heldBytes    int64
	namedQueue   int // requests that wait for workers by name
	ruleSets     []ruleSetSnapshot
	costs        []wire.RuleCost  // of the most expensive regexes
	workers      []workerSnapshot // trawl's own
	byState      map[workerState]int
	omittedSets  int
	omittedWorks int
}

type workerState struct{ kind, state string }

// ruleSetSnapshot sums up a rule set and the packs of it that were asked for by
// hash: how clients write a hash must not make series.
type ruleSetSnapshot struct {
	name    string
	workers int
	queued  int
	oldest  time.Duration // age of the request that waits longest
	latency histogram
}

type workerSnapshot struct {
	name, version string
	slots, most   int // now, and when its board is well
	window, held  int
	answered      int64
	stats         *wire.WorkerStats // not changed once it is set
	facts         board.Facts
	health        *board.Health // the same
}

func (r *router) snapshot(now time.Time) *snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &snapshot{
		counters: r.counters, outcomes: maps.Clone(r.outcomes), draining: r.draining, clients: r.numClients(),
		pending: r.pending, pendingBytes: r.bytes, heldBytes: r.heldBeside(), byState: make(map[workerState]int),
	}
	s.outcomes["ok"] += r.ok
	s.addRuleSets(r, now)
	s.costs = r.ruleCosts()
	s.costs = s.costs[:min(len(s.costs), maxRegexSeries)]
	for w := range r.workers {
		kind := "trawl"
		if w.plain {
			kind = "plain" // named after its address, which is another each time
		} else {
			s.workers = append(s.workers, w.snapshot())
		}
		s.byState[workerState{kind, w.state(now)}]++
	}
	slices.SortFunc(s.workers, func(a, b workerSnapshot) int { return cmp.Compare(a.name, b.name) })
	if n := len(s.workers); n > maxWorkerSeries {
		s.workers, s.omittedWorks = s.workers[:maxWorkerSeries], n-maxWorkerSeries
	}
	return s
}

func (s *snapshot) addRuleSets(r *router, now time.Time) {
	var names []string
	for k, t := range r.targets {
		if name, hash := wire.SplitRules(k.name); !k.worker && hash == "" && t.known() {
			names = append(names, name)
		} else if k.worker {
			s.namedQueue += t.queue.n
		}
	}
	slices.Sort(names)
	if n := len(names); n > maxRuleSetSeries {
		names, s.omittedSets = names[:maxRuleSetSeries], n-maxRuleSetSeries
	}
	s.ruleSets = make([]ruleSetSnapshot, len(names))
	for i, name := range names {
		s.ruleSets[i].name = name
		s.ruleSets[i].workers = len(r.targets[targetKey{name: name}].workers)
	}
	for k, t := range r.targets {
		name, _ := wire.SplitRules(k.name)
		if i, ok := slices.BinarySearch(names, name); ok && !k.worker {
			s.ruleSets[i].add(t, now)
		}
	}
}

func (s *ruleSetSnapshot) add(t *target, now time.Time) {
	s.queued += t.queue.n
	if since := t.queue.oldest(); !since.IsZero() {
		s.oldest = max(s.oldest, now.Sub(since))
	}
	if t.latency != nil {
		s.latency.add(t.latency)
	}
}

func (w *worker) snapshot() workerSnapshot {
	return workerSnapshot{
		name: w.name, version: w.hello.Version, slots: w.slots, most: w.hello.Slots, window: w.window, held: len(w.held),
		answered: w.answered, stats: w.stats, facts: w.facts, health: w.health,
	}
}
