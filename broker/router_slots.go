package broker

// Heartbeats of workers: what a worker has done, how its board feels, and
// how many requests it works on at once, which are fewer while the board is hot
// or short of power.

import (
	"bytes"
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
	stats, err := wire.ParseWorkerStats(m.Frame(1))
	if err != nil {
		return nil // perhaps of a later version: it is alive, that is enough
	}
	f := &w.feels
	f.read(stats.Health)
	stats.Health = f.understood
	b.router.setStats(w, stats, f.health, out)
	return nil
}

// feeling is how a worker's board feels. Boards are asked less often than workers send
// heartbeats, so mostly it is what it was. One goroutine uses it, that which reads from the
// worker.
type feeling struct {
	said       []byte        // as the worker said it last; nil if that is longer than a board's
	health     *board.Health // not changed once it is set; nil: not known
	understood []byte        // health in JSON: what is shown of it
}

// maxHealthKept is the most bytes of what a worker says of its board that are kept to be
// compared with.
const maxHealthKept = 512

// read takes what a heartbeat says, which may be nothing.
func (f *feeling) read(said []byte) {
	if f.said != nil && bytes.Equal(f.said, said) {
		return
	}
	*f = feeling{}
	if said == nil || json.Unmarshal(said, &f.health) != nil || f.health == nil {
		f.health = nil
		return
	}
	f.understood = wire.JSONFrame(f.health)
	if len(said) <= maxHealthKept {
		f.said = bytes.Clone(said)
	}
}

func (r monitor) setStats(w *worker, s *wire.WorkerStats, health *board.Health, out *batch) {
	r.lock()
	defer r.leave(out)
	w.stats, w.health, w.share = s, health, s.Window // the share takes effect with the next answer
	if n := s.Slots; n != 0 && w.setSlots(n) {
		r.sort(w)
		r.log.Info("worker changed its slots", "worker", w.name, "slots", w.slots, "most", w.hello.Slots, "strained", health != nil && health.Degraded())
		r.fillWorker(w, out)
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
