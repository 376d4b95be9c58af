package worker

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// state is a running worker.
type state struct {
	options Options
	nonce   string
	jobs    *queue
	links   []*link
	sets    *RuleSets
	takers  sync.WaitGroup // goroutines that work
	// escalate holds, by rule set, what decides which texts are sent on.
	escalate map[string][]*escalation

	hangs    atomic.Bool   // a slot did not come back, which was logged
	stop     chan struct{} // closed by a broker's stop
	stopOnce sync.Once
	draining atomic.Bool

	started  time.Time
	traces   bool                            // log the life of every request
	board    atomic.Pointer[wire.BoardStats] // the latest sample; nil before the first
	strained atomic.Bool                     // so was the board then

	requests, failed, texts, bytes, matches, busyUS atomic.Int64
}

// Run serves until ctx ends or a broker says stop. Then it drains: it tells
// its brokers to send no more, answers what it has within DrainTimeout, and
// returns nil. An error means that it could not start.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return err
	}
	for _, b := range o.Brokers {
		if err := zmtp.CheckEndpoint(b); err != nil {
			return err
		}
	}
	w := &state{options: o, nonce: rand.Text(), jobs: newQueue(), sets: o.RuleSets, escalate: escalations(&o), stop: make(chan struct{}), started: time.Now(), traces: traces(o.Log)}
	var links sync.WaitGroup
	for _, broker := range o.Brokers {
		w.links = append(w.links, &link{worker: w, broker: broker, log: o.Log.With("broker", broker), drained: make(chan struct{})})
	}
	defer w.sets.follow(w)()
	slots := make([]*slot, o.Slots)
	for i := range slots {
		slots[i] = newSlot(w)
	}
	w.jobs.open(slots, func() { w.takers.Go(w.work) })
	linking, unlink := context.WithCancel(context.Background())
	for _, l := range w.links {
		links.Go(func() { l.run(linking) })
	}
	links.Go(func() { w.watchBoard(linking) })
	defer w.startPulse()()
	o.Log.Info("worker ready", "name", o.Name, "rules", wire.RuleNames(w.describe()), "slots", o.Slots, "brokers", o.Brokers)

	select {
	case <-ctx.Done():
	case <-w.stop:
	}
	w.drain()
	unlink()
	links.Wait()
	w.jobs.close()
	w.takers.Wait()
	o.Log.Info("worker stopped")
	zmtp.FlushLog(o.Log)
	return nil
}

// drain takes leave of all brokers at once.
func (w *state) drain() {
	w.options.Log.Info("draining", "timeout", w.options.DrainTimeout)
	w.draining.Store(true)
	w.pulse()
	ctx, cancel := context.WithTimeout(context.Background(), w.options.DrainTimeout)
	defer cancel()
	var leaving sync.WaitGroup
	for _, l := range w.links {
		leaving.Go(func() { l.leave(ctx) })
	}
	leaving.Wait()
}

// requestStop makes Run drain and return.
func (w *state) requestStop() {
	w.stopOnce.Do(func() { close(w.stop) })
}

func (w *state) hello() *wire.Hello {
	h := &wire.Hello{
		Protocol: wire.ProtocolVersion, Version: w.options.Version, Name: w.options.Name, Nonce: w.nonce,
		Slots: w.options.Slots, Reclaim: true,
	}
	h.Board, _ = json.Marshal(board.Read())
	h.Rules = w.describe()
	if w.options.Releases != nil {
		h.Releases = w.options.Releases.InUse()
	}
	return h
}

// describe is what brokers are told of all that the worker serves.
func (w *state) describe() []wire.RuleSet {
	list := w.sets.describe()
	for _, name := range slices.Sorted(maps.Keys(w.options.Handle)) {
		list = append(list, wire.RuleSet{Name: name, Engine: "handler"})
	}
	return list
}

func (w *state) stats() *wire.WorkerStats {
	s := &wire.WorkerStats{
		Requests: w.requests.Load(), Failed: w.failed.Load(), Texts: w.texts.Load(), Bytes: w.bytes.Load(),
		Matches: w.matches.Load(), BusyUS: w.busyUS.Load(), ResidentBytes: board.Resident(),
	}
	if b := w.board.Load(); b != nil {
		s.BoardStats = *b
	}
	s.UptimeS = int64(time.Since(w.started) / time.Second)
	return s
}

// flushTime is how long the last answers may take to leave, once all is done.
const flushTime = time.Second
