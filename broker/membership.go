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
	defer func() {
		if err != nil {
			welcome.Release()
		}
	}()
	if r.draining {
		return nil, wire.Errorf(wire.Draining, "the broker is stopping")
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
	w.progress = out.now()
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
	r.pump(w, out)
	return replaced, nil
}

// leave forgets a worker whose connection ended and gives what it had to
// others; it returns how many those were. It is harmless to call it twice.
func (r *router) leave(w *worker, out *batch) (retried int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.remove(w, out)
}

func (r *router) remove(w *worker, out *batch) (retried int) {
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
	}
	orphans := r.orphans(w)
	var waiting []*request
	for _, q := range orphans {
		if err := r.mayRetry(q, w); err != nil {
			r.fail(q, err, out)
		} else if r.retried++; !r.assign(q, out) {
			waiting = append(waiting, q)
		}
	}
	for _, q := range slices.Backward(waiting) { // so that the oldest is first
		q.target.queue.pushFront(q)
	}
	return len(orphans)
}

// orphans returns the unanswered requests that w held, oldest first, and
// charges those that were on a slot: a worker takes what it gets in order, so
// they are the oldest.
func (r *router) orphans(w *worker) []*request {
	var orphans []*request
	for i, h := range w.held {
		q := h.request
		if q == nil {
			continue
		}
		if i < w.hello.Slots {
			q.losses++
		}
		q.worker = nil
		orphans = append(orphans, q)
	}
	w.held = nil
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
	case !r.options.pure(q.target.key.name):
		return wire.Errorf(wire.WorkerLost, "worker %q went away; the rule set is declared impure, so the request is not given to another", lost.name)
	}
	return nil
}

// setDraining stops w from getting anything new.
func (r *router) setDraining(w *worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.draining = true
}

func (r *router) addClient(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients[c] = struct{}{}
}

// removeClient drops what a client that is gone still waits for.
func (r *router) removeClient(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.clients, c)
	for q := c.requests.front(); q != nil; q = c.requests.front() {
		r.count("client_gone")
		r.finish(q)
	}
}
