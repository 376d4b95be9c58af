package broker

// Router: what goes by the clock.

import (
	"time"

	"trawl/edge/wire"
)

// sweep answers what is overdue, and moves what waits at the wrong place. It is
// called every tick, until it says that ticks may rest: then there is nothing to do until
// stirred says so.
func (r monitor) sweep(now time.Time, out *batch) (rest bool) {
	r.lock()
	defer r.leave(out)
	if r.pending > 0 {
		r.later(func(out *batch) bool { return r.expire(now, out) })
	}
	if r.throttled.n > 0 {
		r.release()
	}
	r.balance(now, out)
	r.endBoot(now)
	r.resting = r.pending == 0 && r.throttled.n == 0
	return r.resting
}

// stir makes ticks go on that rest: there is something to do with time.
func (r *router) stir() {
	if r.resting {
		r.resting = false
		select {
		case r.stirred <- struct{}{}:
		default: // not read yet
		}
	}
}

// expire answers the requests whose deadline has passed; false if the critical section is spent.
func (r *router) expire(now time.Time, out *batch) (done bool) {
	more := func() bool {
		r.visit(1)
		return !r.spent()
	}
	return r.wheel.sweep(now, more, func(q *request) {
		switch {
		case q.held():
			r.fail(q, wire.Errorf(wire.Deadline, "the deadline passed while worker %q had the request", q.at[0].worker.name), out)
		case q.client.throttled:
			r.fail(q, wire.Errorf(wire.Deadline, "the deadline passed while the request waited for its client to read earlier answers"), out)
		default:
			r.fail(q, r.timeout(q, now), out)
		}
	})
}

// endBoot answers what waits for names that never appeared, when it is time.
func (r *router) endBoot(now time.Time) {
	if !r.booting || now.Sub(r.start) < r.options.bootTime {
		return
	}
	r.booting = false
	r.later(func(*batch) bool {
		for t := r.guesses.front(); t != nil; t = r.guesses.front() {
			if r.spent() {
				return false
			}
			r.visit(1)
			t.inList.remove()
			r.failWaiting(t, func(t *target) *wire.Error {
				if t.known() {
					return nil
				}
				return t.unknown()
			})
		}
		return true
	})
}
