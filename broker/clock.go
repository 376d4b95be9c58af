package broker

import (
	"time"

	"trawl/edge/wire"
)

// This file holds the part of the router that goes by the clock.

// sweep answers what is overdue, and moves what waits at the wrong place. It is
// called every tick.
func (r *router) sweep(now time.Time, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	r.wheel.sweep(now, func(q *request) {
		switch {
		case q.held():
			r.fail(q, wire.Errorf(wire.Deadline, "the deadline passed while worker %q had the request", q.at[0].worker.name), out)
		case q.client.heldBack:
			r.fail(q, wire.Errorf(wire.Deadline, "the deadline passed while the request waited for its client to read earlier answers"), out)
		default:
			r.fail(q, q.target.timeout(q, now), out)
		}
	})
	r.release(out)
	r.balance(now, out)
	if r.booting && now.Sub(r.start) >= r.options.bootTime {
		r.endBoot(out)
	}
}

// endBoot answers what waits for names that never appeared.
func (r *router) endBoot(out *batch) {
	r.booting = false
	for _, t := range r.targets {
		if t.known() {
			continue
		}
		for q := t.queue.any(); q != nil; q = t.queue.any() {
			r.fail(q, t.unknown(), out)
		}
		r.forget(t)
	}
}
