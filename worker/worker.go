package worker

// Run: a worker from start to end.

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

// flushTime is how long the last answers may take to leave, once all requests are done.
const flushTime = time.Second

// worker is a running worker.
type worker struct {
	options     Options
	nonce       string // of the process; see wire.Hello
	jobs        *queue
	links       []*link // in the order of Options.Brokers
	sets        *RuleSets
	escalations map[string][]*escalation // by rule set
	goroutines  sync.WaitGroup           // of work

	hangLogged atomic.Bool   // a hanging slot was logged
	stop       chan struct{} // closed by a broker's stop
	stopOnce   sync.Once
	draining   atomic.Bool

	started  time.Time
	traces   bool                            // log the life of every request
	board    atomic.Pointer[wire.BoardStats] // the latest sample; nil before the first
	degraded atomic.Bool                     // the board was hot, slowed down or short of power then

	requests, failed, texts, bytes, matches, busyUS atomic.Int64 // see wire.WorkerStats
}

// Run serves until ctx ends or a broker says stop. Then Run drains: the worker asks the brokers for no
// more requests and answers the requests in hand, within DrainTimeout. Run returns nil, or an error if
// the worker could not start.
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
	w := newWorker(o)
	defer w.sets.subscribe(w)()
	slots := make([]*slot, o.Slots)
	for i := range slots {
		slots[i] = newSlot(w)
	}
	w.jobs.open(slots, func() { w.goroutines.Go(w.work) })
	linking, unlink := context.WithCancel(context.Background())
	var links sync.WaitGroup
	for _, l := range w.links {
		links.Go(func() { l.run(linking) })
	}
	links.Go(func() { w.watchBoard(linking) })
	defer w.startReports()()
	o.Log.Info("worker ready", "name", o.Name, "rules", wire.RuleNames(w.describe()), "slots", o.Slots, "brokers", o.Brokers)

	select {
	case <-ctx.Done():
	case <-w.stop:
	}
	w.drain()
	unlink()
	links.Wait()
	w.jobs.close()
	w.goroutines.Wait()
	o.Log.Info("worker stopped")
	zmtp.FlushLog(o.Log)
	return nil
}

func newWorker(o Options) *worker {
	w := &worker{
		options: o, nonce: rand.Text(), jobs: newQueue(), sets: o.RuleSets, escalations: escalationsOf(&o),
		stop: make(chan struct{}), started: time.Now(), traces: traces(o.Log),
	}
	for _, broker := range o.Brokers {
		w.links = append(w.links, &link{worker: w, broker: broker, log: o.Log.With("broker", broker), drained: make(chan struct{})})
	}
	return w
}

// drain leaves all brokers at once.
func (w *worker) drain() {
	w.options.Log.Info("draining", "timeout", w.options.DrainTimeout)
	w.draining.Store(true)
	w.report()
	ctx, cancel := context.WithTimeout(context.Background(), w.options.DrainTimeout)
	defer cancel()
	var leaving sync.WaitGroup
	for _, l := range w.links {
		leaving.Go(func() { l.leave(ctx) })
	}
	leaving.Wait()
}

// requestStop makes Run drain and return.
func (w *worker) requestStop() {
	w.stopOnce.Do(func() { close(w.stop) })
}

func (w *worker) hello() *wire.Hello {
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

// describe returns the announcement of all rule sets, including the rule sets of handlers.
func (w *worker) describe() []wire.ServedRules {
	list := w.sets.describe()
	for _, name := range slices.Sorted(maps.Keys(w.options.Handle)) {
		list = append(list, wire.ServedRules{Name: name, Engine: "handler"})
	}
	return list
}

func (w *worker) stats() *wire.WorkerStats {
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
