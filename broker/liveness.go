package broker

import (
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// beat sends every trawl worker a heartbeat and closes those that were silent
// for too long; their readers then take them out.
func (r *router) beat(out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := missedHeartbeats * r.options.Heartbeat
	for w := range r.workers {
		if w.plain {
			continue
		}
		if silent := time.Since(w.conn.LastReceived()); silent > limit {
			r.log.Warn("worker is silent: lost", "worker", w.name, "silent", silent.Round(time.Millisecond))
			w.gone = true
			_ = w.conn.Close()
			continue
		}
		r.tell(w, wire.KindHeartbeat, out)
		r.pump(w, out) // in case its connection was full
	}
}

// tellWorkers says to every trawl worker that the broker is draining.
func (r *router) tellWorkers() {
	var out batch
	defer out.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.workers {
		if !w.plain {
			r.tell(w, wire.KindDrain, &out)
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

func (r *router) setStats(w *worker, s *wire.WorkerStats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.stats = s
}
