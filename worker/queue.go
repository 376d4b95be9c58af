package worker

// The queue: requests that wait for a slot, and which of them gets the next one.

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Who owns what:
//
//   - A job belongs to the queue from push to pop, then to the goroutine that popped it. That
//     goroutine answers the job, releases its message and calls done.
//   - A slot belongs to the queue while it is free, else to one execution: that whose field slot
//     points to it. An execution gives its slot back while its request waits for sub-requests
//     (wait), and may get another one afterwards (resume). So nothing of a slot is used after wait.
//   - An execution belongs to its goroutine (worker.work), which uses it for one job after the
//     other. The queue sets the job and the slot, and reads both to count and to cancel.

// job is one request that a broker has dispatched to this worker.
type job struct {
	conn     *zmtp.Conn // the broker's; the answer goes there
	session  *session   // of conn, for sub-requests
	control  wire.RequestControl
	message  zmtp.Message // without its control frame; the owner of the job has one reference
	deadline time.Time

	begun    time.Time // for the trace
	clientID string    // for the trace: the id in the client's header
}

// execution is a job that has begun, on the goroutine that does it. The queue's lock guards slot,
// cancel and, against the queue, the job's conn, control and deadline.
type execution struct {
	job
	slot      *slot       // nil while the request waits for sub-requests
	cancelled atomic.Bool // nobody waits for the answer
	cancel    func()      // called once cancelled is true; nil: nothing to call
	replies   replies     // answers of the goroutine that are not written yet
}

// queue hands jobs and slots to the goroutines that do jobs. Jobs are done in the order of their
// arrival; the windows of the brokers bound how many wait. Safe for concurrent use.
type queue struct {
	slots int
	start func() // starts a goroutine that does jobs

	mu         sync.Mutex
	jobs       []job // that wait, oldest first
	executions []*execution
	free       []*slot
	resuming   []*resumption // executions that want a slot again, oldest first
	limit      int           // slots that may be in use at once; 0: all; see throttle.go
	active     int           // goroutines that do jobs, without those that wait for sub-requests
	closed     bool

	canPop sync.Cond // a job waits and a slot is usable, or the queue is closed
	isIdle sync.Cond // no job waits and none is executed, or the queue is closed
}

// resumption is an execution that waits for a slot. A slot that becomes usable goes to the oldest
// resumption, so none waits while a slot is usable, and pop need not look for resumptions.
type resumption struct {
	e       *execution
	resumed chan bool // has room for one: true: e has a slot; false: the queue is closed
}

func newQueue() *queue {
	q := &queue{}
	q.canPop.L, q.isIdle.L = &q.mu, &q.mu
	return q
}

// open gives the queue its slots. start is called for each of them, and whenever a request waits for
// sub-requests and leaves fewer active goroutines than slots.
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

// wakeLocked wakes one goroutine in pop if it can go on. It follows whatever makes one more pop
// possible: one job more, or one usable slot more.
func (q *queue) wakeLocked() {
	if len(q.jobs) > 0 && q.usableLocked() > 0 {
		q.canPop.Signal()
	}
}

// pop waits for a job and a slot and sets both in e, which belongs to the caller. It returns false
// once the queue is closed; else done must follow. Replies are written before pop waits.
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

// setLimit sets how many slots may be in use at once. Executions that have a slot finish.
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

// takeLocked gives a free slot to e. There must be one.
func (q *queue) takeLocked(e *execution) {
	last := len(q.free) - 1
	e.slot = q.free[last]
	q.free = q.free[:last]
}

// giveBackLocked makes the slot of e free: it goes to the oldest resumption, if there is one.
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

// takeAgainLocked gives e a slot after wait; false: none is free, which can be only in a closed
// queue.
func (q *queue) takeAgainLocked(e *execution) bool {
	if len(q.free) == 0 {
		return false
	}
	q.takeLocked(e)
	q.active++
	return true
}

// done ends the job of e. It returns false if the goroutine of e must end, as there are enough
// without it; else the goroutine must call pop.
func (q *queue) done(e *execution) (goOn bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.slot != nil {
		q.giveBackLocked(e)
	} else {
		q.active++ // it waited for sub-requests to the end
	}
	e.job, e.cancel = job{}, nil
	q.executions = slices.DeleteFunc(q.executions, func(x *execution) bool { return x == e })
	q.checkIdleLocked()
	if q.active <= q.slots {
		return true // its pop takes what the free slot can do
	}
	q.active--
	q.wakeLocked()
	return false
}

// wait gives the slot of e back while its request waits for sub-requests, so that other requests,
// which may be those sub-requests, are done meanwhile. resume must follow, or done.
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

// resume waits for a slot for e, which goes on. Executions that resume get slots before jobs that
// have not begun. False: the queue is closed, and there is no slot.
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

// reclaim takes back the jobs of conn that r names and that have not begun, and appends their
// numbers to gave, the frame of a reclaim. If r is a cancel, named jobs that have begun stop soon;
// they are answered all the same.
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

// load counts the jobs that wait, the executions that have a slot, and those of them that are longer
// than hungTime past their deadline.
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

// close makes every pop return false and drops the jobs that wait.
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
