package broker

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// maxLosses is how many workers may go away while they work on a request:
// then it is answered with an error instead of taking down a third.
const maxLosses = 2

// router is the broker's memory: who is connected, what waits, who works on
// what. Everything in it is guarded by mu. Its methods queue messages on
// connections but never write: the connections to flush are collected in the
// batch that the caller passes, and flushed by the caller without the lock.
//
// Invariant: while a worker has room, no request that it could do waits in one
// of its targets. Every change that could break it ends in pump.
type router struct {
	options *Options
	log     *slog.Logger
	trace   *trace // nil: off
	start   time.Time

	mu        sync.Mutex // before any connection's own lock
	targets   map[targetKey]*target
	byDefault *target // of requests in bare form
	workers   map[*worker]struct{}
	names     map[string]*worker // trawl workers
	clients   map[*client]struct{}
	wheel     wheel
	number    uint64 // of the last dispatch; starts at random, never reused
	seq       uint64 // of the last admission
	pending   int    // requests admitted and not answered
	bytes     int64  // their cost
	budgeted  int64  // the part of it that the budget counts, too
	booting   bool
	draining  bool
	idle      chan struct{} // closed when draining and nothing is pending
	lastBeat  time.Time
	heldBack  map[*client]struct{}
	short     bool // of memory, at the latest heartbeat

	abandoning  []*worker // that tellAbandoned has to tell
	resumed     []*worker // that pumpResumed has to look after
	back        []*request
	prefix      []byte // scratch, as the three around it
	recallFrame []byte

	counters
}

// counters count since the start; status shows them.
type counters struct {
	requests   int64
	ok         int64 // of outcomes, counted apart: nearly all are
	outcomes   map[string]int64
	retried    int64
	recalled   int64
	nested     int64
	abandoned  int64
	copied     int64
	hedged     int64
	copiesWon  int64
	holds      int64
	late       int64
	overflowed int64
	stalled    int64
	received   int64 // bytes of requests
	sent       int64 // of answers
}

func newRouter(o *Options) *router {
	r := &router{
		options: o, log: o.Log, trace: newTrace(o.Log), start: o.clock(),
		targets: make(map[targetKey]*target), workers: make(map[*worker]struct{}),
		names: make(map[string]*worker), clients: make(map[*client]struct{}),
		number: rand.Uint64() >> 1, booting: true, idle: make(chan struct{}),
		heldBack: make(map[*client]struct{}), counters: counters{outcomes: make(map[string]int64)},
	}
	r.wheel.init(r.start)
	for _, name := range o.ExpectRules {
		r.target(targetKey{name: name}).expected = true
	}
	r.byDefault = r.target(targetKey{name: wire.DefaultRules})
	r.byDefault.expected = true
	for _, p := range o.Plain {
		r.target(targetKey{name: p.Rules}).expected = true
	}
	for _, name := range o.ExpectWorkers {
		r.target(targetKey{worker: true, name: name}).expected = true
	}
	return r
}

// target returns the target of a key, made if it is new.
func (r *router) target(k targetKey) *target {
	t := r.targets[k]
	if t == nil {
		t = &target{key: k}
		if !k.worker {
			t.rules = r.options.ruleSet(k.name)
			t.hedge.on = t.rules.Hedge > 0 && !t.rules.Impure
		}
		for w := range r.workers {
			if t.serves(w) {
				r.link(t, w)
			}
		}
		r.targets[k] = t
	}
	return t
}

func (r *router) link(t *target, w *worker) {
	t.seen, t.replaced = true, false
	t.workers = append(t.workers, w)
	w.targets = append(w.targets, t)
}

// forget drops a target that means nothing any more, so that clients who ask
// for made-up names do not fill the memory.
func (r *router) forget(t *target) {
	if !t.known() && t.queue.n == 0 {
		delete(r.targets, t.key)
	}
}

// fail answers an admitted request with an error.
func (r *router) fail(q *request, err *wire.Error, out *batch) {
	r.count(string(err.Code))
	if r.trace != nil {
		r.trace.failed(q, err)
	}
	sent := r.answer(q.client, q.envelope, wire.ErrorAnswer(q.header, err), out)
	if r.trace != nil {
		r.trace.delivered(q, sent, out.now())
	}
	r.finish(q, out)
}

// finish takes an admitted request, now answered, out of everything; a worker
// that still works on it holds a tombstone. The request is gone after it.
func (r *router) finish(q *request, out *batch) {
	r.endNested(q, out)
	r.resume(q, out)
	if q.flow != nil {
		q.target.queue.remove(q)
		r.forget(q.target)
	}
	q.inWheel.remove()
	q.inClient.remove()
	q.inHedge.remove()
	for _, p := range q.at {
		if p.worker != nil {
			p.worker.bury(p.number)
		}
	}
	r.pending--
	r.bytes -= q.cost()
	r.budgeted -= q.message.Budgeted()
	q.client.bytes -= q.cost()
	q.recycle()
	if r.draining && r.pending == 0 {
		close(r.idle)
	}
}

// count counts a request by its outcome: an error code, or another word for
// status.
func (r *router) count(outcome string) {
	r.requests++
	r.outcomes[outcome]++
}

func (r *router) countOK() {
	r.requests++
	r.ok++
}

// answer queues m for a client; false if its connection takes nothing any more. One
// that does not read its answers is closed.
func (r *router) answer(c *client, envelope []byte, m zmtp.Message, out *batch) bool {
	return r.afterQueue(c, r.queue(c, envelope, m, out))
}

// queue is answer without the consequences.
func (r *router) queue(c *client, envelope []byte, m zmtp.Message, out *batch) error {
	size := int64(len(envelope) + m.Size())
	err := c.conn.Queue(envelope, m)
	if err == nil {
		c.unread += size
		r.sent += size
		out.add(c.conn)
	}
	return err
}

// afterQueue draws the consequences of queue.
func (r *router) afterQueue(c *client, err error) bool {
	if errors.Is(err, zmtp.ErrFull) {
		r.overflow(c)
	}
	return err == nil
}

// overflow closes a client that does not read.
func (r *router) overflow(c *client) {
	r.overflowed++
	r.log.Warn("client does not read its answers: closed", "client", c.conn.Peer().RemoteAddr, "bytes", queued(c))
	_ = c.conn.Close()
}
