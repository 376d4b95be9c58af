package broker

// Router: requests that are taken back from workers: those not begun, to give them to
// others, and those that nobody waits for any more.

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// stealAfter is how long a worker must not have answered anything before what
// it has not begun is offered to workers that have nothing to do: its window
// was chosen for shorter requests than it got.
const stealAfter = 2 * tick

// cancel makes the workers that have q stop working on it. q is about to be finished.
func (r *router) cancel(q *request) {
	for _, p := range q.at {
		if p.worker == nil || !p.worker.hello.Reclaim || p.worker.gone {
			continue
		}
		if len(p.worker.cancel) == 0 {
			r.cancelling = append(r.cancelling, p.worker)
		}
		p.worker.cancel = append(p.worker.cancel, p.number)
		r.cancelled++
	}
}

// maxReclaims is how many reclaims a worker need not have answered. One that leaves more
// unanswered works on what nobody waits for.
const maxReclaims = 1 << 10

// tellCancelled tells workers what was cancelled; every critical section ends with it.
func (r *router) tellCancelled(out *batch) {
	for i, w := range r.cancelling {
		if len(w.reclaims) < maxReclaims {
			r.sendReclaim(w, wire.KindCancel, w.cancel, out)
		}
		w.cancel = w.cancel[:0]
		r.cancelling[i] = nil
	}
	r.cancelling = r.cancelling[:0]
}

// sendReclaim sends a reclaim or a cancel. A worker that it does not reach is being lost.
func (r *router) sendReclaim(w *worker, kind wire.Kind, numbers []uint64, out *batch) {
	r.reclaimFrame = wire.BeginReclaim(r.reclaimFrame[:0], kind)
	for _, n := range numbers {
		r.reclaimFrame = wire.AppendDispatch(r.reclaimFrame, n)
	}
	if w.conn.Queue(nil, zmtp.NewMessage(r.reclaimFrame)) == nil {
		w.reclaims = append(w.reclaims, len(numbers))
		out.add(w.conn)
	}
}

// maxReclaim is the most requests that are asked back at once.
const maxReclaim = sliceItems

// reclaim asks w to return at most `most` unstarted requests for which wanted is true. Workers start
// requests in order, so the first `skip` active entries of held may be running and are never asked
// for. The walk over held begins with the newest entry.
func (r *router) reclaim(w *worker, skip, most int, wanted func(*request) bool, out *batch) {
	if !w.hello.Reclaim || len(w.reclaims) > 0 || w.gone {
		return
	}
	w.reclaim = w.reclaim[:0]
	before := w.active() // older ones that take a slot, or will
	for h := w.held.last(); h != nil && len(w.reclaim) < min(most, maxReclaim) && !r.exhausted(); h = w.held.before(h) {
		r.visit(1)
		if h.state != waiting {
			before--
		}
		if before < skip {
			break
		}
		if h.request == nil || h.state != sent || h.request.target.key.worker || !wanted(h.request) {
			continue
		}
		w.setState(h, reclaiming, h.request)
		w.reclaim = append(w.reclaim, h.number)
	}
	if len(w.reclaim) > 0 {
		r.sendReclaim(w, wire.KindReclaim, w.reclaim, out)
	}
}

// takeReclaimed takes a worker's answer to a reclaim: what it gave back it has not
// begun, and will not answer. It goes to others, the oldest first. An error says that the
// worker has answered what it was not asked.
func (r monitor) takeReclaimed(w *worker, reclaim wire.Reclaim, out *batch) error {
	r.lock()
	defer r.leave(out)
	asked := 0
	if len(w.reclaims) > 0 { // reclaims are answered in order
		asked = w.reclaims[0]
		w.reclaims = slices.Delete(w.reclaims, 0, 1)
	}
	if n := reclaim.Len(); n > asked {
		return fmt.Errorf("an answer to a reclaim with %d requests, of which %d were asked for", n, asked)
	}
	back := r.back[:0]
	reclaim.Each(func(number uint64) {
		r.visit(1)
		h := w.held.find(number)
		if h == nil || h.state.hasAsked() {
			return // lies: it was answered, or never sent here, or has begun
		}
		q := w.remove(h)
		if q == nil {
			return // was cancelled
		}
		q.removeDispatch(w)
		r.reclaimed++
		if r.trace != nil {
			r.trace.returned(q, w, number)
		}
		if !q.held() {
			q.inHedge.remove()
			back = append(back, q)
		}
	})
	if w.active() == 0 {
		w.progress = out.now()
	}
	r.sort(w)
	r.requeue(back, out)
	clear(back)
	r.back = back[:0]
	if w.draining {
		r.offload(w, out) // what it was not asked for yet
	}
	r.fillWorker(w, out)
	return nil
}

// requeue gives requests that no worker has any more to others, the oldest first. Those for
// which none has room are the next ones in their queues, in the order of admission.
func (r *router) requeue(qs []*request, out *batch) {
	slices.SortFunc(qs, func(a, b *request) int { return cmp.Compare(a.seq, b.seq) })
	left := qs[:0]
	for _, q := range qs {
		switch {
		case q.target.replaced:
			r.fail(q, q.target.replacedError(), out)
		case r.exhausted() || q.client.throttled || !r.assign(q, out):
			left = append(left, q)
		}
	}
	for _, q := range slices.Backward(left) { // so that the oldest is first
		r.wait(q, true)
	}
}

// balancedAtOnce is how many workers are looked at in a tick that others could help.
const balancedAtOnce = 8

// balance takes requests back from workers that have stopped answering for the
// moment, if others have nothing to do. It is called every tick.
func (r *router) balance(now time.Time, out *batch) {
	for range min(balancedAtOnce, r.behind.n) {
		if r.idle == 0 || r.spent() {
			return
		}
		w := r.behind.rotate()
		r.visit(1)
		if now.Sub(w.progress) < stealAfter {
			continue
		}
		r.reclaim(w, w.begun, r.idle, func(q *request) bool {
			other := r.pickBut(q, w, now)
			return !q.copied() && other != nil && other.idle()
		}, out)
	}
}

// offload takes what w has not begun away from it, if others can do it. What
// it has begun it may finish.
func (r *router) offload(w *worker, out *batch) {
	r.reclaim(w, 0, w.held.n, func(q *request) bool { return r.others(q, w) }, out)
}
