package broker

// The router: who is connected, what waits, who works on what.

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// maxLosses is how many workers may go away while they work on a request:
// then it is answered with an error instead of taking down a third.
const maxLosses = 2

// monitor is the way into the router from outside: each of its methods takes the lock, and
// leave gives the lock back after all that must follow a critical section. Methods of router
// are called with the lock held, and cannot call those of monitor.
type monitor struct{ *router }

// router is the broker's memory: who is connected, what waits, who works on
// what. Everything in it is guarded by mu, which the callers of its methods hold. The methods
// queue messages on connections but never write: the connections to flush are collected in the
// batch that the caller passes, and flushed by the caller without the lock.
//
// Invariant: while a worker has room, no request that it could do waits in one
// of its targets. Every change that could break it ends in fillWorker.
type router struct {
	options *Options
	log     *slog.Logger
	trace   *trace // nil: off
	start   time.Time

	mu sync.Mutex // before any connection's own lock; see lock
	section

	targets    map[targetKey]*target
	byDefault  *target // of requests in bare form
	crews      map[string]*crew
	names      map[string]*worker // all workers by name
	workers    roster[worker]     // all workers
	clients    roster[client]     // clients and, for each worker, the client of its sub-requests
	allTargets roster[target]
	wheel      wheel
	number     uint64 // of the last dispatch; starts at random, never reused
	seq        uint64 // of the last admission
	pending    int    // requests admitted and not answered
	bytes      int64  // cost of the pending requests
	budgeted   int64  // part of bytes that the budget counts
	booting    bool
	draining   bool
	idled      chan struct{} // closed when draining and nothing is pending
	lastBeat   time.Time
	sleptAt    time.Time     // latest time at which a pause of the process was noticed
	beats      list[worker]  // those whose heartbeat is due first come first
	resting    bool          // there are no ticks; see sweep
	stirred    chan struct{} // ticks shall go on
	throttled  list[client]
	short      bool // of memory, at the latest heartbeat

	namesakes int          // plain workers that got a number to their address, as it was taken
	avoiding  int          // waiting requests that a worker has failed; see request.avoid
	idle      int          // slots without work, of workers that have room
	behind    list[worker] // workers that hold more than is begun
	busy      []*target    // targets with waiting requests, in no order
	gone      list[target] // names that nobody serves any more, the one that left first in front
	guesses   list[target] // names that nobody has served yet, made while booting
	hedged    list[target] // those whose slow requests get copies

	cancelling   []*worker  // workers with a cancel message to be sent at the end of the critical section; see leave
	back         []*request // scratch of takeReclaimed and orphan, reused under mu
	prefix       []byte     // scratch of dispatch, reused under mu
	reclaimFrame []byte     // scratch of sendReclaim, reused under mu

	costs costTable // has a lock of its own
	counters
}

// newRouter returns the way into a router that knows what the configuration names.
func newRouter(o *Options) monitor {
	r := &router{
		options: o, log: o.Log, trace: newTrace(o.Log), start: o.clock(),
		targets: make(map[targetKey]*target), crews: make(map[string]*crew), names: make(map[string]*worker),
		number: rand.Uint64N(1 << (62 - cellBits)), booting: true, idled: make(chan struct{}), stirred: make(chan struct{}, 1),
		counters: counters{outcomes: make(map[string]int64)},
	}
	r.wheel.init(r.start)
	expect := func(k targetKey) *target {
		t := r.target(k)
		t.expected = true
		r.appeared(t)
		return t
	}
	for _, rules := range o.ExpectRules {
		k, hash := keyOf(rules)
		expect(k).hash = hash
	}
	r.byDefault = expect(targetKey{name: wire.DefaultRules})
	for _, p := range o.Plain {
		expect(targetKey{name: p.Rules})
	}
	for _, name := range o.ExpectWorkers {
		expect(targetKey{worker: true, name: name})
	}
	return monitor{r}
}

// guessCost is what a target that was made while booting is taken to cost, in bytes, with
// its queue: any client can make them. Those of workers are counted with what they say.
const guessCost = 2 << 10

// target returns the target of a key, made if it is new; nobody serves a new one yet.
func (r *router) target(k targetKey) *target {
	t := r.targets[k]
	if t != nil {
		return t
	}
	t = &target{key: k, busyAt: none}
	if !k.worker {
		t.rules = r.options.ruleSet(k.name)
		if t.hedge.on = t.rules.Hedge > 0 && !t.rules.Impure; t.hedge.on {
			r.hedged.pushBack(&t.inHedged, t)
		}
	}
	if r.booting {
		r.guesses.pushBack(&t.inList, t)
		t.guessed = true
		r.options.budget.Hold(guessCost)
	}
	r.targets[k] = t
	r.allTargets.add(t)
	return t
}

// appeared takes t out of the names that are guessed, or gone.
func (r *router) appeared(t *target) {
	t.inList.remove()
	if t.guessed {
		t.guessed = false
		r.options.budget.Hold(-guessCost)
	}
}

// pack returns the target of a pack, made if it is new and linked to those that serve it
// now; nil if nobody does and none is to be made. If there are too many crews to look at now,
// the target is made, and what waits for it is answered once all have been looked at.
func (r *router) pack(k targetKey, hash string, made bool) *target {
	name, _ := wire.SplitRules(k.name)
	var crews []*crewLink
	if set := r.targets[targetKey{name: name}]; set != nil {
		crews = set.crews
	}
	left := max(0, len(crews)-crewsVisited)
	serves := func(l *crewLink) bool { return strings.HasPrefix(l.crew.hashes[name], hash) }
	r.visit(len(crews) - left)
	if !made && left == 0 && !slices.ContainsFunc(crews, serves) {
		return nil
	}
	t := r.target(k)
	t.hash = hash
	linkPack := func(l *crewLink) {
		if serves(l) {
			hash = l.crew.hashes[name] // the digits that were left out, so that no other pack is taken for it
			t.hash = hash
			r.link(t, l.crew)
		}
	}
	for _, l := range crews[left:] {
		linkPack(l)
	}
	if left > 0 {
		r.later(func(*batch) bool { return r.linkRest(t, name, &left, linkPack) })
	}
	return t
}

// linkRest goes on with pack: it looks at the crews before the one at left, the last first, so that
// none is left out when others leave meanwhile. It returns false if the critical section is spent.
func (r *router) linkRest(t *target, name string, left *int, linkPack func(*crewLink)) (done bool) {
	set := r.targets[targetKey{name: name}]
	for set != nil && r.targets[t.key] == t && *left > 0 {
		if r.spent() {
			return false
		}
		r.visit(1)
		if *left--; *left < len(set.crews) {
			linkPack(set.crews[*left])
		}
	}
	if !r.booting {
		r.failWaiting(t, func(t *target) *wire.Error {
			if t.known() {
				return nil
			}
			return t.unknown()
		})
	}
	return true
}

// link notes that a crew serves t.
func (r *router) link(t *target, c *crew) {
	r.visit(1)
	if c.byTarget[t] != nil {
		return
	}
	t.seen, t.replaced = true, false
	r.appeared(t)
	l := &crewLink{target: t, crew: c, at: len(t.crews), turn: c.now}
	t.crews = append(t.crews, l)
	c.links = append(c.links, l)
	c.byTarget[t] = l
	r.fillLater(t)
}

// unlink takes a crew that has no worker left from its target. What the last worker of a target has replaced
// is not waited for as if that were lost: nobody means to bring it back, unless the
// configuration expects it. So names that come and go cost no memory.
func (r *router) unlink(l *crewLink, replaced bool) {
	r.visit(1)
	t, c := l.target, l.crew
	last := len(t.crews) - 1
	t.crews[l.at] = t.crews[last]
	t.crews[l.at].at = l.at
	t.crews[last] = nil
	t.crews = t.crews[:last]
	delete(c.byTarget, t)
	switch {
	case t.expected || len(t.crews) > 0:
	case replaced:
		t.seen, t.replaced = false, true
		r.failWaiting(t, func(t *target) *wire.Error {
			if t.known() {
				return nil
			}
			return t.replacedError()
		})
	default:
		r.lost(t)
	}
}

// lost notes that nobody serves t any more, but may again.
func (r *router) lost(t *target) {
	if t.expected {
		return
	}
	r.gone.pushBack(&t.inList, t)
	for range r.gone.n {
		if r.gone.n <= maxGone {
			return
		}
		r.visit(1)
		oldest := r.gone.rotate()
		if oldest.queue.n == 0 { // else requests wait for it, until their deadline
			oldest.inList.remove()
			oldest.seen = false
			r.forget(oldest)
		}
		if r.spent() {
			return
		}
	}
}

// maxGone is how many names whose workers are all gone are known, so that they are
// waited for.
const maxGone = 4096

// forget drops a target that means nothing any more, so that clients who ask
// for made-up names do not fill the memory.
func (r *router) forget(t *target) {
	if !t.known() && !t.served() && t.queue.n == 0 && r.targets[t.key] == t {
		t.inHedged.remove()
		delete(r.targets, t.key)
		r.allTargets.remove(t)
		r.appeared(t)
	}
}

// failWaiting answers all that waits for t; why returns nil once it may wait again.
func (r *router) failWaiting(t *target, why func(*target) *wire.Error) {
	r.later(func(out *batch) bool {
		for q := t.queue.waiting.front(); q != nil; q = t.queue.waiting.front() {
			err := why(t)
			if err == nil {
				return true
			}
			if r.spent() {
				return false
			}
			r.fail(q, err, out)
		}
		r.forget(t)
		return true
	})
}

// enqueue lets q wait for its target, at the end or as the next one.
func (r *router) enqueue(q *request, next bool) {
	t := q.target
	if next {
		t.queue.pushFront(q)
	} else {
		t.queue.pushBack(q)
	}
	if q.avoid != nil {
		r.avoiding++
	}
	if t.busyAt == none {
		t.busyAt = len(r.busy)
		r.busy = append(r.busy, t)
	}
}

// dequeued is called when q does not wait any more.
func (r *router) dequeued(q *request) {
	t := q.target
	if q.avoid != nil {
		r.avoiding--
	}
	if t.queue.n > 0 || t.busyAt == none {
		return
	}
	last := r.busy[len(r.busy)-1]
	r.busy[t.busyAt], last.busyAt = last, t.busyAt
	r.busy[len(r.busy)-1] = nil
	r.busy = r.busy[:len(r.busy)-1]
	t.busyAt = none
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
// that still works on it holds a tombstone. The request is gone after it, unless workers
// wait for what they have asked for its sake: endSubs then ends that first.
func (r *router) finish(q *request, out *batch) {
	r.visit(1)
	r.resume(q, out)
	if q.flow != nil {
		r.visit(q.target.queue.remove(q))
		r.dequeued(q)
		r.forget(q.target)
	}
	q.inWheel.remove()
	q.inClient.remove()
	q.inHedge.remove()
	for _, p := range q.at {
		if p.worker != nil {
			p.worker.markAnswered(p.number)
		}
	}
	r.pending--
	r.bytes -= q.cost()
	r.budgeted -= q.message.Budgeted()
	q.client.bytes -= q.cost()
	if r.draining && r.pending == 0 {
		close(r.idled)
	}
	if q.subs.n > 0 {
		q.ended = true
		r.endSubs(q)
		return
	}
	q.recycle()
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
		r.closeSlowConsumer(c)
	}
	return err == nil
}

// closeSlowConsumer closes a client that does not read.
func (r *router) closeSlowConsumer(c *client) {
	r.slowConsumers++
	r.log.Warn("client does not read its answers: closed", "client", c.conn.Peer().RemoteAddr, "bytes", queued(c))
	_ = c.conn.Close()
}
