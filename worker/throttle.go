package worker

// Throttling: full load makes things worse on a board that is hot, slowed down or short of power. The
// worker then uses half of its slots, until the board has been well for a while.

import (
	"context"
	"encoding/json"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

const (
	// boardEvery is how often the health of the board is read: a few small files.
	boardEvery = 5 * time.Second
	// calmTime is how long the board must be well before all slots are used again. At half load a hot
	// board cools down in seconds; at full load the board would be hot again in seconds.
	calmTime = time.Minute
)

// throttle decides how many slots to use.
type throttle struct {
	maxSlots, slots int
	last            time.Time // when the board was last not well
}

// observe takes a sample of the board's health and reports whether slots has changed.
func (t *throttle) observe(h *board.Health, now time.Time) (changed bool) {
	before := t.slots
	switch {
	case h.Degraded():
		t.last = now
		t.slots = max(1, t.maxSlots/2)
	case now.Sub(t.last) >= calmTime:
		t.slots = t.maxSlots
	}
	return t.slots != before
}

// watchBoard samples the board's health until ctx ends.
func (w *worker) watchBoard(ctx context.Context) {
	t := throttle{maxSlots: w.options.Slots, slots: w.options.Slots}
	ticks := w.options.boardTicks
	if ticks == nil {
		ticker := time.NewTicker(boardEvery)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for now := time.Now(); ; {
		w.applyHealth(&t, w.options.readHealth(), now)
		select {
		case <-ctx.Done():
			return
		case now = <-ticks:
		}
	}
}

// applyHealth sets how many slots are used, and logs and announces changes.
func (w *worker) applyHealth(t *throttle, h board.Health, now time.Time) {
	wasDegraded := w.degraded.Swap(h.Degraded())
	changed := t.observe(&h, now)
	stats := &wire.BoardStats{Slots: t.slots}
	if h != (board.Health{}) { // else the system tells nothing
		stats.Health, _ = json.Marshal(h)
	}
	log := w.options.Log.With("slots", t.slots, "celsius", h.Celsius, "hot", h.Hot, "throttled", h.Throttled, "under_voltage", h.UnderVoltage)
	switch {
	case changed && t.slots < t.maxSlots:
		log.Warn("the board is hot, slowed down or short of power: works on fewer requests at once")
	case changed:
		log.Info("the board is well again: works on as many requests at once as before")
	case h.Degraded() && !wasDegraded:
		log.Warn("the board is hot, slowed down or short of power")
	}
	// A broker must never count fewer requests as begun than the worker has begun: begun requests
	// decide the cost of a lost worker. Hence the order: first use fewer slots, then tell brokers; or
	// first tell brokers, then use more slots.
	if t.slots < t.maxSlots {
		w.jobs.setLimit(t.slots)
	}
	w.board.Store(stats)
	if changed {
		for _, l := range w.links {
			l.sendHeartbeatNow()
		}
	}
	w.jobs.setLimit(t.slots)
}
