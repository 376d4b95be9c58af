package broker

import (
	"errors"
	"slices"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// This file holds the part of the router that gives requests to workers and
// takes their answers.

// assign gives q to a worker that has room; false if none has.
func (r *router) assign(q *request, out *batch) bool {
	for {
		w := q.target.pick(q, out.now())
		if w == nil {
			return false
		}
		if r.dispatch(w, q, out) {
			return true
		}
	}
}

// dispatch gives q to w, as a copy if another has it; false if w could not take
// it, and then w has no room any more. A request that the worker may not do is
// answered here, which counts as taken.
func (r *router) dispatch(w *worker, q *request, out *batch) bool {
	if q.target.key.worker && !w.serves(q.header.Rules) {
		r.fail(q, wire.Errorf(wire.UnknownRules, "worker %q does not serve the rule set %q", w.name, q.header.Rules), out)
		return true
	}
	r.number++
	r.prefix = r.prefix[:0]
	var number [8]byte
	if w.plain {
		r.prefix = zmtp.AppendFrame(r.prefix, putNumber(&number, r.number), true)
		r.prefix = zmtp.AppendFrame(r.prefix, nil, true)
	} else {
		control := wire.RequestControl{Number: r.number, Full: q.full, Hops: q.hops, Remaining: q.deadline.Sub(out.now()), ID: r.trace.id(q)}
		var frame [32]byte
		r.prefix = zmtp.AppendFrame(r.prefix, control.Append(frame[:0]), true)
	}
	m := q.message.Retain()
	if w.plain && q.full {
		m = m.Tail(1) // the text alone
	}
	if err := w.conn.Queue(r.prefix, m); err != nil {
		w.full = errors.Is(err, zmtp.ErrFull)
		w.gone = w.gone || !w.full
		return false
	}
	if q.held() {
		q.inHedge.remove()
	} else {
		q.target.hedge.dispatched(q)
	}
	w.hold(q, r.number, out.now())
	if r.trace != nil {
		r.trace.dispatched(q, w, r.number)
	}
	out.add(w.conn)
	return true
}

// pump gives w what waits for it, as long as it has room.
func (r *router) pump(w *worker, out *batch) {
	for w.hasRoom(out.now()) {
		var q *request
		for _, t := range w.targets {
			q = before(q, t.queue.head(!w.plain, w.crowded()))
		}
		if q == nil {
			return
		}
		q.target.queue.take(q)
		if !r.dispatch(w, q, out) {
			q.target.queue.pushFront(q)
			return
		}
	}
}

// reply takes a worker's answer. The message is the worker's, whole; skip is
// how many of its frames come before those for the client. The router owns it
// from here on.
func (r *router) reply(w *worker, number uint64, failed bool, m zmtp.Message, skip int, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	q, by := w.release(number, out.now())
	switch {
	case q == nil:
		r.late++
		if r.trace != nil {
			r.trace.late(w, number)
		}
		m.Release()
	case failed && r.elsewhere(q, w, out):
		m.Release()
	default:
		r.deliver(q, by, failed, m.Tail(skip), out)
	}
	r.pump(w, out)
}

// deliver answers q with what a worker said.
func (r *router) deliver(q *request, by place, failed bool, m zmtp.Message, out *batch) {
	prefix := q.envelope
	if w := by.worker; w.plain && q.full {
		head := wire.AnswerHeader{ID: q.header.ID, HasID: q.header.HasID, Worker: w.name}
		prefix = zmtp.AppendFrame(slices.Clip(prefix), head.Append(nil), true)
	}
	if failed {
		r.count("failed_on_worker")
	} else {
		r.countOK()
	}
	q.target.answered(q, out.now())
	if r.trace != nil {
		r.trace.answered(q, by, failed, out.now())
	}
	if by.copy {
		r.copiesWon++
	}
	sent := r.give(q, prefix, m, out)
	if r.trace != nil {
		r.trace.delivered(q, sent, out.now())
	}
	if q.held() { // a copy
		r.abandon(q)
	}
	c := q.client
	r.finish(q, out)
	r.tellAbandoned(out)
	r.holdBackIfSlow(c)
}
