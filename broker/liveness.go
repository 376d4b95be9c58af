package broker

import (
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// beat sends every trawl worker a heartbeat, closes those that were silent for
// too long (their readers then take them out), and looks after those that are
// alive but answer nothing.
func (r *router) beat(out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	now := out.now()
	// After a pause of our own (the process was stopped, the board suspended)
	// everybody seems silent: they get until the next beat.
	slept := !r.lastBeat.IsZero() && now.Sub(r.lastBeat) > wire.MissedHeartbeats*r.options.Heartbeat/2
	r.lastBeat = now
	for w := range r.workers {
		if !w.plain {
			if silent := now.Sub(w.conn.LastReceived()); silent > wire.MissedHeartbeats*r.options.Heartbeat && !slept {
				if !w.gone {
					r.log.Warn("worker is silent: lost", "worker", w.name, "silent", silent.Round(time.Millisecond))
				}
				w.gone = true
				_ = w.conn.Close()
				continue
			}
			r.tell(w, wire.KindHeartbeat, out)
		}
		if w.silent(now) {
			r.standIn(w, out)
		}
		w.full = false // perhaps
		r.pump(w, out)
	}
	r.closeDeaf()
	for _, t := range r.targets {
		if t.hedge.on {
			t.hedge.settle(t.rules.Hedge)
		}
	}
}

// standIn looks after the requests of a worker that is connected but has
// answered nothing for its patience. It is not lost, and its answers still
// count; but what it has not begun others get instead, and what it has begun,
// or a plain worker may have, others get, too, if asking twice is harmless.
func (r *router) standIn(w *worker, out *batch) {
	r.relieve(w, out)
	if w.recalls > 0 && out.now().Sub(w.progress) < w.patience+wire.MissedHeartbeats*r.options.Heartbeat {
		return // first hear what it gives back
	}
	for i := range w.held {
		q := w.held[i].request
		if q == nil || w.held[i].asks > 0 || q.copied() || q.target.key.worker || q.target.rules.Impure {
			continue
		}
		if other := q.target.pick(q, out.now()); other != nil && r.dispatch(other, q, out) {
			r.copied++
		}
	}
}

// tell queues a control frame. A full queue is no loss: the worker is told
// again, or is being lost.
func (r *router) tell(w *worker, k wire.Kind, out *batch) {
	if w.conn.Queue(nil, zmtp.NewMessage(wire.ControlFrame(k))) == nil {
		out.add(w.conn)
	}
}
