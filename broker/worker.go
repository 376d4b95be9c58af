package broker

// A worker as the router sees it: what it holds, and how much more it may.

import (
	"encoding/json"
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
	// failuresBorne is after how many errors of its own in a row a worker is avoided.
	failuresBorne = 3
)

// worker is one connection of a worker. The router's lock guards what is
// below the line.
type worker struct {
	conn     peerConn
	plain    bool // a REP of any language: sees the text alone
	name     string
	hello    wire.Hello    // of a plain worker: what the broker assumes of it; its rules change with updates
	patience time.Duration // see workerPatience
	said     *document     // counts hello and costs; nil for a plain worker
	facts    board.Facts
	feels    feeling // of the goroutine that reads from the worker

	// ---
	packs      []packName // served packs, by name
	packKey    string     // equal for workers with equal packs
	crew       *crew      // workers that serve the same packs; nil: not in the fleet
	named      *target    // for requests that name this worker
	turn       int64      // of named, see crewLink.turn
	heap       *workerHeap
	heapAt     int     // in heap
	slots      int     // current number of requests at once; see setSlots
	begun      int     // upper bound on started requests: the oldest entries of held, without those that sent sub-requests
	subClient  *client // stands for the worker as the sender of sub-requests
	held       heldList
	tombstones int   // tombstones in held; see setState
	waiting    int   // entries of held in state waiting: they count neither as a slot nor in the window; see setState
	weight     int64 // work of the entries of held in other states, see request.weight and setState
	window     int   // maximum of active requests
	idleSlots  int   // slots without work, as router.idle counts them; see sort
	proven     bool  // has answered on this connection
	draining   bool
	gone       bool // the connection failed; its reader will call leaveFleet
	full       bool // the connection takes nothing more until the next answer or heartbeat
	failures   int  // number of consecutive internal errors
	probe      bool // a failing worker is to get one request; see failing
	answered   int64
	stats      *wire.WorkerStats // from the latest heartbeat; nil before the first
	share      int               // window that the latest heartbeat asked for; 0: none
	health     *board.Health     // from the latest heartbeat
	rulesAt    time.Time         // when hello or update said the rules
	progress   time.Time         // last answer, or dispatch when it held nothing
	heartbeat  time.Duration     // interval that w was told last
	interval   time.Duration     // moving average of the time between answers, while there was work

	reclaims []int    // length of each reclaim message without an answer, the oldest first
	reclaim  []uint64 // scratch: dispatch numbers for the next reclaim message
	cancel   []uint64 // dispatch numbers for the next cancel message

	inBeats   link[worker] // of router.beats
	inBehind  link[worker] // of router.behind
	inFailing link[worker] // of crew.failing
}

func newWorker(conn peerConn, plain bool, name string, hello wire.Hello, patience time.Duration) *worker {
	w := &worker{conn: conn, plain: plain, name: name, hello: hello, patience: patience}
	w.subClient = &client{conn: conn, askingWorker: w}
	w.hello.Slots = max(1, hello.Slots)
	w.slots, w.begun = w.hello.Slots, w.hello.Slots
	w.packs, w.packKey = packNames(hello.Rules)
	w.held.init()
	_ = json.Unmarshal(hello.Board, &w.facts) // what it does not say stays zero
	// What libzmq's REP had queued before a reconnect it answers on the new
	// connection first: until it has answered one of ours it gets only one.
	w.fitWindow()
	return w
}

// serves reports whether w serves a rule set, by name or name@hash.
func (w *worker) serves(rules string) bool { return w.crew != nil && w.crew.serves(rules) }

// hasRoom reports whether w takes a request more. One that has room may still be silent.
func (w *worker) hasRoom() bool {
	n := w.active()
	room := n < w.window && (w.weight < windowBytes || n <= w.slots)
	return room && !w.draining && !w.gone && !w.full
}

// isAvailable reports whether w takes a request more that does not name it.
func (w *worker) isAvailable() bool {
	return w.hasRoom() && (!w.avoided() || w.probe && w.active() == 0)
}

// failing: the latest answers of w were all errors of its own, as of one that cannot read its
// pack any more.
func (w *worker) failing() bool { return w.failures >= failuresBorne }

// avoided: w is failing and others of its crew are not. It then gets one request a
// heartbeat, to see whether it is well again.
func (w *worker) avoided() bool { return w.failing() && w.crew.failing.n < w.crew.workers }

// active is how many requests w holds that take a slot, or will.
func (w *worker) active() int { return w.held.n - w.waiting }

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

func (w *worker) hold(q *request, number uint64, now time.Time) {
	if w.active() == 0 {
		w.progress = now
	}
	h := held{number: number, request: q, size: q.weight()}
	w.held.add(h)
	w.tally(&h, 1)
	w.probe = false
	q.addDispatch(w, number, now)
}

// release takes back what the worker has answered: the request and how the
// worker had it, or nil if it was answered already or the number was not sent
// on this connection.
func (w *worker) release(number uint64, now time.Time) (*request, dispatch) {
	h := w.held.find(number)
	if h == nil {
		return nil, dispatch{}
	}
	if !h.state.hasAsked() {
		w.begun = max(w.slots, w.begun-1)
	}
	q := w.remove(h)
	w.answered++
	w.full = false
	w.adapt(now.Sub(w.progress))
	w.progress = now
	if q == nil {
		return nil, dispatch{}
	}
	return q, q.removeDispatch(w)
}

// remove takes h out of held and returns its request, nil of a tombstone. The
// request still believes to be here.
func (w *worker) remove(h *held) *request {
	w.tally(h, -1)
	return w.held.remove(h).request
}

// markAnswered leaves a tombstone for a request that was answered without the worker.
func (w *worker) markAnswered(number uint64) {
	if h := w.held.find(number); h != nil {
		w.setState(h, h.state, nil)
	}
}

// setState is the only way to change the state and the request of a dispatch: the counts of w
// change with them.
func (w *worker) setState(h *held, s dispatchState, q *request) {
	w.tally(h, -1)
	h.state, h.request = s, q
	w.tally(h, 1)
}

// tally adds h to the counts of what w holds, n times: 1 or -1.
func (w *worker) tally(h *held, n int) {
	if h.state == waiting {
		w.waiting += n
	} else {
		w.weight += int64(n) * h.size
	}
	if h.request == nil {
		w.tombstones += n
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

// workerStates are all that state returns.
var workerStates = []string{"ready", "draining", "silent", "failing"}

func (w *worker) state(now time.Time) string {
	switch {
	case w.draining:
		return "draining"
	case w.silent(now):
		return "silent"
	case w.failing():
		return "failing"
	}
	return "ready"
}
