package broker

// Liveness: heartbeats, workers that hang, clients that stop in the middle of a request.

import (
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// beatAtOnce is how many workers or clients one critical section of a heartbeat looks after.
	beatAtOnce = 64

	// beatTogether is how many workers get their heartbeat together, every Options.Heartbeat.
	// They answer together, which costs half of waking up for each alone, and a larger fleet
	// costs no more than one of this size: there, each worker has its turn less often.
	beatTogether = 256
)

// beatInterval returns the time within which each worker gets a heartbeat: Options.Heartbeat,
// in a fleet of at most beatTogether workers. A worker that goes to the end of r.beats, because
// it joins or has just got its heartbeat, has its turn within this time, whoever joins after it.
func (r *router) beatInterval() time.Duration {
	turns := max(1, (r.beats.n+beatTogether-1)/beatTogether)
	return min(time.Duration(turns)*r.options.Heartbeat, wire.MaxHeartbeat)
}

// silenceLimit returns for how long a trawl worker may say nothing. It answers heartbeats, so
// what it said last came shortly after one of the broker's: the third one after that finds it lost.
func (w *worker) silenceLimit() time.Duration {
	return wire.MissedHeartbeats*w.heartbeat - w.heartbeat/4
}

// beat gives the workers whose turn it is a heartbeat, closes those that were silent for
// too long (their readers then take them out), and looks after those that are alive
// but answer nothing. It also looks for clients that have stopped. It is called every
// Options.Heartbeat.
func (r monitor) beat(out *batch) {
	r.lock()
	defer r.leave(out)
	now := out.now()
	r.endBoot(now)
	r.beatClients()
	// After a pause of our own (the process was stopped, the board suspended)
	// everybody seems silent: they get until their next heartbeat.
	if !r.lastBeat.IsZero() && now.Sub(r.lastBeat) > wire.MissedHeartbeats*r.options.Heartbeat/2 {
		r.sleptAt = now
	}
	r.lastBeat = now
	left := min(r.beats.n, beatTogether)
	r.later(func(out *batch) bool {
		interval := r.beatInterval()
		heartbeat := zmtp.NewMessage(wire.HeartbeatControl(interval))
		defer heartbeat.Release()
		for range beatAtOnce {
			if left = min(left, r.beats.n); left == 0 {
				return true
			}
			if r.spent() {
				return false
			}
			r.visit(1)
			left--
			r.beatWorker(r.beats.rotate(), heartbeat, interval, now, out)
		}
		r.visit(sliceItems - beatAtOnce) // heartbeats queue messages, which takes longer than most
		return false
	})
}

// beatClients looks for clients that take no answers, and settles when copies are due.
func (r *router) beatClients() {
	deaf, least := r.shortage(), r.minThrottle()
	if deaf.short {
		round(r, r.clients.items, func(c *client, _ *batch) {
			if c.askingWorker == nil { // of workers, heartbeats tell
				deaf.look(c, least)
			}
		})
		r.later(func(*batch) bool { return r.closeSlowConsumers(deaf) })
	}
	for range min(r.hedged.n, sliceItems) {
		r.visit(1)
		t := r.hedged.rotate()
		t.hedge.updateDelay(t.rules.Hedge)
	}
}

// round calls f for every item, which may be gone by then, a few in each critical section.
func round[T any](r *router, items []*T, f func(*T, *batch)) {
	items = slices.Clone(items)
	r.later(func(out *batch) bool {
		for range beatAtOnce {
			if len(items) == 0 {
				return true
			}
			if r.spent() {
				return false
			}
			r.visit(1)
			f(items[0], out)
			items = items[1:]
		}
		r.visit(sliceItems - beatAtOnce)
		return len(items) == 0
	})
}

func (r *router) beatWorker(w *worker, heartbeat zmtp.Message, interval time.Duration, now time.Time, out *batch) {
	if w.crew == nil {
		return
	}
	if !w.plain {
		slept := now.Sub(r.sleptAt) < w.heartbeat*3/4
		if silent := now.Sub(w.conn.LastReceived()); silent > w.silenceLimit() && !slept {
			if !w.gone {
				r.log.Warn("worker is silent: lost", "worker", w.name, "silent", silent.Round(time.Millisecond))
			}
			w.gone = true
			r.sort(w)
			_ = w.conn.Close()
			return
		}
		r.tell(w, heartbeat.Retain(), out)
		w.heartbeat = interval
	}
	if w.silent(now) {
		r.hedgeSilent(w, out)
	}
	if w.heap != nil && !w.full && !w.failing() && r.avoiding == 0 {
		return // nothing has changed, and what w could do it has got
	}
	w.full = false // perhaps
	w.probe = w.failing()
	r.sort(w)
	r.fillWorker(w, out)
}

// hedgeSilent looks after the requests of a worker that is connected but has
// answered nothing for its patience. It is not lost, and its answers still
// count; but what it has not begun others get instead, and what it has begun,
// or a plain worker may have, others get, too, if asking twice is harmless.
func (r *router) hedgeSilent(w *worker, out *batch) {
	r.offload(w, out)
	if len(w.reclaims) > 0 && out.now().Sub(w.progress) < w.patience+wire.MissedHeartbeats*r.options.Heartbeat {
		return // first hear what it gives back
	}
	var at uint64 // number of the last one that was looked after
	r.later(func(out *batch) bool {
		h := w.held.find(at)
		if h != nil {
			h = w.held.after(h)
		} else {
			h = w.held.first()
		}
		for ; h != nil && w.crew != nil; h = w.held.after(h) {
			if r.spent() {
				return false
			}
			r.visit(1)
			at = h.number
			r.copyToOther(h, out)
		}
		return true
	})
}

// copyToOther gives a request that its worker does not answer to another one as well, if there
// is one and asking twice is harmless.
func (r *router) copyToOther(h *held, out *batch) {
	q := h.request
	if q == nil || h.state == waiting || q.copied() || q.target.key.worker || q.target.rules.Impure {
		return
	}
	if other := r.pick(q, out.now()); other != nil && r.dispatch(other, q, out) == given {
		r.hedgedSilent++
	}
}

// tell queues a control message and takes it over. A full queue is no loss: the worker is told
// again, or is being lost.
func (r *router) tell(w *worker, m zmtp.Message, out *batch) {
	if w.conn.Queue(nil, m) == nil {
		out.add(w.conn)
	}
}
