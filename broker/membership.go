package broker

import (
	"slices"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// This file holds the part of the router that workers and clients join and
// leave.

// join registers a worker, sends it welcome (if there is one) and what waited
// for it. An error refuses it; a connection of the same process that it
// replaces is returned to be closed.
func (r *router) join(w *worker, welcome zmtp.Message, out *batch) (replaced *worker, err *wire.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	defer func() {
		if err != nil {
			welcome.Release()
		}
	}()
	if r.draining {
		return nil, wire.Errorf(wire.Draining, "the broker is stopping")
	}
	if other := r.ofOtherKind(w); other != nil {
		return nil, wire.Errorf(wire.Forbidden, "a worker named %q is connected already, from %s; give this one another --name", w.name, other.conn.Peer().RemoteAddr)
	}
	if !w.plain {
		if old := r.names[w.name]; old != nil {
			if old.hello.Nonce != w.hello.Nonce {
				return nil, wire.Errorf(wire.Forbidden, "a worker named %q is connected already, from %s; give this one another --name", w.name, old.conn.Peer().RemoteAddr)
			}
			r.remove(old, out)
			replaced = old
		}
		r.names[w.name] = w
	}
	if !welcome.IsZero() && w.conn.Queue(nil, welcome) == nil {
		out.add(w.conn)
	}
	w.progress, w.rulesAt = out.now(), out.now()
	for i := range w.hello.Rules {
		r.target(targetKey{name: w.hello.Rules[i].Name})
	}
	r.target(targetKey{worker: true, name: w.name})
	for _, t := range r.targets {
		if t.serves(w) {
			r.link(t, w)
		}
	}
	r.workers[w] = struct{}{}
	r.clients[w.asks] = struct{}{}
	r.pump(w, out)
	return replaced, nil
}

// ofOtherKind returns a worker that has the name of w and is plain if w is not, or the
// other way round: requests for one by its name must never go to the other. Plain
// workers may share a name, that of a socket on this machine.
func (r *router) ofOtherKind(w *worker) *worker {
	if t := r.targets[targetKey{worker: true, name: w.name}]; t != nil {
		for _, other := range t.workers {
			if other.plain != w.plain {
				return other
			}
		}
	}
	return nil
}

// leave forgets a worker whose connection ended and gives what it had to
// others; it returns how much that was. It is harmless to call it twice.
func (r *router) leave(w *worker, out *batch) (unanswered int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	return r.remove(w, out)
}

func (r *router) remove(w *worker, out *batch) (unanswered int) {
	if _, ok := r.workers[w]; !ok {
		return 0
	}
	delete(r.workers, w)
	if r.names[w.name] == w {
		delete(r.names, w.name)
	}
	w.gone = true
	for _, t := range w.targets {
		t.remove(w)
		t.left = out.now()
	}
	r.dropClient(w.asks, out) // before what it asked for: nothing of it is left then
	orphans := r.orphans(w)
	unanswered = len(orphans)
	again := orphans[:0]
	for _, q := range orphans {
		if err := r.mayRetry(q, w); err != nil {
			r.fail(q, err, out)
		} else {
			r.retried++
			again = append(again, q)
		}
	}
	r.again(again, out)
	if w.plain {
		r.forgetAddress(w, out)
	}
	r.forgetLongGone()
	return unanswered
}

// maxGone is how many names whose workers are all gone are known, so that they are
// waited for.
const maxGone = 4096

// forgetLongGone drops the names that have been without a worker for longest, once
// there are too many: not every name comes back.
func (r *router) forgetLongGone() {
	if len(r.targets) <= maxGone {
		return
	}
	var gone []*target
	for _, t := range r.targets {
		if len(t.workers) == 0 && !t.expected && t.queue.n == 0 {
			gone = append(gone, t)
		}
	}
	if len(gone) <= maxGone {
		return
	}
	slices.SortFunc(gone, func(a, b *target) int { return a.left.Compare(b.left) })
	for _, t := range gone[:len(gone)-maxGone*7/8] { // some more, so that this is seldom
		t.seen = false
		r.forget(t)
	}
}

// forgetAddress ends the target of a plain worker that is gone: it was named
// after its address, under which nobody comes back.
func (r *router) forgetAddress(w *worker, out *batch) {
	t := r.targets[targetKey{worker: true, name: w.name}]
	if t == nil || len(t.workers) > 0 {
		return
	}
	t.seen = false
	for q := t.queue.any(); q != nil; q = t.queue.any() {
		r.fail(q, wire.Errorf(wire.WorkerLost, "plain worker %q went away; it was named after its address and does not come back under it", w.name), out)
	}
	r.forget(t)
}

// orphans returns the requests that nobody has any more now that w is lost,
// oldest first, and charges those that were on a slot: a worker takes what it
// gets in order, so they are the oldest.
func (r *router) orphans(w *worker) []*request {
	var orphans []*request
	slots := w.begun
	for _, h := range w.held {
		q := h.request
		onSlot := h.asked || slots > 0
		if !h.asked {
			slots--
		}
		if q == nil {
			continue
		}
		if onSlot {
			q.losses++
		}
		if r.trace != nil {
			r.trace.lost(q, w, onSlot)
		}
		q.leave(w)
		if !q.held() {
			q.inHedge.remove()
			orphans = append(orphans, q)
		}
	}
	w.held, w.bytes, w.waiting = nil, 0, 0
	return orphans
}

// mayRetry reports whether a request whose worker was lost may be given to
// another; else the error is its answer.
func (r *router) mayRetry(q *request, lost *worker) *wire.Error {
	switch {
	case q.target.key.worker:
		return wire.Errorf(wire.WorkerLost, "worker %q went away before it answered", lost.name)
	case q.losses >= maxLosses:
		return wire.Errorf(wire.WorkerLost, "%d workers went away while they worked on this request; it is not given to a third", q.losses)
	case q.target.rules.Impure:
		return wire.Errorf(wire.WorkerLost, "worker %q went away; the rule set is declared impure, so the request is not given to another", lost.name)
	}
	return nil
}

// setDraining stops w from getting anything new. What it has not begun goes to
// others that can do it; what waits for it by name is answered at once, as are
// requests that come for it later.
func (r *router) setDraining(w *worker, out *batch) {
	w.draining = true
	r.relieve(w, out)
	t := r.targets[targetKey{worker: true, name: w.name}]
	for q := t.queue.any(); q != nil; q = t.queue.any() {
		r.fail(q, t.leaving(), out)
	}
}

// drains is setDraining for a worker that has asked for it; ready is queued as
// the answer.
func (r *router) drains(w *worker, ready zmtp.Message, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	if _, ok := r.workers[w]; ok {
		r.setDraining(w, out)
	}
	if w.conn.Queue(nil, ready) == nil {
		out.add(w.conn)
	}
}

func (r *router) addClient(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients[c] = struct{}{}
}

// numClients is how many clients are connected: r.clients has one for each worker,
// too, for what that asks.
func (r *router) numClients() int { return len(r.clients) - len(r.workers) }

// removeClient drops what a client that is gone still waits for: nobody will
// work on it.
func (r *router) removeClient(c *client, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	r.dropClient(c, out)
}

func (r *router) dropClient(c *client, out *batch) {
	delete(r.clients, c)
	delete(r.heldBack, c)
	for q := c.requests.front(); q != nil; q = c.requests.front() {
		r.count("client_gone")
		if r.trace != nil {
			r.trace.dropped(q)
		}
		r.abandon(q)
		r.finish(q, out)
	}
	r.tellAbandoned(out)
}
