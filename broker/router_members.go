package broker

// Router: workers and clients that join and leave.

import (
	"fmt"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// join registers a worker, sends it welcome (nil for a plain one) with the interval of its
// heartbeats, and what waited for it. An error refuses it; a connection of the same process that
// it replaces is returned to be closed.
func (r monitor) join(w *worker, welcome *wire.Welcome, out *batch) (replaced *worker, err *wire.Error) {
	r.lock()
	defer r.leave(out)
	if r.draining {
		return nil, wire.Errorf(wire.Draining, "the broker is stopping")
	}
	old := r.names[w.name]
	switch {
	case old == nil:
	case w.plain && old.plain: // sockets on this machine share an address
		r.namesakes++
		w.name = fmt.Sprintf("%s#%d", w.name, r.namesakes)
	case w.plain || old.plain || old.hello.Nonce != w.hello.Nonce:
		return nil, wire.Errorf(wire.Forbidden, "a worker named %q is connected already, from %s; give this one another --name", w.name, old.conn.Peer().RemoteAddr)
	default:
		r.remove(old, out)
		replaced = old
	}
	r.names[w.name] = w
	r.beats.pushBack(&w.inBeats, w)
	w.heartbeat = r.beatInterval()
	if welcome != nil {
		welcome.HeartbeatMS = w.heartbeat.Milliseconds()
		r.tell(w, zmtp.NewMessage(wire.ControlFrame(wire.KindWelcome), wire.JSONFrame(welcome)), out)
	}
	w.progress, w.rulesAt = out.now(), out.now()
	w.named = r.target(targetKey{worker: true, name: w.name})
	w.named.worker, w.named.seen = w, true
	r.appeared(w.named)
	r.workers.add(w)
	r.clients.add(w.subClient)
	r.enlist(w)
	r.fillWorker(w, out)
	return replaced, nil
}

// leaveFleet forgets a worker whose connection ended and gives what it had to
// others; it returns how much that was. It is harmless to call it twice.
func (r monitor) leaveFleet(w *worker, out *batch) (unanswered int) {
	r.lock()
	defer r.leave(out)
	return r.remove(w, out)
}

func (r *router) remove(w *worker, out *batch) (unanswered int) {
	if !r.workers.has(w) {
		return 0
	}
	r.workers.remove(w)
	w.inBeats.remove()
	delete(r.names, w.name)
	w.gone = true
	r.disband(r.quit(w), false)
	w.named.worker = nil
	if w.plain {
		r.forgetAddress(w)
	} else {
		r.lost(w.named)
	}
	r.dropClient(w.subClient) // before what it asked for: nothing of it is left then
	r.orphan(w)
	return w.held.n - w.tombstones
}

// forgetAddress ends the target of a plain worker that is gone: it was named
// after its address, under which nobody comes back.
func (r *router) forgetAddress(w *worker) {
	t := w.named
	t.seen = false
	r.failWaiting(t, func(t *target) *wire.Error {
		if t.known() {
			return nil
		}
		return wire.Errorf(wire.WorkerLost, "plain worker %q went away; it was named after its address and does not come back under it", t.key.name)
	})
}

// orphan takes what a lost worker has away from it, the newest first, and gives it to
// others. What was on a slot is charged with the loss: a worker takes what it gets in
// order, so that is the oldest.
func (r *router) orphan(w *worker) {
	r.later(func(out *batch) bool {
		before := w.active()
		again := r.back[:0]
		h := w.held.last()
		for ; h != nil && !r.spent(); h = w.held.last() {
			r.visit(1)
			if h.state != waiting {
				before--
			}
			if q := r.orphanOne(w, h, h.state.hasAsked() || before < w.begun, out); q != nil {
				again = append(again, q)
			}
		}
		r.requeue(again, out)
		clear(again)
		r.back = again[:0]
		return h == nil
	})
}

// orphanOne takes h away from a lost worker and returns its request, if that is to be given to
// another.
func (r *router) orphanOne(w *worker, h *held, onSlot bool, out *batch) *request {
	q := w.remove(h)
	if q == nil {
		return nil
	}
	if onSlot {
		q.losses++
	}
	if r.trace != nil {
		r.trace.lost(q, w, onSlot)
	}
	q.removeDispatch(w)
	if q.held() {
		return nil
	}
	q.inHedge.remove()
	if err := r.mayRetry(q, w); err != nil {
		r.fail(q, err, out)
		return nil
	}
	r.retried++
	return q
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
		return wire.Errorf(wire.WorkerLost, "worker %q went away; the rule set is declared not idempotent, so the request is not given to another", lost.name)
	}
	return nil
}

// setDraining stops w from getting anything new. What it has not begun goes to
// others that can do it; what waits for it by name is answered at once, as are
// requests that come for it later.
func (r *router) setDraining(w *worker, out *batch) {
	if w.draining {
		return
	}
	w.draining = true
	w.crew.draining++
	r.sort(w)
	r.offload(w, out)
	r.failWaiting(w.named, func(t *target) *wire.Error {
		if !t.draining() {
			return nil
		}
		return t.leaving()
	})
}

// drains is setDraining for a worker that has asked for it; ready is queued as
// the answer.
func (r monitor) drains(w *worker, ready zmtp.Message, out *batch) {
	r.lock()
	defer r.leave(out)
	if w.crew != nil {
		r.setDraining(w, out)
	}
	if w.conn.Queue(nil, ready) == nil {
		out.add(w.conn)
	}
}

func (r monitor) addClient(c *client) {
	r.lock()
	defer r.unlock()
	r.clients.add(c)
}

// numClients is how many clients are connected: r.clients has one for each worker,
// too, for what that asks.
func (r *router) numClients() int { return r.clients.len() - r.workers.len() }

// removeClient drops what a client that is gone still waits for: nobody will
// work on it.
func (r monitor) removeClient(c *client, out *batch) {
	r.lock()
	defer r.leave(out)
	r.dropClient(c)
}

func (r *router) dropClient(c *client) {
	r.clients.remove(c)
	c.inThrottled.remove()
	r.later(func(out *batch) bool {
		for q := c.requests.front(); q != nil; q = c.requests.front() {
			if r.spent() {
				return false
			}
			r.count("client_gone")
			if r.trace != nil {
				r.trace.dropped(q)
			}
			r.cancel(q)
			r.finish(q, out)
		}
		return r.forgetDebts(c)
	})
}
