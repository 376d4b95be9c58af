// Heartbeats of workers: what a worker has done, how its board feels, and
// how many requests it works on at once, which are fewer while the board is hot
// or short of power.
package broker

import (
	"encoding/json"
	"fmt"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// maxHeartbeat is the most bytes of a heartbeat.
const maxHeartbeat = 64 << 10

// heartbeat takes a worker's heartbeat. A worker may send one without statistics.
func (b *Broker) heartbeat(w *worker, m zmtp.Message, out *batch) error {
	if m.NumFrames() < 2 {
		return nil
	}
	if m.NumFrames() > 2 {
		if costs, ok := parseCosts(m.Frame(2)); ok && w.said.noteCosts(len(m.Frame(2))) {
			b.router.costs.set(w, costs)
		}
	}
	if n := len(m.Frame(1)); n > maxHeartbeat {
		return fmt.Errorf("a heartbeat of %d bytes; at most %d are taken", n, maxHeartbeat)
	}
	var stats wire.WorkerStats
	if json.Unmarshal(m.Frame(1), &stats) != nil {
		return nil // perhaps of a later version: it is alive, that is enough
	}
	// Health is kept as we understand it.
	var health *board.Health
	if stats.Health != nil && json.Unmarshal(stats.Health, &health) == nil && health != nil {
		stats.Health = wire.JSONFrame(health)
	} else {
		stats.Health, health = nil, nil
	}
	b.router.setStats(w, &stats, health, out)
	return nil
}

func (r *router) setStats(w *worker, s *wire.WorkerStats, health *board.Health, out *batch) {
	r.lock()
	defer r.leave(out)
	w.stats, w.health, w.share = s, health, s.Window // the share takes effect with the next answer
	if n := s.Slots; n != 0 && w.setSlots(n) {
		r.sort(w)
		r.log.Info("worker changed its slots", "worker", w.name, "slots", w.slots, "most", w.hello.Slots, "strained", health != nil && health.Strained())
		r.pump(w, out)
	}
}

// setSlots notes that w works on n requests at once from now on, at least one and
// at most as many as its hello said; it reports whether that is a change. What it
// has beyond stays with it: idle workers are offered that, see balance.
func (w *worker) setSlots(n int) (changed bool) {
	n = min(max(n, 1), w.hello.Slots)
	if n == w.slots {
		return false
	}
	// With fewer slots it still works on what it had begun.
	w.begun = max(n, min(w.begun, w.held.n))
	w.slots = n
	w.fitWindow()
	return true
}

// fitWindow sets the window from the pace of the latest answers.
func (w *worker) fitWindow() {
	switch {
	case w.plain && !w.proven:
		w.window = 1 // see newWorker
		return
	case !w.proven:
		w.window = 2 * w.slots
	default:
		w.window = w.slots + max(1, int(windowTime/max(w.interval, time.Microsecond)))
	}
	w.window = min(w.window, wire.WindowPerSlot*w.slots)
	for _, most := range []int{w.hello.Window, w.share} {
		if most > 0 {
			w.window = min(w.window, max(most, w.slots))
		}
	}
}
