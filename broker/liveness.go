// Liveness: heartbeats, workers that hang, clients that stop in the middle of a request.
package broker

import (
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// beatAtOnce is how many workers or clients one critical section of a heartbeat looks after.
	beatAtOnce = 64

	// Heartbeats go round in beatSteps steps: the workers of one step, beatTogether of a fleet
	// that only grows, get theirs together and answer together, which costs half of waking up
	// for each alone. A small fleet takes one step. A large one takes several, so that
	// requests do not wait for all of them: a step takes 2 ms on a PC.
	beatSteps    = 16
	beatTogether = 256
)

// silence is for how long a trawl worker may say nothing. It answers heartbeats, so what it said
// last came shortly after one of ours: the third one after that finds it lost.
func (o *Options) silence() time.Duration { return wire.MissedHeartbeats*o.Heartbeat - o.Heartbeat/4 }

// heartbeats goes round for ever; due is when the next step is.
type heartbeats struct {
	step  int
	round time.Time // when the round began
	due   *time.Timer
}

func (b *Broker) newHeartbeats() *heartbeats {
	return &heartbeats{due: time.NewTimer(b.options.Heartbeat)}
}

// beat makes a step that is due. Steps that nobody belongs to are left out.
func (b *Broker) beat(h *heartbeats, now time.Time, out *batch) {
	if h.step == 0 {
		h.round = now
		b.closeStalled(now)
	}
	h.step = b.router.beatStep(h.step, out)
	h.due.Reset(time.Until(h.round.Add(b.options.Heartbeat / beatSteps * time.Duration(h.step))))
	h.step %= beatSteps
}

// beatStep sends trawl workers a heartbeat, those of a step, closes those that were silent for
// too long (their readers then take them out), and looks after those that are alive
// but answer nothing. The first step of a round also looks for clients that have stopped.
// It returns the next step that somebody belongs to; beatSteps: the next round.
func (r *router) beatStep(step int, out *batch) (next int) {
	r.lock()
	defer r.leave(out)
	now := out.now()
	if step == 0 {
		r.endBoot(now)
		r.beatClients()
	}
	// After a pause of our own (the process was stopped, the board suspended)
	// everybody seems silent: they get until the next beat.
	if !r.lastBeat.IsZero() && now.Sub(r.lastBeat) > wire.MissedHeartbeats*r.options.Heartbeat/2 {
		r.sleptAt = now
	}
	r.lastBeat = now
	slept := now.Sub(r.sleptAt) < r.options.Heartbeat*3/4
	heartbeat := zmtp.NewMessage(wire.ControlFrame(wire.KindHeartbeat))
	workers := &r.beats[step]
	left := workers.n
	r.later(func(out *batch) bool {
		for range beatAtOnce {
			if left = min(left, workers.n); left == 0 {
				heartbeat.Release()
				return true
			}
			if r.spent() {
				return false
			}
			r.visit(1)
			left--
			r.beatWorker(workers.rotate(), heartbeat, now, slept, out)
		}
		r.visit(sliceItems - beatAtOnce) // heartbeats queue messages, which takes longer than most
		return false
	})
	for next = step + 1; next < beatSteps && r.beats[next].n == 0; {
		next++
	}
	return next
}

// beatClients looks for clients that take no answers, and settles when copies are due.
func (r *router) beatClients() {
	deaf, least := r.shortage(), r.leastHeldBack()
	if deaf.short {
		round(r, r.clients.items, func(c *client, _ *batch) {
			if c.asker == nil { // of workers, heartbeats tell
				deaf.look(c, least)
			}
		})
		r.later(func(*batch) bool { return r.closeDeaf(deaf) })
	}
	for range min(r.hedged.n, sliceItems) {
		r.visit(1)
		t := r.hedged.rotate()
		t.hedge.settle(t.rules.Hedge)
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

func (r *router) beatWorker(w *worker, heartbeat zmtp.Message, now time.Time, slept bool, out *batch) {
	if w.crew == nil {
		return
	}
	if !w.plain {
		if silent := now.Sub(w.conn.LastReceived()); silent > r.options.silence() && !slept {
			if !w.gone {
				r.log.Warn("worker is silent: lost", "worker", w.name, "silent", silent.Round(time.Millisecond))
			}
			w.gone = true
			r.sort(w)
			_ = w.conn.Close()
			return
		}
		r.tell(w, heartbeat.Retain(), out)
	}
	if w.silent(now) {
		r.standIn(w, out)
	}
	if w.heap != nil && !w.full && !w.failing() && r.avoiding == 0 {
		return // nothing has changed, and what w could do it has got
	}
	w.full = false // perhaps
	w.probe = w.failing()
	r.sort(w)
	r.pump(w, out)
}

// standIn looks after the requests of a worker that is connected but has
// answered nothing for its patience. It is not lost, and its answers still
// count; but what it has not begun others get instead, and what it has begun,
// or a plain worker may have, others get, too, if asking twice is harmless.
func (r *router) standIn(w *worker, out *batch) {
	r.relieve(w, out)
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
	if q == nil || h.asks > 0 || q.copied() || q.target.key.worker || q.target.rules.Impure {
		return
	}
	if other := r.pick(q, out.now()); other != nil && r.dispatch(other, q, out) {
		r.copied++
	}
}

// tell queues a control message and takes it over. A full queue is no loss: the worker is told
// again, or is being lost.
func (r *router) tell(w *worker, m zmtp.Message, out *batch) {
	if w.conn.Queue(nil, m) == nil {
		out.add(w.conn)
	}
}
