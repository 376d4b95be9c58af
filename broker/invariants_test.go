package broker

import "slices"

// What must hold after every step of the router.

// check holds the router against its invariants.
func (d *direct) check() {
	d.t.Helper()
	r := d.r
	seen := map[*request]bool{}
	var cost int64
	for c := range r.clients {
		var own int64
		n := 0
		for k := c.requests.root.next; n < c.requests.n; n++ {
			q := k.of
			k = k.next
			seen[q] = true
			own += q.cost()
			if (q.flow != nil) == q.held() {
				d.t.Fatalf("request %d waits: %v, is held: %v", q.seq, q.flow != nil, q.held())
			}
			if d.checkNested(q); q.parent != nil && !c.owns(q) {
				d.t.Fatalf("request %d belongs to a request of another worker", q.seq)
			}
			if q.copied() && q.at[0].worker == q.at[1].worker {
				d.t.Fatalf("worker %s has a copy of what it has", q.at[0].worker.name)
			}
			for _, p := range q.at {
				if p.worker == nil {
					continue
				}
				if i := p.worker.find(p.number); i < 0 || p.worker.held[i].request != q {
					d.t.Fatalf("request %d is not where it believes to be", q.seq)
				}
			}
		}
		if own != c.bytes {
			d.t.Fatalf("a client's requests cost %d, counted %d", own, c.bytes)
		}
		cost += own
		if c.heldBack != mapHas(r.heldBack, c) {
			d.t.Fatal("held back, or not?")
		}
	}
	if len(seen) != r.pending || cost != r.bytes {
		d.t.Fatalf("%d requests of %d bytes, counted %d of %d", len(seen), cost, r.pending, r.bytes)
	}
	for w := range r.workers {
		var bytes int64
		waiting := 0
		for _, h := range w.held {
			if h.asks > 0 {
				waiting++
			} else {
				bytes += h.size
			}
			if n := d.askedUnder(w, h.number); n != h.asks {
				d.t.Fatalf("worker %s waits for %d answers, counted %d", w.name, n, h.asks)
			}
			if h.request != nil && !seen[h.request] {
				d.t.Fatalf("worker %s holds a request that nobody waits for", w.name)
			}
		}
		if bytes != w.bytes {
			d.t.Fatalf("worker %s holds %d bytes, counted %d", w.name, bytes, w.bytes)
		}
		if waiting != w.waiting {
			d.t.Fatalf("of worker %s %d requests wait, counted %d", w.name, waiting, w.waiting)
		}
	}
	for _, t := range r.targets {
		d.checkTarget(t)
	}
}

// checkNested: who asks has the parent, and the parent knows what was asked for its
// sake and has no less time.
func (d *direct) checkNested(q *request) {
	d.t.Helper()
	k := q.nested.root.next
	for range q.nested.n {
		n := k.of
		k = k.next
		if n.parent != q || n.hops != q.hops+1 || n.deadline.After(q.deadline) || n.header.Priority != q.header.Priority {
			d.t.Fatalf("request %d was not asked for the sake of %d, or does not go by it", n.seq, q.seq)
		}
	}
	if q.nested.n > 0 && !q.held() {
		d.t.Fatalf("nobody has request %d, but something was asked for its sake", q.seq)
	}
}

// owns reports whether q's parent is one of the requests that the worker c has.
func (c *client) owns(q *request) bool {
	if c.asker == nil {
		return false
	}
	i := c.asker.find(q.under)
	return i >= 0 && c.asker.held[i].request == q.parent
}

// askedUnder counts what w has asked for the sake of what it has under a number.
func (d *direct) askedUnder(w *worker, number uint64) (n int) {
	k := w.asks.requests.root.next
	for range w.asks.requests.n {
		if k.of.under == number {
			n++
		}
		k = k.next
	}
	return n
}

func mapHas[K comparable, V any](m map[K]V, k K) bool { _, ok := m[k]; return ok }

// checkTarget: what is counted is there, and nothing waits that could be done.
func (d *direct) checkTarget(t *target) {
	d.t.Helper()
	for w := range d.r.workers {
		if linked := slices.Contains(t.workers, w); linked != t.serves(w) || linked != slices.Contains(w.targets, t) {
			d.t.Fatalf("worker %s serves %q: %v, is linked: %v", w.name, t.key.name, t.serves(w), linked)
		}
	}
	n, cost := 0, int64(0)
	for kind := range t.queue.lanes {
		for _, l := range t.queue.lanes[kind] {
			if l == nil {
				continue
			}
			turns := 0
			for f := l.turns.next; f != &l.turns; f = f.next {
				turns++
			}
			for c, f := range l.flows {
				if f.client != c || f.waiting.n == 0 {
					d.t.Fatal("a flow is empty, or not its client's")
				}
				if !c.heldBack {
					turns--
				}
				n += f.waiting.n
				k := f.waiting.root.next
				for range f.waiting.n {
					cost += k.of.cost()
					if w := t.pick(k.of, d.now); w != nil && !c.heldBack && !w.conn.(*fakePort).full {
						d.t.Fatalf("a request for %q waits while worker %s has room", t.key.name, w.name)
					}
					k = k.next
				}
			}
			if turns != 0 {
				d.t.Fatalf("turns of %q are off by %d", t.key.name, turns)
			}
		}
	}
	if n != t.queue.n || cost != t.queue.cost {
		d.t.Fatalf("%d requests of %d bytes wait for %q, counted %d of %d", n, cost, t.key.name, t.queue.n, t.queue.cost)
	}
}
