package fetch

// Turns: the broker's side.

import (
	"time"

	"trawl/edge/wire"
)

const (
	// Rate is how many bytes of chunks a broker sends in a second, to all workers together: half of
	// what a board's network of 100 Mbit/s carries, so that requests go on.
	Rate = 6e6
	// burst is how many bytes may go out at once.
	burst = 4 * wire.MaxPart
)

// Turns decides which worker's Fetch is answered next. Each worker has one Fetch at most, so
// workers take turns. W names a worker. Not safe for concurrent use.
type Turns[W comparable] struct {
	rate   float64 // bytes a second
	tokens float64 // bytes that may be sent now
	at     time.Time
	queue  []turn[W]
	bytes  int // of all in the queue
}

type turn[W comparable] struct {
	worker W
	fetch  wire.Fetch
}

// NewTurns returns Turns that let rate bytes a second out.
func NewTurns[W comparable](rate float64) *Turns[W] {
	return &Turns[W]{rate: rate, tokens: burst}
}

// Add takes the Fetch of a worker. One that is there already gives up its turn to the new. later is 0, or, if
// there is too much to do, after which time the worker shall ask again: then the Fetch is not taken.
func (t *Turns[W]) Add(worker W, f wire.Fetch) (later time.Duration) {
	for i := range t.queue {
		if t.queue[i].worker == worker {
			t.bytes += f.Length - t.queue[i].fetch.Length
			t.queue[i].fetch = f
			return 0
		}
	}
	const most = Timeout / 2
	wait := time.Duration(float64(t.bytes) / t.rate * float64(time.Second))
	if wait > most {
		return wait
	}
	t.queue = append(t.queue, turn[W]{worker, f})
	t.bytes += f.Length
	return 0
}

// Drop forgets a worker.
func (t *Turns[W]) Drop(worker W) {
	for i := range t.queue {
		if t.queue[i].worker == worker {
			t.bytes -= t.queue[i].fetch.Length
			t.queue = append(t.queue[:i], t.queue[i+1:]...)
			return
		}
	}
}

// Next returns the Fetch that is to be answered now. Without one (ok is false) wait says after which
// time there will be; 0: not before the next Add.
func (t *Turns[W]) Next(now time.Time) (worker W, f wire.Fetch, wait time.Duration, ok bool) {
	if !t.at.IsZero() {
		t.tokens = min(burst, t.tokens+t.rate*now.Sub(t.at).Seconds())
	}
	t.at = now
	if len(t.queue) == 0 {
		return worker, f, 0, false
	}
	first := t.queue[0]
	if missing := float64(first.fetch.Length) - t.tokens; missing > 0 {
		return worker, f, max(time.Millisecond, time.Duration(missing/t.rate*float64(time.Second))), false
	}
	t.tokens -= float64(first.fetch.Length)
	t.bytes -= first.fetch.Length
	t.queue = append(t.queue[:0], t.queue[1:]...)
	return first.worker, first.fetch, 0, true
}

// Unsent gives back what a Fetch did not need: its chunk ended, or was not there.
func (t *Turns[W]) Unsent(bytes int) { t.tokens = min(burst, t.tokens+float64(bytes)) }
