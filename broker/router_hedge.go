package broker

// Router: second copies of slow requests.

import "time"

// A hedge is a second copy of a request that takes its worker longer than
// most: it goes to a worker that is idle, and the first answer counts (Dean
// and Barroso, The Tail at Scale, 2013). Copies cost at most a twentieth more
// work: each request earns a twentieth of one.

const (
	// hedgeTick is how often slow requests are looked for.
	hedgeTick = 5 * time.Millisecond
	// hedgePrice is how many requests pay for one copy, hedgeSaved how many
	// copies can be saved up.
	hedgePrice, hedgeSaved = 20, 5
	// hedgeSamples is how many answers must be known before one is called slow.
	hedgeSamples = 100
	// hedgeKept is how many recent answers weigh in full; see histogram.halve.
	hedgeKept = 4096
)

// hedge is what a target knows of how long its requests take on a worker.
type hedge struct {
	on      bool
	recent  histogram     // from dispatch to answer
	after   time.Duration // then a copy is due; 0: not known
	running list[request] // dispatched once and not answered, the oldest first
	credit  int           // requests that have not yet paid for a copy
}

// dispatched notes that a worker got q, and nobody else has it.
func (h *hedge) dispatched(q *request) {
	if h.on {
		h.running.pushBack(&q.inHedge, q)
		h.credit = min(h.credit+1, hedgePrice*hedgeSaved)
	}
}

// answered notes how long an answer has taken; of a copy, the first worker would have
// taken longer still.
func (h *hedge) answered(q *request, now time.Time) {
	if !h.on {
		return
	}
	if h.recent.total >= hedgeKept {
		h.recent.halve()
	}
	h.recent.observe(now.Sub(q.dispatched))
}

// updateDelay computes anew after how long a copy is due.
func (h *hedge) updateDelay(percent int) {
	h.after = 0
	if h.recent.total >= hedgeSamples {
		h.after = h.recent.quantile(float64(percent) / 100)
	}
}

// hedgeSlow gives out the copies that are due. It is called every hedgeTick if
// any rule set wants them.
func (r monitor) hedgeSlow(out *batch) {
	r.lock()
	defer r.leave(out)
	for range min(r.hedged.n, sliceItems) {
		r.visit(1)
		t := r.hedged.rotate()
		if t.hedge.after == 0 || t.queue.n > 0 {
			continue
		}
		h, now := &t.hedge, out.now()
		for h.credit >= hedgePrice && !r.exhausted() {
			q := h.running.front()
			if q == nil || now.Sub(q.dispatched) < h.after {
				break
			}
			w := r.pick(q, now)
			if w == nil || !w.idle() || r.dispatch(w, q, out) != given { // a copy leaves h.running
				break
			}
			h.credit -= hedgePrice
			r.hedgedSlow++
		}
	}
}
