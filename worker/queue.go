package worker

// The queue: waiting requests, free slots, and the goroutines doing requests.

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Ownership:
//
//   - A job belongs to the queue from push to pop, then to the goroutine of the pop. The goroutine
//     answers the job, releases the message and calls done.
//   - A free slot belongs to the queue. A slot in use belongs to a single execution; the execution's
//     field slot points there. While a request waits for sub-requests, the execution gives the slot
//     back (wait), and may get another slot afterwards (resume). Nothing of a slot is used after wait.
//   - An execution belongs to a goroutine (worker.work), for all jobs of the goroutine in turn. The
//     queue sets job and slot, and reads both to count and to cancel.

// job is a request dispatched to this worker by a broker.
type job struct {
	conn     *zmtp.Conn // the broker's; the answer goes there
	session  *session   // of conn, for sub-requests
	control  wire.RequestControl
	message  zmtp.Message // without the control frame; the owner of the job has a reference
	deadline time.Time

	begun    time.Time // for the trace
	clientID string    // for the trace: the id in the client's header
}

// execution is a job in progress on a goroutine. The queue's lock guards slot and cancel, and the
// job's conn, control and deadline while the queue reads them.
type execution struct {
	job
	slot      *slot       // nil while the request waits for sub-requests
	cancelled atomic.Bool // nobody waits for the answer
	cancel    func()      // called when cancelled becomes true; nil: nothing to call
	replies   replies     // answers of the goroutine not written yet
}

// queue hands jobs and slots to goroutines. Jobs are done in the order of arrival; the windows of the
// brokers bound the number of waiting jobs. Safe for concurrent use.
type queue struct {
	slots int
	start func() // starts a goroutine for jobs

	mu         sync.Mutex
	jobs       []job // waiting, oldest first
	executions []*execution
	free       []*slot
	resuming   []*resumption // oldest first
	limit      int           // max slots in use at once; 0: all; see throttle.go
	active     int           // goroutines for jobs, not counting executions without a slot
	closed     bool

	canPop sync.Cond // a job waits and a slot is usable, or the queue is closed
	isIdle sync.Cond // no job waits and none is executed, or the queue is closed
}

// resumption is an execution waiting for a slot after its sub-requests. A slot becoming usable goes to
// the oldest resumption: while a slot is usable, no resumption waits, and pop may take the slot.
type resumption struct {
	e       *execution
	resumed chan bool // capacity 1; true: e has a slot; false: the queue is closed
}

func newQueue() *queue {
	q := &queue{}
	q.canPop.L, q.isIdle.L = &q.mu, &q.mu
	return q
}

// open sets the slots of the queue. start is called for each slot, and again whenever a request waits
// for sub-requests and leaves fewer active goroutines than slots.
func (q *queue) open(slots []*slot, start func()) {
	q.free, q.slots, q.active, q.start = slots, len(slots), len(slots), start
	for range slots {
		start()
	}
}

// push adds a job.
func (q *queue) push(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
	q.wakeLocked()
}

// wakeLocked wakes a single goroutine in pop, if a job and a slot are there. Every event with a new
// job or a newly usable slot ends with wakeLocked.
func (q *queue) wakeLocked() {
	if len(q.jobs) > 0 && q.usableLocked() > 0 {
		q.canPop.Signal()
	}
}

// pop waits for a job and a slot and sets both in e, the caller's execution. After pop the caller
// must call done. The result is false once the queue is closed. Before waiting, pop writes e.replies.
func (q *queue) pop(e *execution) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	mustWait := func() bool { return (len(q.jobs) == 0 || q.usableLocked() <= 0) && !q.closed }
	if mustWait() {
		q.mu.Unlock()
		e.replies.flush()
		q.mu.Lock()
	}
	for mustWait() {
		q.canPop.Wait()
	}
	if q.closed {
		return false
	}
	e.job = q.jobs[0]
	q.jobs[0] = job{}
	q.jobs = q.jobs[1:]
	e.cancelled.Store(false)
	q.takeLocked(e)
	q.executions = append(q.executions, e)
	return true
}

// setLimit sets how many slots may be in use at once. Executions with a slot finish.
func (q *queue) setLimit(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit == n {
		return
	}
	q.limit = n
	q.resumeLocked()
	q.canPop.Broadcast() // several may go on
}

// usableLocked returns how many more slots may be taken now; 0 or less: none.
func (q *queue) usableLocked() int {
	if q.limit == 0 {
		return len(q.free)
	}
	return len(q.free) - (q.slots - q.limit)
}

// takeLocked gives a free slot to e. A free slot must exist.
func (q *queue) takeLocked(e *execution) {
	last := len(q.free) - 1
	e.slot = q.free[last]
	q.free = q.free[:last]
}

// giveBackLocked frees the slot of e, for the oldest resumption if any.
func (q *queue) giveBackLocked(e *execution) {
	q.free = append(q.free, e.slot)
	e.slot = nil
	q.resumeLocked()
}

// resumeLocked gives usable slots to resumptions.
func (q *queue) resumeLocked() {
	for len(q.resuming) > 0 && (q.usableLocked() > 0 || q.closed) {
		r := q.resuming[0]
		q.resuming = slices.Delete(q.resuming, 0, 1)
		r.resumed <- q.takeAgainLocked(r.e)
	}
}

// takeAgainLocked gives e a slot after wait. The result is false if no slot is free, in a closed
// queue.
func (q *queue) takeAgainLocked(e *execution) bool {
	if len(q.free) == 0 {
		return false
	}
	q.takeLocked(e)
	q.active++
	return true
}

// done ends the job of e. The goroutine of e must call pop afterwards, or must end if the result is
// false: enough other goroutines are active.
func (q *queue) done(e *execution) (goOn bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.slot != nil {
		q.giveBackLocked(e)
	} else {
		q.active++ // e was without a slot to the end
	}
	e.job, e.cancel = job{}, nil
	q.executions = slices.DeleteFunc(q.executions, func(x *execution) bool { return x == e })
	q.checkIdleLocked()
	if q.active <= q.slots {
		return true // pop takes a job for the free slot
	}
	q.active--
	q.wakeLocked()
	return false
}

// wait gives the slot of e back while the request waits for sub-requests. Meanwhile the slot does
// other requests, perhaps the sub-requests themselves. resume or done must follow.
func (q *queue) wait(e *execution) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.giveBackLocked(e)
	if q.active--; q.active < q.slots && !q.closed {
		q.active++
		q.start()
	}
	q.wakeLocked()
}

// resume waits for a slot for e. Resumptions get slots before waiting jobs. The result is false if the
// queue is closed and no slot is free.
func (q *queue) resume(e *execution) bool {
	q.mu.Lock()
	if q.usableLocked() > 0 || q.closed {
		defer q.mu.Unlock()
		return q.takeAgainLocked(e)
	}
	r := &resumption{e: e, resumed: make(chan bool, 1)}
	q.resuming = append(q.resuming, r)
	q.mu.Unlock()
	return <-r.resumed
}

// onCancelled makes a cancel of e's job call cancel. If the job is cancelled already, cancel is
// called at once.
func (q *queue) onCancelled(e *execution, cancel func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.cancel = cancel; e.cancelled.Load() {
		cancel()
	}
}

// reclaim takes the waiting jobs of conn listed in r out of the queue, and appends their numbers to
// gave, the frame of a reclaim. If r is a cancel, listed jobs in progress stop soon; they are answered
// nevertheless.
func (q *queue) reclaim(conn *zmtp.Conn, r wire.Reclaim, gave []byte) []byte {
	named := make(map[uint64]struct{}, r.Len())
	r.Each(func(number uint64) { named[number] = struct{}{} })
	q.mu.Lock()
	defer q.mu.Unlock()
	isNamed := func(j *job) bool {
		_, ok := named[j.control.Number]
		return ok && j.conn == conn
	}
	q.jobs = slices.DeleteFunc(q.jobs, func(j job) bool {
		if !isNamed(&j) {
			return false
		}
		gave = wire.AppendDispatch(gave, j.control.Number)
		j.message.Release()
		return true
	})
	if r.Kind == wire.KindCancel {
		for _, e := range q.executions {
			if isNamed(&e.job) {
				e.cancelled.Store(true)
				if e.cancel != nil {
					e.cancel()
				}
			}
		}
	}
	q.checkIdleLocked()
	return gave
}

// checkIdleLocked follows whatever can make the queue idle.
func (q *queue) checkIdleLocked() {
	if len(q.jobs) == 0 && len(q.executions) == 0 {
		q.isIdle.Broadcast()
	}
}

// waitIdle waits until no job waits or is executed, or the queue is closed.
func (q *queue) waitIdle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for (len(q.jobs) > 0 || len(q.executions) > 0) && !q.closed {
		q.isIdle.Wait()
	}
}

// load returns the number of waiting jobs, of executions with a slot, and of executions with a slot
// more than hungTime after their deadline.
func (q *queue) load(now time.Time) (waiting, running, hung int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.executions {
		if e.slot == nil {
			continue
		}
		if running++; now.Sub(e.deadline) > hungTime {
			hung++
		}
	}
	return len(q.jobs), running, hung
}

// close makes every pop return false and drops waiting jobs.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		j.message.Release()
	}
	q.jobs, q.closed = nil, true
	q.resumeLocked()
	q.canPop.Broadcast()
	q.isIdle.Broadcast()
}
