package broker

// Router: requests that are given to workers, and the answers.

import (
	"errors"
	"slices"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// assign gives q to a worker that has room; false if none has, or if the critical section
// is exhausted.
func (r *router) assign(q *request, out *batch) bool {
	for !r.exhausted() {
		w := r.pick(q, out.now())
		if w == nil {
			return false
		}
		if r.dispatch(w, q, out) != full {
			return true
		}
	}
	return false
}

// wait lets q wait after assign has found no worker for it, at the end of its queue or as the
// next one. If assign has not looked at all workers, the others are looked at later.
func (r *router) wait(q *request, next bool) {
	r.enqueue(q, next)
	if r.exhausted() || len(q.target.crews) > crewsVisited {
		r.fillLater(q.target)
	}
}

// dispatchResult is what became of a request that was to be given to a worker.
type dispatchResult uint8

const (
	given    dispatchResult = iota // the worker has it
	full                           // the worker could not take it, and has no room any more
	answered                       // the request named this worker, which cannot do it: it is finished, and q is not valid any more
)

// dispatch gives q to w, as a copy if another has it, and returns what became of q.
func (r *router) dispatch(w *worker, q *request, out *batch) dispatchResult {
	if q.target.key.worker && !w.serves(q.header.Rules) {
		r.fail(q, wire.Errorf(wire.UnknownRules, "worker %q does not serve the rule set %q", w.name, q.header.Rules), out)
		return answered
	}
	number, ok := w.held.next(r.number + 1)
	if !ok {
		w.full = true
		r.sort(w)
		return full
	}
	r.number++
	r.prefix = r.prefix[:0]
	if w.plain {
		var frame [8]byte
		r.prefix = zmtp.AppendFrame(r.prefix, putNumber(&frame, number), true)
		r.prefix = zmtp.AppendFrame(r.prefix, nil, true)
	} else {
		control := wire.RequestControl{Number: number, Full: q.full, Hops: q.hops, Remaining: q.deadline.Sub(out.now()), ID: r.trace.id(q)}
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
		r.sort(w)
		return full
	}
	if q.held() {
		q.inHedge.remove()
	} else {
		q.target.hedge.dispatched(q)
	}
	w.hold(q, number, out.now())
	r.sort(w)
	if r.trace != nil {
		r.trace.dispatched(q, w, number)
	}
	out.add(w.conn)
	return given
}

// fillWorker gives w what waits for it, as long as it has room.
func (r *router) fillWorker(w *worker, out *batch) {
	for len(r.busy) > 0 && w.crew != nil && w.hasRoom() && !w.silent(out.now()) {
		if r.spent() {
			r.later(func(out *batch) bool { r.fillWorker(w, out); return true })
			return
		}
		r.visit(1)
		q, turn := r.nextFor(w)
		if q == nil {
			return
		}
		r.take(q, w, turn)
		if r.dispatch(w, q, out) == full {
			r.enqueue(q, true)
			return
		}
	}
}

// nextFor returns the request that w should get next, and where its target's turn is kept.
// Targets take turns, by the work that was done for them and the priorities that was for; at
// a target, its queue decides.
func (r *router) nextFor(w *worker) (best *request, turn *int64) {
	takes, c := w.takes(), w.crew
	var least int64
	consider := func(t *target, at *int64) {
		q := t.queue.head(takes)
		if q != nil && q.avoid == w && r.others(q, w) {
			q = t.queue.head(takes &^ ofRetried)
		}
		if q == nil {
			return
		}
		if now := max(*at, c.now-maxCredit); best == nil || now < least || now == least && q.seq < best.seq {
			best, turn, least = q, at, now
		}
	}
	if w.named.busyAt != none {
		consider(w.named, &w.turn)
	}
	if !w.isAvailable() {
		return best, turn
	}
	if len(r.busy) < len(c.links) {
		for _, t := range r.busy {
			if l := c.byTarget[t]; l != nil {
				consider(t, &l.turn)
			}
		}
		r.visit(len(r.busy))
		return best, turn
	}
	for _, l := range c.links {
		if l.target.busyAt != none {
			consider(l.target, &l.turn)
		}
	}
	r.visit(len(c.links))
	return best, turn
}

// take takes q out of its queue for w, and charges it to its target's turn; turn is nil if
// targets have not taken turns for it.
func (r *router) take(q *request, w *worker, turn *int64) {
	r.visit(q.target.queue.take(q))
	r.dequeued(q)
	if turn != nil {
		now := max(*turn, w.crew.now-maxCredit)
		w.crew.now = max(w.crew.now, now)
		*turn = now + q.weighted()
	}
}

// filling is where fillLater is with a target.
type filling struct {
	on     bool
	left   kindSet // kinds of requests for which there may be a worker
	misses int     // looks at the target's crews in a row that have found none
	next   int     // as target.next, which turns with other requests, too
}

// fillLater gives what waits for t to workers that have room, before the critical section ends
// or after it.
func (r *router) fillLater(t *target) {
	if t.queue.n == 0 {
		return
	}
	was := t.filling.on
	t.filling = filling{on: true, left: ^kindSet(0), next: t.next}
	if !was {
		r.later(func(out *batch) bool { return r.fillTarget(t, out) })
	}
}

// fillTarget goes on with t; false if the critical section is spent.
func (r *router) fillTarget(t *target, out *batch) (done bool) {
	f := &t.filling
	for {
		if r.spent() {
			return false
		}
		q := t.queue.head(f.left)
		if q == nil {
			f.on = false
			return true
		}
		r.visit(1)
		t.next = f.next
		w := r.pick(q, out.now())
		f.next = t.next
		switch {
		case w != nil:
			f.misses = 0
			r.take(q, w, nil)
			if r.dispatch(w, q, out) == full {
				r.enqueue(q, true)
			}
		case r.exhausted(): // it has not looked at all
		default:
			if f.misses++; f.misses*crewsVisited > len(t.crews) {
				f.misses = 0
				f.left &^= 1 << q.kind()
			}
		}
	}
}

// verdict is what the broker knows of a worker's answer.
type verdict uint8

const (
	succeeded  verdict = iota
	failed             // an error
	failedHere         // an error of the worker's own, which another worker may not have: internal
)

// maxErrorRead is the most bytes of an error that the broker looks into.
const maxErrorRead = 4 << 10

// verdictOf looks at an answer of a worker; frame is its header, or a bare answer.
func verdictOf(c wire.ReplyControl, frame []byte) verdict {
	if !c.Failed {
		return succeeded
	}
	if len(frame) <= maxErrorRead {
		if h, err := wire.ParseAnswerHeader(frame); err == nil && h.Error != nil && h.Error.Code == wire.Internal {
			return failedHere
		}
	}
	return failed
}

// reply takes a worker's answer. The message is the worker's, whole; skip is
// how many of its frames come before those for the client. The router owns it
// from here on.
func (r monitor) reply(w *worker, number uint64, v verdict, m zmtp.Message, skip int, out *batch) {
	r.lock()
	defer r.leave(out)
	had := w.held.find(number) != nil
	q, by := w.release(number, out.now())
	if had { // else it says nothing of the worker, and could be said at any rate
		r.judge(w, v)
	}
	r.sort(w)
	switch {
	case q == nil:
		r.staleAnswers++
		if r.trace != nil {
			r.trace.staleAnswer(w, number)
		}
		m.Release()
	case v != succeeded && r.retryOnOther(q, w, v, out):
		m.Release()
	default:
		r.deliver(q, by, v, m.Tail(skip), out)
	}
	r.fillWorker(w, out)
}

// judge counts the errors of w's own that come in a row.
func (r *router) judge(w *worker, v verdict) {
	was := w.failing()
	if v == failedHere {
		w.failures++
	} else {
		w.failures = 0
	}
	if w.failing() == was || w.crew == nil {
		return
	}
	if was {
		w.inFailing.remove()
		r.log.Info("worker is well again", "worker", w.name)
	} else {
		w.crew.failing.pushBack(&w.inFailing, w)
		r.unlessAvoided(w.crew)
		r.log.Warn("worker keeps failing: avoided while others serve the same", "worker", w.name, "internal_errors", w.failures)
	}
}

// retryOnOther gives q, which w has refused or failed, to another worker: if w does not serve
// any more what q asks for (its update said so before this answer), or once if the error was
// w's own. False: q is to be answered with what w said.
func (r *router) retryOnOther(q *request, w *worker, v verdict, out *batch) bool {
	t := q.target
	if t.key.worker || q.subs.n > 0 { // what w has asked for its sake nobody else could use
		return false
	}
	if w.serves(t.key.name) && (v != failedHere || q.avoid != nil || !r.others(q, w)) {
		return false
	}
	if q.held() { // a copy; its answer will be the answer
		return true
	}
	if t.rules.Impure || !t.served() {
		return false
	}
	if w.serves(t.key.name) {
		q.avoid = w
	}
	q.inHedge.remove()
	r.retried++
	r.requeue([]*request{q}, out)
	return true
}

// deliver answers q with what a worker said.
func (r *router) deliver(q *request, by dispatch, v verdict, m zmtp.Message, out *batch) {
	prefix := q.envelope
	if w := by.worker; w.plain && q.full {
		head := wire.AnswerHeader{ID: q.header.ID, HasID: q.header.HasID, Worker: w.name}
		prefix = zmtp.AppendFrame(slices.Clip(prefix), head.Append(nil), true)
	}
	if v == succeeded {
		r.countOK()
	} else {
		r.count("failed_on_worker")
	}
	q.target.answered(q, out.now())
	if r.trace != nil {
		r.trace.answered(q, by, v != succeeded, out.now())
	}
	if by.copy {
		r.hedgesWon++
	}
	sent := r.give(q, prefix, m, out)
	if r.trace != nil {
		r.trace.delivered(q, sent, out.now())
	}
	if q.held() { // a copy
		r.cancel(q)
	}
	c := q.client
	r.finish(q, out)
	r.throttleIfSlow(c)
}
