package broker

import (
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// This file holds the part of the router that takes requests back from
// workers: those not begun, to give them to others, and those that nobody
// waits for any more.

// stealAfter is how long a worker must not have answered anything before what
// it has not begun is offered to workers that have nothing to do: its window
// was chosen for shorter requests than it got.
const stealAfter = 2 * tick

// abandon makes the workers that have q stop working on it; tellAbandoned
// must follow. q is about to be finished.
func (r *router) abandon(q *request) {
	for _, p := range q.at {
		if p.worker == nil || !p.worker.hello.Recall || p.worker.gone {
			continue
		}
		if len(p.worker.abandon) == 0 {
			r.abandoning = append(r.abandoning, p.worker)
		}
		p.worker.abandon = append(p.worker.abandon, p.number)
		r.abandoned++
	}
}

// tellAbandoned tells workers what was abandoned.
func (r *router) tellAbandoned(out *batch) {
	for i, w := range r.abandoning {
		r.sendRecall(w, true, w.abandon, out)
		w.abandon = w.abandon[:0]
		r.abandoning[i] = nil
	}
	r.abandoning = r.abandoning[:0]
}

// sendRecall sends a recall. A worker that it does not reach is being lost.
func (r *router) sendRecall(w *worker, abandoned bool, numbers []uint64, out *batch) {
	r.recallFrame = wire.BeginRecall(r.recallFrame[:0], abandoned)
	for _, n := range numbers {
		r.recallFrame = wire.AppendRecalled(r.recallFrame, n)
	}
	if w.conn.Queue(nil, zmtp.NewMessage(r.recallFrame)) == nil {
		w.recalls++
		out.add(w.conn)
	}
}

// takeBack asks w for up to most of the requests that it has not begun and
// that wanted says yes to. A worker takes what it gets in order, so what it
// may have begun comes first in held, and is left out by skip.
func (r *router) takeBack(w *worker, skip, most int, wanted func(*request) bool, out *batch) {
	if !w.hello.Recall || w.recalls > 0 || w.gone {
		return
	}
	w.recall = w.recall[:0]
	before := w.active() // older ones that take a slot, or will
	for i := len(w.held) - 1; i >= 0 && len(w.recall) < most; i-- {
		h := &w.held[i]
		if h.asks == 0 {
			before--
		}
		if before < skip {
			break
		}
		if h.request == nil || h.recalled || h.asked || h.request.target.key.worker || !wanted(h.request) {
			continue
		}
		h.recalled = true
		w.recall = append(w.recall, h.number)
	}
	if len(w.recall) > 0 {
		r.sendRecall(w, false, w.recall, out)
	}
}

// returned takes a worker's answer to a recall: what it gave back it has not
// begun, and will not answer. It goes to others, the oldest first.
func (r *router) returned(w *worker, recall wire.Recall, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	w.recalls = max(0, w.recalls-1)
	back := r.back[:0]
	recall.Each(func(number uint64) {
		i := w.find(number)
		if i < 0 || w.held[i].asked {
			return // lies: it was answered, or never sent here, or has begun
		}
		q := w.remove(i)
		if q == nil {
			return // was abandoned
		}
		q.leave(w)
		r.recalled++
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
	r.again(back, out)
	clear(back)
	r.back = back[:0]
	if w.draining {
		r.relieve(w, out) // what it was not asked for yet
	}
	r.pump(w, out)
}

// again gives requests that no worker has any more to others. Those for which
// none has room are the next ones in their queues, in the order of admission.
func (r *router) again(qs []*request, out *batch) {
	sortBySeq(qs)
	left := qs[:0]
	for _, q := range qs {
		switch {
		case r.assign(q, out):
		case q.target.replaced:
			r.fail(q, q.target.replacedError(), out)
		default:
			left = append(left, q)
		}
	}
	for i := len(left) - 1; i >= 0; i-- { // so that the oldest is first
		left[i].target.queue.pushFront(left[i])
	}
}

func sortBySeq(qs []*request) {
	slices.SortFunc(qs, func(a, b *request) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
}

// balance takes requests back from workers that have stopped answering for the
// moment, if others have nothing to do. It is called every tick.
func (r *router) balance(now time.Time, out *batch) {
	idle := 0
	for w := range r.workers {
		if w.hasRoom(now) {
			idle += max(0, w.slots-w.active())
		}
	}
	if idle == 0 {
		return
	}
	for w := range r.workers {
		if w.active() <= w.begun || now.Sub(w.progress) < stealAfter {
			continue
		}
		r.takeBack(w, w.begun, idle, func(q *request) bool {
			other := q.target.pick(q, now)
			return other != nil && other != w && other.idle()
		}, out)
	}
}

// relieve takes what w has not begun away from it, if others can do it. What
// it has begun it may finish.
func (r *router) relieve(w *worker, out *batch) {
	r.takeBack(w, 0, len(w.held), func(q *request) bool {
		for _, other := range q.target.workers {
			if other != w && !other.draining && !other.gone && !(other.plain && q.needsTrawl()) {
				return true
			}
		}
		return false
	}, out)
}
