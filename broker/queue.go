package broker

// Queues: the requests that wait for a target, and which of them is next.

import (
	"slices"
	"time"

	"trawl/edge/wire"
)

// queue holds the requests that wait for a target's workers. Clients take turns by the work
// that they ask for, so that one which sends thousands of requests, or large ones, does not
// hold up one that sends a single small one (Goyal and others, Start-time Fair Queueing,
// 1996). Priorities take turns, too: while several have requests waiting, each gets work in
// proportion to one more than its number, after a head start for the higher ones. So a higher
// priority goes first as long as there is little of it, and none waits without bound.
type queue struct {
	classes [wire.MaxPriority + 1]*class // made when first used
	clients map[*client]*share
	spare   *share        // so that a client that waits now and then costs no memory
	waiting list[request] // all, in the order in which they came, nearly
	n       int
	cost    int64 // of all that waits, in bytes
	now     int64 // turn of the priority that was served last
}

// kind tells which workers may do a request; a priority has a heap of flows for each.
type kind uint8

// kindSet is a set of kinds: what a worker takes.
type kindSet uint8

const (
	kindNested  kind = 1 << iota // a worker asks it
	kindTrawl                    // only a worker that understands headers can do it
	kindRetried                  // a worker has failed it, see request.avoid
	kinds       = 8
)

// setOf returns the kinds with some bits.
func setOf(with kind) (s kindSet) {
	for k := range kind(kinds) {
		if k&with == with {
			s |= 1 << k
		}
	}
	return s
}

var ofNested, ofTrawl, ofRetried = setOf(kindNested), setOf(kindTrawl), setOf(kindRetried)

// takes is what w may get now.
func (w *worker) takes() kindSet {
	k := ^kindSet(0)
	if w.plain {
		k &^= ofTrawl
	}
	if w.crowded() {
		k &= ofNested
	}
	return k
}

func (q *request) kind() (k kind) {
	if q.isSub() {
		k |= kindNested
	}
	if q.needsTrawl() {
		k |= kindTrawl
	}
	if q.avoid != nil {
		k |= kindRetried
	}
	return k
}

// class holds requests of one priority.
type class struct {
	turn   int64 // work done for it, by weight: the class with the lowest turn is next
	now    int64 // turn of the flow that was served last
	enters int64
	heaps  [kinds]flowHeap
	debts  []*flow // those that have nothing waiting, and a turn that is still to come
	flows  int     // those that have something waiting
	spare  *flow
}

// share is what one client has waiting in a queue.
type share struct {
	queue  *queue
	client *client
	n      int     // requests
	flows  []*flow // one for each priority and kind that it uses
	at     int     // in client.shares
}

// flow is what one client has waiting in one priority and of one kind, the oldest first.
type flow struct {
	share    *share
	class    *class
	priority int
	kind     kind
	waiting  list[request]
	turn     int64 // work done for it: the flow with the lowest turn is next
	entered  int64 // among equals, the first to enter
	at       int   // in its heap; none: not in it, while the client is held back
}

const (
	// turnUnit is how finely the turns of priorities and targets are counted.
	turnUnit = 16
	// headStart is how much work a priority may get before the one below it gets any, after that
	// had nothing waiting: so a few requests go strictly by priority.
	headStart = (1 << 10) * turnUnit
	// maxCredit is how much work a target may get before others because nobody asked for it
	// before.
	maxCredit = (64 << 10) * turnUnit
	// debtsKept is how many flows of a class are remembered that have nothing waiting, but had
	// more than others.
	debtsKept = 64
)

// weighted is what a request adds to the turns of its priority and its target.
func (q *request) weighted() int64 {
	return q.weight() * turnUnit / int64(q.header.Priority+1)
}

// pushBack adds a request that has not been given to anybody yet.
func (u *queue) pushBack(q *request) {
	f := u.flow(q)
	f.waiting.pushBack(&q.inQueue, q)
	u.waiting.pushBack(&q.inWaiting, q)
	u.added(q, f)
}

// pushFront puts back a request that was taken out before: it is the next one of its client,
// and its client's turn.
func (u *queue) pushFront(q *request) {
	f := u.flow(q)
	f.waiting.pushFront(&q.inQueue, q)
	u.waiting.pushFront(&q.inWaiting, q)
	f.turn, f.entered = min(f.turn, f.class.now), 0
	f.fix()
	u.added(q, f)
}

func (u *queue) added(q *request, f *flow) {
	q.flow = f
	f.share.n++
	u.n++
	u.cost += q.cost()
}

// flow returns the flow that r belongs into, which has its turns if its client is not held back.
func (u *queue) flow(q *request) *flow {
	s := u.clients[q.client]
	if s == nil {
		s = u.newShare(q.client)
	}
	f := s.flow(q.header.Priority, q.kind())
	if f == nil {
		f = s.newFlow(q.header.Priority, q.kind())
	}
	if f.waiting.n == 0 {
		if f.class.flows++; f.class.flows == 1 {
			f.class.turn = max(f.class.turn, u.now+headStart*int64(wire.MaxPriority-f.priority))
		}
		f.class.forgive(f)
		f.turn = max(f.turn, f.class.now)
		if !q.client.throttled {
			f.enter()
		}
	}
	return f
}

func (u *queue) newShare(c *client) *share {
	s := u.spare
	if u.spare = nil; s == nil {
		s = &share{queue: u}
	}
	if u.clients == nil {
		u.clients = make(map[*client]*share)
	}
	s.client, s.at = c, len(c.shares)
	c.shares = append(c.shares, s)
	u.clients[c] = s
	return s
}

func (s *share) flow(priority int, k kind) *flow {
	for _, f := range s.flows {
		if f.priority == priority && f.kind == k {
			return f
		}
	}
	return nil
}

func (s *share) newFlow(priority int, k kind) *flow {
	at := &s.queue.classes[priority]
	if *at == nil {
		*at = new(class)
	}
	c := *at
	f := c.spare
	if c.spare = nil; f == nil {
		f = &flow{class: c, priority: priority, at: none}
	}
	f.share, f.kind = s, k
	s.flows = append(s.flows, f)
	return f
}

// take removes a request that is given to a worker, and charges it to its client and its priority.
func (u *queue) take(q *request) (forgotten int) {
	f, c := q.flow, q.flow.class
	c.now = max(c.now, f.turn)
	f.turn += q.weight()
	u.now = max(u.now, c.turn)
	c.turn += q.weighted()
	f.fix()
	return u.remove(q)
}

// remove removes a request, and returns how many debts were forgotten with it.
func (u *queue) remove(q *request) (forgotten int) {
	f := q.flow
	q.inQueue.remove()
	q.inWaiting.remove()
	q.flow = nil
	u.n--
	u.cost -= q.cost()
	f.share.n--
	if f.waiting.n == 0 {
		forgotten = f.leave()
	}
	return forgotten
}

// leave takes a flow with nothing waiting out of the turns. What it has had more than others
// is remembered as long as others wait: then those debts are forgotten, and leave returns
// how many.
func (f *flow) leave() (forgotten int) {
	c := f.class
	f.stopTurns()
	if c.flows--; c.flows == 0 {
		forgotten = len(c.debts)
		for _, debtor := range c.debts {
			debtor.drop()
		}
		clear(c.debts)
		c.debts, c.now, c.enters = c.debts[:0], 0, 0
		f.drop()
		return forgotten
	}
	if f.turn <= c.now {
		f.drop()
		return 0
	}
	if len(c.debts) == debtsKept {
		c.debts[0].drop()
		c.debts = slices.Delete(c.debts, 0, 1)
	}
	c.debts = append(c.debts, f)
	return 0
}

// forgive takes f out of the debts, if it is there.
func (c *class) forgive(f *flow) {
	if i := slices.Index(c.debts, f); i >= 0 {
		c.debts = slices.Delete(c.debts, i, i+1)
	}
}

// drop forgets a flow, and its client's share with the last one.
func (f *flow) drop() {
	s := f.share
	i := slices.Index(s.flows, f)
	s.flows = slices.Delete(s.flows, i, i+1)
	f.share, f.turn, f.class.spare = nil, 0, f
	if len(s.flows) > 0 {
		return
	}
	delete(s.queue.clients, s.client)
	shares := s.client.shares
	last := shares[len(shares)-1]
	shares[s.at], last.at = last, s.at
	shares[len(shares)-1] = nil
	s.client.shares = shares[:len(shares)-1]
	s.client, s.queue.spare = nil, s
}

// forgetDebts drops the flows of a client that has gone; false if the critical section is spent.
func (r *router) forgetDebts(c *client) (done bool) {
	for len(c.shares) > 0 {
		if r.spent() {
			return false
		}
		r.visit(1)
		f := c.shares[0].flows[0]
		f.class.forgive(f)
		f.drop()
	}
	return true
}

// enter lets f have its turns, after those that have the same one.
func (f *flow) enter() {
	f.class.enters++
	f.entered = f.class.enters
	f.class.heaps[f.kind].push(f)
}

// stopTurns takes f out of the turns; its requests go on waiting.
func (f *flow) stopTurns() {
	if f.at != none {
		f.class.heaps[f.kind].remove(f)
	}
}

func (f *flow) fix() {
	if f.at != none {
		f.class.heaps[f.kind].fix(f)
	}
}

// head returns the request of some kinds that is next, nil if there is none.
func (u *queue) head(of kindSet) *request {
	if u.n == 0 {
		return nil
	}
	var best *flow
	var turn int64
	for p := wire.MaxPriority; p >= 0; p-- {
		c := u.classes[p]
		if c == nil || c.flows == 0 {
			continue
		}
		f := c.head(of)
		if f != nil && (best == nil || c.turn < turn) {
			best, turn = f, c.turn
		}
	}
	if best == nil {
		return nil
	}
	return best.waiting.front()
}

func (c *class) head(of kindSet) (best *flow) {
	for k := range kinds {
		if of&(1<<k) == 0 {
			continue
		}
		if f := c.heaps[k].first(); f != nil && (best == nil || f.before(best)) {
			best = f
		}
	}
	return best
}

// of returns how many of a client's requests wait.
func (u *queue) of(c *client) int {
	if s := u.clients[c]; s != nil {
		return s.n
	}
	return 0
}

// oldest is when the request that waits longest arrived; zero if none waits.
func (u *queue) oldest() time.Time {
	if q := u.waiting.front(); q != nil {
		return q.arrived
	}
	return time.Time{}
}

func (f *flow) before(o *flow) bool {
	return f.turn < o.turn || f.turn == o.turn && f.entered < o.entered
}

// flowHeap is a binary heap of flows, the next one first.
type flowHeap struct{ flows []*flow }

func (h *flowHeap) first() *flow {
	if len(h.flows) == 0 {
		return nil
	}
	return h.flows[0]
}

func (h *flowHeap) push(f *flow) {
	f.at = len(h.flows)
	h.flows = append(h.flows, f)
	h.fix(f)
}

func (h *flowHeap) remove(f *flow) {
	i, last := f.at, len(h.flows)-1
	moved := h.flows[last]
	h.flows[last] = nil
	h.flows = h.flows[:last]
	f.at = none
	if moved != f {
		h.flows[i], moved.at = moved, i
		h.fix(moved)
	}
}

// fix moves f to its place after its turn has changed.
func (h *flowHeap) fix(f *flow) {
	i := f.at
	for parent := (i - 1) / 2; i > 0 && f.before(h.flows[parent]); parent = (i - 1) / 2 {
		h.put(i, h.flows[parent])
		i = parent
	}
	for child := 2*i + 1; child < len(h.flows); child = 2*i + 1 {
		if child+1 < len(h.flows) && h.flows[child+1].before(h.flows[child]) {
			child++
		}
		if !h.flows[child].before(f) {
			break
		}
		h.put(i, h.flows[child])
		i = child
	}
	h.put(i, f)
}

func (h *flowHeap) put(i int, f *flow) { h.flows[i], f.at = f, i }
