package broker

// Router: requests that are let in, or are not.

import (
	"cmp"
	"strings"

	"trawl/edge/wire"
)

// submit admits a request: it goes to a worker, waits, or is refused at once.
// The request, its message included, is the router's from here on.
func (r monitor) submit(q *request, out *batch) {
	r.lock()
	defer r.leave(out)
	r.admit(q, out)
}

func (r *router) admit(q *request, out *batch) {
	r.received += q.size()
	if err := r.admissible(q); err != nil {
		r.refuse(q, err, out)
		return
	}
	r.seq++
	q.seq = r.seq
	r.pending++
	r.stir()
	r.bytes += q.cost()
	r.budgeted += q.message.Budgeted()
	q.client.bytes += q.cost()
	q.client.requests.pushBack(&q.inClient, q)
	r.wheel.add(q)
	r.suspend(q)
	if r.trace != nil {
		r.trace.accepted(q)
	}
	if q.client.throttled || !r.assign(q, out) {
		r.wait(q, false)
		if r.trace != nil {
			r.trace.queued(q)
		}
	}
}

// admissible finds the request's target; the error says why it is refused.
func (r *router) admissible(q *request) *wire.Error {
	if r.draining && !q.isSub() { // what a worker asks belongs to a request that was admitted
		return wire.Errorf(wire.Draining, "the broker is stopping; ask another, or again when it is back")
	}
	t, err := r.find(q.header)
	if err != nil {
		return err
	}
	q.target = t
	switch {
	case t.draining():
		return t.leaving()
	case q.needsTrawl() && r.onlyPlain(t):
		return wire.Errorf(wire.BadRequest, "%q is served by plain workers only, which take one text and no %s", t.key.name, strings.Join(wire.TrawlOnlyKeys(), ", "))
	}
	return r.room(q)
}

// smallRequest is the most that the only request of a client may cost to find room in a full
// broker, in bytes. The clients that memory allows (a connectionCost each, half of it) take an
// eighth of the memory that way, of the quarter that is there.
const smallRequest = 4 << 10

// room reports whether there is memory and a place in the queue for q. A
// client may not take more than it leaves for all others: so one that is alone
// gets half, and one that comes later finds room, if only for a small request
// (Choudhury and Hahne, Dynamic queue length thresholds, 1998). What waits for one
// address takes no more than three quarters of the memory.
func (r *router) room(q *request) *wire.Error {
	t, c, cost := q.target, q.client, q.cost()
	most, own := r.queueLimit(t), t.queue.of(q.client)
	switch {
	case t.queue.n > 0 && t.queue.n >= most:
		return wire.Errorf(wire.Busy, "%d requests wait for the %s %q already; try later", t.queue.n, t.what(), t.key.name)
	case own > 0 && own >= most-t.queue.n:
		return wire.Errorf(wire.Busy, "%d requests of this client wait for the %s %q already, and the rest of the queue is for others; try later", own, t.what(), t.key.name)
	case r.pending == 0:
		return nil // the only one always has room
	}
	memory, held := r.options.Limits.Memory, r.held()-q.message.Budgeted()
	free := memory - held
	freeHere := memory - memory/4 - t.queue.cost
	switch {
	// What others hold for long leaves room for a small request of a client that has none: a
	// quarter more, as for answers to requests that were not admitted.
	case c.bytes == 0 && cost <= smallRequest && cost <= free+memory/4 && (t.queue.n == 0 || cost <= freeHere):
		return nil
	case cost > free:
		return wire.Errorf(wire.Busy, "the broker holds %d bytes of requests and answers and takes no more for now; try later", held)
	case t.queue.n > 0 && cost > freeHere:
		return wire.Errorf(wire.Busy, "%d bytes of requests wait for the %s %q, and the rest of the memory is for others; try later", t.queue.cost, t.what(), t.key.name)
	case c.bytes > 0 && c.bytes+cost > min(free, freeHere):
		return wire.Errorf(wire.Busy, "the broker holds %d bytes of this client's requests, and the rest of its memory is for others; try later", c.bytes)
	}
	return nil
}

// held is what counts against limits.memory, in bytes: requests, answers that peers
// have not taken, messages that are half read, and what workers say of themselves.
func (r *router) held() int64 { return r.bytes + r.heldBeside() }

// heldBeside is the part of held that is not requests.
func (r *router) heldBeside() int64 { return r.options.budget.Held() - r.budgeted }

// queueLimit is the most requests that may wait for t.
func (r *router) queueLimit(t *target) int {
	if t.rules.Queue > 0 {
		return t.rules.Queue
	}
	return r.options.Limits.Queue
}

// find returns the target that a header names.
func (r *router) find(h *wire.RequestHeader) (*target, *wire.Error) {
	if h == &bareHeader {
		return r.byDefault, nil
	}
	k, hash := targetKey{worker: true, name: h.Worker}, ""
	if h.Worker == "" {
		k, hash = keyOf(h.Rules)
	}
	t := r.targets[k]
	switch {
	case t != nil && (hash == "" || t.isPack(hash)):
		return t, nil
	case t == nil && hash != "": // a pack becomes a target when somebody asks for it
		t = r.pack(k, hash, r.booting)
	case t == nil && r.booting:
		t = r.target(k)
	default:
		t = nil // another pack, with the same first digits
	}
	if t == nil {
		return nil, (&target{key: targetKey{worker: k.worker, name: cmp.Or(h.Worker, h.Rules)}}).unknown()
	}
	return t, nil
}

// refuseNow is refuse for a request that was not understood.
func (r monitor) refuseNow(q *request, err *wire.Error, out *batch) {
	r.lock()
	defer r.leave(out)
	r.received += q.size()
	r.refuse(q, err, out)
}

// refuse answers a request that was never admitted.
func (r *router) refuse(q *request, err *wire.Error, out *batch) {
	if q.target != nil {
		r.forget(q.target)
	}
	r.count(string(err.Code))
	if r.trace != nil {
		r.trace.refused(q, err)
	}
	r.answerRefused(q, wire.ErrorAnswer(q.header, err), out)
	q.recycle()
}
