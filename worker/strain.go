package worker

import (
	"context"
	"encoding/json"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

// A board that is hot, slowed down or short of power cannot give what it has, and
// full load makes it worse: its worker then uses half of its slots, until the
// board has been well for a while.

const (
	// boardEvery is how often the board is asked how it feels: a few small files.
	boardEvery = 5 * time.Second
	// calmTime is how long it must have been well before all slots are used again:
	// it cools at half load in seconds, and would be hot again in seconds.
	calmTime = time.Minute
)

// strain decides how many slots to use.
type strain struct {
	most, slots int
	last        time.Time // when the board was strained
}

// observe takes a sample and reports whether slots has changed.
func (s *strain) observe(h *board.Health, now time.Time) (changed bool) {
	before := s.slots
	switch {
	case h.Degraded():
		s.last = now
		s.slots = max(1, s.most/2)
	case now.Sub(s.last) >= calmTime:
		s.slots = s.most
	}
	return s.slots != before
}

// watchBoard samples the board until ctx ends.
func (w *state) watchBoard(ctx context.Context) {
	s := strain{most: w.options.Slots, slots: w.options.Slots}
	ticks := w.options.boardTicks
	if ticks == nil {
		ticker := time.NewTicker(boardEvery)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for now := time.Now(); ; {
		w.feel(&s, w.options.health(), now)
		select {
		case <-ctx.Done():
			return
		case now = <-ticks:
		}
	}
}

// feel notes a sample and does what follows from it.
func (w *state) feel(s *strain, h board.Health, now time.Time) {
	was := w.strained.Swap(h.Degraded())
	changed := s.observe(&h, now)
	stats := &wire.BoardStats{Slots: s.slots}
	if h != (board.Health{}) { // else the system tells nothing
		stats.Health, _ = json.Marshal(h)
	}
	log := w.options.Log.With("slots", s.slots, "celsius", h.Celsius, "hot", h.Hot, "throttled", h.Throttled, "under_voltage", h.UnderVoltage)
	switch {
	case changed && s.slots < s.most:
		log.Warn("the board is strained: works on fewer requests at once")
	case changed:
		log.Info("the board is well again: works on as many requests at once as before")
	case h.Degraded() && !was:
		log.Warn("the board is strained")
	}
	// The brokers must not believe that fewer requests have begun than did: what
	// has begun counts when a worker is lost. So fewer slots are used first and told
	// then, more are told first.
	if s.slots < s.most {
		w.jobs.setLimit(s.slots)
	}
	w.board.Store(stats)
	if changed {
		for _, l := range w.links {
			l.beat()
		}
	}
	w.jobs.setLimit(s.slots)
}
