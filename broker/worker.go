package broker

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

const (
	// windowTime is how much work a worker may hold ahead of its slots: what it
	// answers in this time, but at least one request, so that it never waits
	// for the network.
	windowTime = 5 * time.Millisecond
	// windowBytes bounds the window from above, beside wire.WindowPerSlot; one request
	// for each slot and one more are always in it. What a worker holds, a small
	// request of another client waits for: beside a client that sends 64 KB at
	// full speed that is 3.4 ms (p99, two cores), with 256 KiB 5.0.
	windowBytes = 128 << 10
	// waitingPerSlot bounds how many requests wait at a worker for what they have
	// asked: each keeps its texts there, and a goroutine.
	waitingPerSlot = 64
	// workerPatience is how long a worker may answer nothing while it has work; after
	// that it gets nothing new until it answers, and others get copies of what
	// it has. Heartbeats do not count: a hung process sends them, too.
	workerPatience = 10 * time.Second
)

// worker is one connection of a worker. The router's lock guards what is
// below the line.
type worker struct {
	conn     port
	plain    bool // a REP of any language: sees the text alone
	name     string
	hello    wire.Hello    // of a plain worker: what the broker assumes of it; its rules change with updates
	patience time.Duration // see workerPatience

	// ---
	targets  []*target
	slots    int     // requests that it works on at once now; see setSlots
	begun    int     // it may have begun so many of held, the oldest of those that asked nothing
	asks     *client // what it asks itself, for the sake of requests that it holds
	held     []held  // in the order of their dispatch
	waiting  int     // of them, those that wait for what they have asked: they take no slot, nor a place in the window
	bytes    int64   // of the others
	window   int     // most requests to hold
	proven   bool    // has answered on this connection
	draining bool
	gone     bool // the connection failed; its reader will say so
	full     bool // the connection takes nothing more until an answer came, or the next beat
	answered int64
	stats    *wire.WorkerStats // of its latest heartbeat; nil before the first
	share    int               // its latest wish for the window; 0: none
	health   *board.Health     // of its latest heartbeat, too
	facts    board.Facts
	costs    *wire.Costs
	rulesAt  time.Time     // when hello or update said the rules
	progress time.Time     // last answer, or dispatch when it held nothing
	interval time.Duration // moving average between answers while it had work

	recalls int      // sent to it and not answered yet
	recall  []uint64 // numbers to go into the next one; scratch
	abandon []uint64 // the same for what nobody waits for
}

// held is a request that a worker has. After the request was answered by
// someone else (its deadline, say) request is nil, but the worker still works
// on it.
type held struct {
	number   uint64 // of the dispatch; rising
	request  *request
	size     int64
	recalled bool // it was asked for already: what is not given back has begun
	asks     int  // requests of the worker's own for its sake that are not answered; more than none: it waits for them
	asked    bool // it has asked something, so it has begun
}

func newWorker(conn port, plain bool, name string, hello wire.Hello, patience time.Duration) *worker {
	w := &worker{conn: conn, plain: plain, name: name, hello: hello, patience: patience}
	w.asks = &client{conn: conn, asker: w}
	w.hello.Slots = max(1, hello.Slots)
	w.slots, w.begun = w.hello.Slots, w.hello.Slots
	_ = json.Unmarshal(hello.Board, &w.facts) // what it does not say stays zero
	// What libzmq's REP had queued before a reconnect it answers on the new
	// connection first: until it has answered one of ours it gets only one.
	w.fitWindow()
	return w
}

// serves reports whether w serves a rule set, by name or name@hash.
func (w *worker) serves(rules string) bool {
	name, hash := wire.SplitRules(rules)
	for i := range w.hello.Rules {
		set := &w.hello.Rules[i]
		if set.Name == name && strings.HasPrefix(set.Hash, hash) {
			return true
		}
	}
	return false
}

func (w *worker) hasRoom(now time.Time) bool {
	n := w.active()
	room := n < w.window && (w.bytes < windowBytes || n <= w.slots)
	return room && !w.draining && !w.gone && !w.full && !w.silent(now)
}

// active is how many requests w holds that take a slot, or will.
func (w *worker) active() int { return len(w.held) - w.waiting }

// crowded: so many requests wait at w for what they have asked that it takes
// nothing new but requests of workers, which may be what they wait for.
func (w *worker) crowded() bool { return w.waiting >= waitingPerSlot*w.hello.Slots }

// idle reports whether a slot of w has nothing to do.
func (w *worker) idle() bool { return w.active() < w.slots }

// silent: w has had work for long and answers nothing.
func (w *worker) silent(now time.Time) bool {
	return w.active() > 0 && now.Sub(w.progress) > w.patience
}

// lessLoaded reports whether w should get a request rather than o.
func (w *worker) lessLoaded(o *worker) bool {
	a, b := w.active()*o.slots, o.active()*w.slots
	return a < b || a == b && w.progress.Before(o.progress)
}

func (w *worker) hold(r *request, number uint64, now time.Time) {
	if w.active() == 0 {
		w.progress = now
	}
	w.held = append(w.held, held{number: number, request: r, size: r.size()})
	w.bytes += r.size()
	r.place(w, number, now)
}

// find returns the place of a dispatch in held, -1 if it is not there. Answers
// mostly come in order, so it is nearly always the first.
func (w *worker) find(number uint64) int {
	return slices.IndexFunc(w.held, func(h held) bool { return h.number == number })
}

// release takes back what the worker has answered: the request and how the
// worker had it, or nil if it was answered already or the number was not sent
// on this connection.
func (w *worker) release(number uint64, now time.Time) (*request, place) {
	i := w.find(number)
	if i < 0 {
		return nil, place{}
	}
	if !w.held[i].asked {
		w.begun = max(w.slots, w.begun-1)
	}
	q := w.remove(i)
	w.answered++
	w.full = false
	w.adapt(now.Sub(w.progress))
	w.progress = now
	if q == nil {
		return nil, place{}
	}
	return q, q.leave(w)
}

// remove takes held[i] out and returns its request, nil of a tombstone. The
// request still believes to be here.
func (w *worker) remove(i int) *request {
	h := w.held[i]
	w.held = slices.Delete(w.held, i, i+1)
	if h.asks > 0 {
		w.waiting--
	} else {
		w.bytes -= h.size
	}
	return h.request
}

// bury leaves a tombstone for a request that was answered without the worker.
func (w *worker) bury(number uint64) {
	if i := w.find(number); i >= 0 {
		w.held[i].request = nil
	}
}

// adapt sets the window after an answer that came d after the one before it,
// or after work began.
func (w *worker) adapt(d time.Duration) {
	if !w.proven {
		w.proven, w.interval = true, d
	}
	w.interval += (d - w.interval) / 8
	w.fitWindow()
}

func (w *worker) state(now time.Time) string {
	switch {
	case w.draining:
		return "draining"
	case w.silent(now):
		return "silent"
	}
	return "ready"
}
