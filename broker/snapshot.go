package broker

// Snapshots: what status and metrics are written from.

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

// snapshot is a copy of the router's state. It is taken in slices of the router's lock, so
// its parts are of slightly different times, and written without the lock. Nobody changes it
// once it is taken.
type snapshot struct {
	counters
	outcomes     map[string]int64
	draining     bool
	clients      int
	pending      int
	pendingBytes int64
	heldBytes    int64
	namedQueue   int             // requests that wait for workers by name
	targets      []targetState   // rule sets and packs, in the order of their names
	workers      []workerState   // in the order of their names
	costs        []wire.RuleCost // of the most expensive regexes
	matches      []wire.RuleSetMatches
	never        map[string]int // rules that never matched, by rule set
}

// targetState is what a rule set, or a pack of one, is like.
type targetState struct {
	name     string
	known    bool // it was served once, or the configuration names it
	expected bool
	workers  int
	queued   int
	oldest   time.Duration // age of the request that waits longest
	hashes   []string      // of the packs that are served
	rules    string        // name of the rule set
	more     []*crewLink   // that serve it, if they are too many to be looked at at once
	latency  *histogram    // nil: no answer yet
}

// workerState is what a worker is like.
type workerState struct {
	name, kind, address string
	version             string
	rules               []wire.ServedRules // not changed once they are set
	rulesAge            time.Duration
	slots, most         int // now, and when its board is well
	window, held        int
	waiting             int
	answered            int64
	state               string
	stats               *wire.WorkerStats // not changed once they are set
	facts               board.Facts
	board               []byte
	health              *board.Health // not changed once it is set
}

// snapshot takes one.
func (r monitor) snapshot(now time.Time) *snapshot {
	s := &snapshot{}
	r.lock()
	s.counters, s.outcomes, s.draining, s.clients = r.counters, maps.Clone(r.outcomes), r.draining, r.numClients()
	s.pending, s.pendingBytes, s.heldBytes = r.pending, r.bytes, r.heldBeside()
	s.outcomes["ok"] += r.ok
	targets, workers := slices.Clone(r.allTargets.items), slices.Clone(r.workers.items)
	r.unlock()
	r.inSlices(len(targets), func(i int) { s.addTarget(r.router, targets[i], now) })
	for i := range s.targets {
		state := &s.targets[i]
		r.inSlices(len(state.more), func(j int) { state.addCrew(state.more[j].crew) })
		slices.Sort(state.hashes)
	}
	r.inSlices(len(workers), func(i int) { s.addWorker(r.router, workers[i], now) })
	s.costs = r.costs.most()
	s.matches, s.never = r.costs.matches()
	sort.Slice(s.targets, func(i, j int) bool { return s.targets[i].name < s.targets[j].name })
	sort.Slice(s.workers, func(i, j int) bool { return s.workers[i].name < s.workers[j].name })
	return s
}

// inSlices calls f for the numbers from 0 to n-1 with the router's lock held, which it lets go
// now and then.
func (r monitor) inSlices(n int, f func(i int)) {
	for i := 0; i < n; {
		r.lock()
		for ; i < n && !r.spent(); i++ {
			r.visit(1)
			f(i)
		}
		r.unlock()
	}
}

func (s *snapshot) addTarget(r *router, t *target, now time.Time) {
	if !r.allTargets.has(t) {
		return // forgotten meanwhile
	}
	if t.key.worker {
		s.namedQueue += t.queue.n
		return
	}
	state := targetState{name: t.name(), known: t.known(), expected: t.expected, queued: t.queue.n, hashes: []string{}}
	if since := t.queue.oldest(); !since.IsZero() {
		state.oldest = now.Sub(since)
	}
	state.rules, _ = wire.SplitRules(t.key.name)
	if n := len(t.crews); n <= crewsVisited {
		r.visit(n)
		for _, l := range t.crews {
			state.addCrew(l.crew)
		}
	} else {
		state.more = slices.Clone(t.crews)
	}
	if t.latency != nil {
		latency := *t.latency
		state.latency = &latency
	}
	s.targets = append(s.targets, state)
}

// addCrew counts a crew among those that serve the target.
func (s *targetState) addCrew(c *crew) {
	s.workers += c.workers
	if hash := c.hashes[s.rules]; hash != "" && !slices.Contains(s.hashes, hash) && len(s.hashes) < maxHashesShown {
		s.hashes = append(s.hashes, hash)
	}
}

// maxHashesShown is the most packs of a rule set that status lists.
const maxHashesShown = 16

func (s *snapshot) addWorker(r *router, w *worker, now time.Time) {
	if !r.workers.has(w) {
		return // gone meanwhile
	}
	kind := "trawl"
	if w.plain {
		kind = "plain"
	}
	s.workers = append(s.workers, workerState{
		name: w.name, kind: kind, address: w.conn.Peer().RemoteAddr, version: w.hello.Version,
		rules: w.hello.Rules, rulesAge: now.Sub(w.rulesAt),
		slots: w.slots, most: w.hello.Slots, window: w.window, held: w.held.n, waiting: w.waiting,
		answered: w.answered, state: w.state(now), stats: w.stats, facts: w.facts, board: w.hello.Board, health: w.health,
	})
}

// name is how a request asks for t, with as many digits of a pack's hash as answers print.
func (t *target) name() string {
	name, hash := wire.SplitRules(t.key.name)
	if hash == "" {
		return name
	}
	return strings.Join([]string{name, t.hash[:packDigits]}, "@")
}
