package broker

// Requests of workers: what a worker asks for the sake of a request that it works on.

import (
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// A worker may ask something itself for the sake of a request that it works on:
// another worker, a rule set, even itself. For admission and the queues it is a
// client like others; beyond that, what it asks belongs to that request, its
// parent: it has the parent's priority and no more time than it, and ends with it.
//
// While a worker waits for an answer the parent takes no slot there, nor a place in
// the worker's window. So whatever workers ask each other, one that has a slot is not
// waiting, and goes on: there is no deadlock. How deep it goes is bounded by
// wire.MaxHops, how wide by waitingPerSlot.

// subRequest is what a request has if a worker asks it.
type subRequest struct {
	parent *request // for whose sake; nil: a client asks
	under  uint64   // number under which the asking worker has the parent
	hops   uint8    // workers that passed it on
}

// isSub reports whether a worker asks it for the sake of another request.
func (a *subRequest) isSub() bool { return a.parent != nil }

// ask takes over what a worker asks; m begins with the header.
func (b *Broker) ask(w *worker, c wire.SubRequestControl, m zmtp.Message, out *batch) {
	q := newRequest(w.subClient, out.now())
	answer := wire.ReplyControl{Number: c.Number}
	var frame [32]byte
	q.envelope = zmtp.AppendFrame(q.envelope, answer.Append(frame[:0]), true)
	q.message = m
	err := b.parse(q)
	switch {
	case err != nil:
	case !q.full:
		err = wire.Errorf(wire.BadRequest, "a worker asks in full form: a header, and a frame for each text")
	case q.header.Op != wire.OpMatch:
		err = wire.Errorf(wire.BadRequest, "a worker cannot ask for op %q, only match", q.header.Op)
	}
	if err != nil {
		b.router.refuseNow(q, wire.AsError(err), out)
		return
	}
	b.router.submitSub(w, c.Parent, q, out)
}

// submitSub admits what w asks for the sake of the request that it has under a number.
func (r monitor) submitSub(w *worker, under uint64, q *request, out *batch) {
	r.lock()
	defer r.leave(out)
	h := w.held.find(under)
	if h == nil || h.request == nil || w.crew == nil { // or the worker has been replaced
		r.refuse(q, wire.Errorf(wire.Deadline, "the request for whose sake this was asked has been answered, or has run out of time"), out)
		return
	}
	parent := h.request
	q.parent, q.under, q.hops = parent, under, parent.hops+1
	q.parsed.Priority = parent.header.Priority
	if q.deadline = q.arrived.Add(q.header.Deadline); q.deadline.After(parent.deadline) {
		q.deadline = parent.deadline
	}
	w.progress = out.now() // whatever it does, it does not hang
	r.sort(w)
	r.subRequests++
	if q.hops > wire.MaxHops {
		r.refuse(q, wire.Errorf(wire.TooManyHops, "workers have passed this request on %d times; perhaps they ask each other in a circle", parent.hops), out)
		return
	}
	r.admit(q, out)
	r.fillWorker(w, out) // the parent has made room
}

// suspend notes that the worker which asks q waits for it, so that the parent
// takes no slot there.
func (r *router) suspend(q *request) {
	if q.parent == nil {
		return
	}
	q.parent.subs.pushBack(&q.inSubs, q)
	w := q.client.askingWorker
	h := w.held.find(q.under)
	if h.openSubs++; h.openSubs == 1 {
		w.setState(h, waiting, h.request)
		r.sort(w)
	}
}

// resume is the opposite, when q has been answered: once the worker waits for nothing
// more, its parent goes on.
func (r *router) resume(q *request, out *batch) {
	if q.parent == nil {
		return
	}
	q.inSubs.remove()
	w := q.client.askingWorker
	h := w.held.find(q.under)
	if h == nil {
		return // it did not wait, and has answered
	}
	if h.openSubs--; h.openSubs > 0 {
		return
	}
	if w.crowded() { // it may take new requests again
		r.later(func(out *batch) bool { r.fillWorker(w, out); return true })
	}
	w.setState(h, resumed, h.request)
	if w.active() == 1 {
		w.progress = out.now()
	}
	r.sort(w)
}

// endSubs ends what workers have asked for the sake of q, which has ended itself, and then
// gives up q.
func (r *router) endSubs(q *request) {
	r.later(func(out *batch) bool {
		for n := q.subs.front(); n != nil; n = q.subs.front() {
			if r.spent() {
				return false
			}
			r.cancel(n)
			r.fail(n, wire.Errorf(wire.Deadline, "the request for whose sake this was asked has been answered, or has run out of time"), out)
		}
		q.recycle()
		return true
	})
}
