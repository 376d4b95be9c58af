package broker

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
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
	bytes     int64  // of them
	booting   bool
	draining  bool
	idle      chan struct{} // closed when draining and nothing is pending
	prefix    []byte        // scratch for dispatch

	requests   int64
	ok         int64 // of outcomes, counted apart: nearly all are
	outcomes   map[string]int64
	retried    int64
	late       int64
	overflowed int64
}

func newRouter(o *Options) *router {
	r := &router{
		options: o, log: o.Log, start: time.Now(),
		targets: make(map[targetKey]*target), workers: make(map[*worker]struct{}),
		names: make(map[string]*worker), clients: make(map[*client]struct{}),
		number: rand.Uint64() >> 1, booting: true, idle: make(chan struct{}),
		outcomes: make(map[string]int64),
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

// batch is what a goroutine does in one go: the messages that it read at once,
// the time when it did, and the connections that got something to flush.
type batch struct {
	conns []*zmtp.Conn
	at    time.Time
}

// now is the time of the batch: asking the clock for each message costs more
// than to route it.
func (b *batch) now() time.Time {
	if b.at.IsZero() {
		b.at = time.Now()
	}
	return b.at
}

func (b *batch) add(c *zmtp.Conn) {
	if !slices.Contains(b.conns, c) {
		b.conns = append(b.conns, c)
	}
}

func (b *batch) flush() {
	for i, c := range b.conns {
		c.Flush()
		b.conns[i] = nil
	}
	b.conns, b.at = b.conns[:0], time.Time{}
}

// target returns the target of a key, made if it is new.
func (r *router) target(k targetKey) *target {
	t := r.targets[k]
	if t == nil {
		t = &target{key: k}
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
	t.seen = true
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

// submit admits a request: it goes to a worker, waits, or is refused at once.
// The request, its message included, is the router's from here on.
func (r *router) submit(q *request, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending > 0 && r.bytes+q.size() > r.options.Limits.Memory {
		r.refuse(q, wire.Errorf(wire.Busy, "the broker holds %d bytes of requests and takes no more for now; try later", r.bytes), out)
		return
	}
	if err := r.admissible(q); err != nil {
		r.refuse(q, err, out)
		return
	}
	t := q.target
	r.seq++
	q.seq = r.seq
	r.pending++
	r.bytes += q.size()
	q.client.requests.pushBack(&q.inClient, q)
	r.wheel.add(q)
	if !r.assign(q, out) {
		t.queue.pushBack(q)
	}
}

// admissible finds the request's target; the error says why it is refused.
func (r *router) admissible(q *request) *wire.Error {
	if r.draining {
		return wire.Errorf(wire.Draining, "the broker is stopping; ask another, or again when it is back")
	}
	t, err := r.find(q.header)
	if err != nil {
		return err
	}
	q.target = t
	switch {
	case t.queue.n > 0 && t.queue.n >= r.options.queueLimit(t.key.name):
		return wire.Errorf(wire.Busy, "%d requests wait for %q already; try later", t.queue.n, t.key.name)
	case q.needsTrawl() && t.onlyPlain():
		return wire.Errorf(wire.BadRequest, "%q is served by plain workers only, which take one text and no want, limit, fields, split or format", t.key.name)
	}
	return nil
}

// find returns the target that a header names.
func (r *router) find(h *wire.RequestHeader) (*target, *wire.Error) {
	if h == &bareHeader {
		return r.byDefault, nil
	}
	k := targetKey{name: h.Rules}
	if h.Worker != "" {
		k = targetKey{worker: true, name: h.Worker}
	}
	if r.targets[k] == nil && !r.booting && !r.servedNow(k) {
		return nil, (&target{key: k}).unknown()
	}
	return r.target(k), nil
}

// servedNow: a name@hash becomes a target when it is first asked for.
func (r *router) servedNow(k targetKey) bool {
	for w := range r.workers {
		if !k.worker && w.serves(k.name) {
			return true
		}
	}
	return false
}

// refuseNow is refuse for a request that was not understood.
func (r *router) refuseNow(q *request, err *wire.Error, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse(q, err, out)
}

// refuse answers a request that was never admitted.
func (r *router) refuse(q *request, err *wire.Error, out *batch) {
	if q.target != nil {
		r.forget(q.target)
	}
	r.count(string(err.Code))
	r.answer(q.client, q.envelope, wire.ErrorAnswer(q.header, err), out)
	q.recycle()
}

// fail answers an admitted request with an error.
func (r *router) fail(q *request, err *wire.Error, out *batch) {
	r.count(string(err.Code))
	r.answer(q.client, q.envelope, wire.ErrorAnswer(q.header, err), out)
	r.finish(q)
}

// finish takes an admitted request, now answered, out of everything; a worker
// that still works on it holds a tombstone. The request is gone after it.
func (r *router) finish(q *request) {
	if q.inQueue.in != nil {
		q.target.queue.remove(q)
		r.forget(q.target)
	}
	q.inWheel.remove()
	q.inClient.remove()
	if q.worker != nil {
		q.worker.bury(q.number)
	}
	r.pending--
	r.bytes -= q.size()
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

// answer queues m for a client. One that does not read its answers is closed.
func (r *router) answer(c *client, envelope []byte, m zmtp.Message, out *batch) {
	err := c.conn.Queue(envelope, m)
	if err == nil {
		out.add(c.conn)
		return
	}
	if errors.Is(err, zmtp.ErrFull) {
		r.overflowed++
		r.log.Warn("client does not read its answers: closed", "client", c.conn.Peer().RemoteAddr)
		_ = c.conn.Close()
	}
}
