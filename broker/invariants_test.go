package broker

import "trawl/edge/wire"

// What must hold after every step of the router.

// check holds the router against its invariants.
func (d *direct) check() {
	d.t.Helper()
	r := d.r
	seen := map[*request]bool{}
	var cost int64
	for _, c := range r.clients.items {
		var own int64
		for q := range c.requests.all() {
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
				if h := p.worker.held.find(p.number); h == nil || h.request != q {
					d.t.Fatalf("request %d is not where it believes to be", q.seq)
				}
			}
		}
		if own != c.bytes {
			d.t.Fatalf("a client's requests cost %d, counted %d", own, c.bytes)
		}
		cost += own
		if c.throttled != (c.inThrottled.in == &r.throttled) {
			d.t.Fatal("held back, or not?")
		}
	}
	if len(seen) != r.pending || cost != r.bytes {
		d.t.Fatalf("%d requests of %d bytes, counted %d of %d", len(seen), cost, r.pending, r.bytes)
	}
	idle := 0
	for _, w := range r.workers.items {
		d.checkHeld(w, seen)
		idle += w.idleSlots
	}
	if idle != r.idle {
		d.t.Fatalf("%d slots have nothing to do, counted %d", idle, r.idle)
	}
	d.checkCrews()
	busy := 0
	for _, t := range r.targets {
		if (t.busyAt != none) != (t.queue.n > 0) || t.busyAt != none && r.busy[t.busyAt] != t {
			d.t.Fatalf("%d requests wait for %q, which is at %d of the busy ones", t.queue.n, t.key.name, t.busyAt)
		}
		if t.busyAt != none {
			busy++
		}
	}
	if busy != len(r.busy) || len(r.targets) != r.allTargets.len() {
		d.t.Fatalf("%d targets are busy, counted %d", busy, len(r.busy))
	}
	for _, t := range r.targets {
		d.checkTarget(t)
	}
}

// checkHeld: what a worker has is counted, and belongs to somebody.
func (d *direct) checkHeld(w *worker, seen map[*request]bool) {
	d.t.Helper()
	var weight int64
	waits, buried, n := 0, 0, 0
	for h := w.held.first(); h != nil; h = w.held.after(h) {
		n++
		if h.openSubs > 0 {
			waits++
		} else {
			weight += h.size
		}
		if h.request == nil {
			buried++
		}
		if h.state == waiting != (h.openSubs > 0) {
			d.t.Fatalf("worker %s has a request in state %d with %d open sub-requests", w.name, h.state, h.openSubs)
		}
		if n := d.askedUnder(w, h.number); n != h.openSubs {
			d.t.Fatalf("worker %s waits for %d answers, counted %d", w.name, n, h.openSubs)
		}
		if h.request != nil && !seen[h.request] {
			d.t.Fatalf("worker %s holds a request that nobody waits for", w.name)
		}
	}
	if weight != w.weight || waits != w.waiting || buried != w.tombstones || n != w.held.n {
		d.t.Fatalf("worker %s holds %d requests of %d bytes, %d waiting, %d buried; counted %d of %d, %d, %d",
			w.name, n, weight, waits, buried, w.held.n, w.weight, w.waiting, w.tombstones)
	}
}

// checkCrews: each worker is in the crew of what it serves, and in the heap where it belongs,
// unless it is silent; heaps are in order.
func (d *direct) checkCrews() {
	d.t.Helper()
	workers := map[*crew]int{}
	for _, w := range d.r.workers.items {
		c := w.crew
		workers[c]++
		for _, set := range w.hello.Rules {
			if set.Unreadable {
				continue
			}
			if c.hashes[set.Name] != set.Hash {
				d.t.Fatalf("worker %s serves %q, its crew does not", w.name, set.Name)
			}
		}
		var want *workerHeap
		if w.isAvailable() {
			want = &c.ready
			if w.crowded() {
				want = &c.crowded
			}
		}
		if w.heap != want && !w.failing() && !(w.heap == nil && w.silent(d.now)) { // one that fails is sorted with the next heartbeat
			d.t.Fatalf("worker %s is not in the heap where it belongs", w.name)
		}
		if w.heap != nil && w.heap.workers[w.heapAt] != w {
			d.t.Fatalf("worker %s is not at its place in the heap", w.name)
		}
		if (w.inBehind.in != nil) != (w.active() > w.begun) && w.heap != nil {
			d.t.Fatalf("worker %s holds %d, has begun %d", w.name, w.active(), w.begun)
		}
	}
	for _, c := range d.r.crews {
		if c.workers != workers[c] || len(c.links) != len(c.byTarget) {
			d.t.Fatalf("crew %q has %d workers, counted %d", c.key, workers[c], c.workers)
		}
		for _, h := range []*workerHeap{&c.ready, &c.crowded} {
			for i, w := range h.workers {
				if i > 0 && w.lessLoaded(h.workers[(i-1)/heapChildren]) {
					d.t.Fatalf("worker %s is less loaded than its parent in the heap", w.name)
				}
			}
		}
	}
}

// checkNested: who asks has the parent, and the parent knows what was asked for its
// sake and has no less time.
func (d *direct) checkNested(q *request) {
	d.t.Helper()
	for n := range q.subs.all() {
		if n.parent != q || n.hops != q.hops+1 || n.deadline.After(q.deadline) || n.header.Priority != q.header.Priority {
			d.t.Fatalf("request %d was not asked for the sake of %d, or does not go by it", n.seq, q.seq)
		}
	}
	if q.subs.n > 0 && !q.held() {
		d.t.Fatalf("nobody has request %d, but something was asked for its sake", q.seq)
	}
}

// owns reports whether q's parent is one of the requests that the worker c has.
func (c *client) owns(q *request) bool {
	if c.askingWorker == nil {
		return false
	}
	h := c.askingWorker.held.find(q.under)
	return h != nil && h.request == q.parent
}

// askedUnder counts what w has asked for the sake of what it has under a number.
func (d *direct) askedUnder(w *worker, number uint64) (n int) {
	for q := range w.subClient.requests.all() {
		if q.under == number {
			n++
		}
	}
	return n
}

// checkTarget: what is counted is there, and nothing waits that could be done.
func (d *direct) checkTarget(t *target) {
	d.t.Helper()
	linked := 0
	for _, c := range d.r.crews {
		name, _ := wire.SplitRules(t.key.name)
		serves := !t.key.worker && c.hashes[name] != "" && (t.hash == "" || c.hashes[name] == t.hash)
		if _, ok := c.hashes[name]; !t.key.worker && ok && t.hash == "" {
			serves = true // without a hash, of a plain worker
		}
		if l := c.byTarget[t]; (l != nil) != serves || l != nil && t.crews[l.at] != l {
			d.t.Fatalf("crew %q serves %q: %v, is linked: %v", c.key, t.key.name, serves, l != nil)
		} else if l != nil {
			linked++
		}
	}
	if linked != len(t.crews) || t.key.worker && t.worker != d.r.names[t.key.name] {
		d.t.Fatalf("%q is served by %d crews, counted %d", t.key.name, linked, len(t.crews))
	}
	n, cost := 0, int64(0)
	for c, s := range t.queue.clients {
		if s.client != c || c.shares[s.at] != s || len(s.flows) == 0 {
			d.t.Fatal("a share is not its client's, or empty")
		}
		own := 0
		for _, f := range s.flows {
			own += f.waiting.n
			if want := f.waiting.n > 0 && !c.throttled; want != (f.at != none) || want && f.class.heaps[f.kind].flows[f.at] != f {
				d.t.Fatalf("a flow with %d waiting has its turn at %d; its client is held back: %v", f.waiting.n, f.at, c.throttled)
			}
			for q := range f.waiting.all() {
				cost += q.cost()
				if w := d.r.pick(q, d.now); w != nil && q.avoid == nil && !c.throttled && !w.conn.(*fakeConn).full {
					d.t.Fatalf("a request for %q waits while worker %s has room: kind %d, avoid %v, nested %v, full %v, %d of %d, busy %v", t.key.name, w.name, q.kind(), q.avoid, q.isSub(), w.full, w.active(), w.window, t.busyAt)
				}
			}
		}
		if own != s.n {
			d.t.Fatalf("a client has %d requests waiting, counted %d", own, s.n)
		}
		n += own
	}
	for _, c := range t.queue.classes {
		for k := range kinds {
			if c == nil {
				break
			}
			for i, f := range c.heaps[k].flows {
				if i > 0 && f.before(c.heaps[k].flows[(i-1)/2]) {
					d.t.Fatal("flows are not in order")
				}
			}
		}
	}
	if n != t.queue.n || cost != t.queue.cost || n != t.queue.waiting.n {
		d.t.Fatalf("%d requests of %d bytes wait for %q, counted %d of %d", n, cost, t.key.name, t.queue.n, t.queue.cost)
	}
}
