package worker

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// job is one request that the worker has.
type job struct {
	conn     *zmtp.Conn // the broker's, which gets the answer
	session  *session   // the same connection, to ask others over
	control  wire.RequestControl
	message  zmtp.Message // without its control frame; one reference is the job's
	deadline time.Time

	begun    time.Time // for the trace, and the id that its client gave it
	clientID string
}

// queue holds the jobs that wait for a slot, first come first served, and the slots
// that wait for a job. The brokers' windows bound it.
type queue struct {
	slots  int
	start  func() // starts a goroutine that takes jobs
	mu     sync.Mutex
	change sync.Cond // of what follows
	jobs   []job
	free   []*slot

	running  []*running // jobs that have begun
	takers   int        // goroutines that take jobs, but for those whose job waits for answers
	resuming int        // jobs that have waited for answers and want a slot again; they come first
	limit    int        // of slots in use; 0: all
	closed   bool
}

// running is a job that has begun, and the goroutine that does it. The queue's lock
// guards all but cancelled.
type running struct {
	conn      *zmtp.Conn
	number    uint64
	deadline  time.Time
	cancelled atomic.Bool // nobody waits for the answer
	cancel    func()      // called then; may be nil
	slot      *slot       // nil while it waits for answers
}

func newQueue() *queue {
	q := &queue{}
	q.change.L = &q.mu
	return q
}

// open gives the queue its slots. start is called for each of them, and whenever a
// job waits for answers and leaves its slot to others.
func (q *queue) open(slots []*slot, start func()) {
	q.free, q.slots, q.takers, q.start = slots, len(slots), len(slots), start
	for range slots {
		start()
	}
}

func (q *queue) push(j job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	q.change.Broadcast()
}

// pop waits for a job and a slot, and notes both in r, which is the caller's own; ok
// is false when the queue is closed. done must follow. If there is something to wait
// for, idle is called before.
func (q *queue) pop(r *running, idle func()) (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waits := func() bool { return (len(q.jobs) == 0 || q.usable() <= q.resuming) && !q.closed }
	if waits() {
		q.mu.Unlock()
		idle()
		q.mu.Lock()
	}
	for waits() {
		q.change.Wait()
	}
	if q.closed {
		return job{}, false
	}
	j = q.jobs[0]
	q.jobs[0] = job{}
	q.jobs = q.jobs[1:]
	r.conn, r.number, r.deadline, r.cancel = j.conn, j.control.Number, j.deadline, nil
	r.cancelled.Store(false)
	q.take(r)
	q.running = append(q.running, r)
	return j, true
}

// setLimit sets how many slots may have a job at once. Those that have one finish it.
func (q *queue) setLimit(n int) {
	q.mu.Lock()
	changed := q.limit != n
	q.limit = n
	q.mu.Unlock()
	if changed {
		q.change.Broadcast()
	}
}

// usable is how many more slots may be used now, 0 or less if none.
func (q *queue) usable() int {
	if q.limit == 0 {
		return len(q.free)
	}
	return len(q.free) - (q.slots - q.limit)
}

// take takes a free slot, of which there is one.
func (q *queue) take(r *running) {
	last := len(q.free) - 1
	r.slot = q.free[last]
	q.free = q.free[:last]
}

// done ends r's job; false: there are enough goroutines without the caller's.
func (q *queue) done(r *running) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.change.Broadcast()
	if r.slot != nil {
		q.free = append(q.free, r.slot)
	} else {
		q.takers++ // it did not wait to the end
	}
	r.conn, r.slot, r.cancel = nil, nil, nil
	q.running = slices.DeleteFunc(q.running, func(x *running) bool { return x == r })
	if q.takers > q.slots {
		q.takers--
		return false
	}
	return true
}

// wait gives r's slot back while its job waits for answers, so that others, which may
// be what it waits for, are done meanwhile. resume follows, or done.
func (q *queue) wait(r *running) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free = append(q.free, r.slot)
	r.slot = nil
	if q.takers--; q.takers < q.slots && !q.closed {
		q.takers++
		q.start()
	}
	q.change.Broadcast()
}

// resume waits for a slot for r's job, which goes on. Those that resume come before
// new jobs. False: the queue was closed, and there is none.
func (q *queue) resume(r *running) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.resuming++
	for q.usable() <= 0 && !q.closed {
		q.change.Wait()
	}
	q.resuming--
	if len(q.free) == 0 {
		return false
	}
	q.take(r)
	q.takers++
	q.change.Broadcast() // a pop may have waited only for resuming
	return true
}

// onCancelled makes a reclaim of r's job call cancel.
func (q *queue) onCancelled(r *running, cancel func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.cancel = cancel; r.cancelled.Load() {
		cancel()
	}
}

// reclaim takes back jobs of conn that no slot has begun, and appends their
// numbers to gave, a Reclaim in the making. Those that are running stop soon if
// they are cancelled; they are answered as always.
func (q *queue) reclaim(conn *zmtp.Conn, r wire.Reclaim, gave []byte) []byte {
	wanted := make(map[uint64]struct{}, len(r.Numbers)/8)
	r.Each(func(number uint64) { wanted[number] = struct{}{} })
	q.mu.Lock()
	defer q.mu.Unlock()
	is := func(c *zmtp.Conn, number uint64) bool {
		_, ok := wanted[number]
		return ok && c == conn
	}
	q.jobs = slices.DeleteFunc(q.jobs, func(j job) bool {
		if !is(j.conn, j.control.Number) {
			return false
		}
		gave = wire.AppendDispatch(gave, j.control.Number)
		j.message.Release()
		return true
	})
	if r.Kind == wire.KindCancel {
		for _, slot := range q.running {
			if is(slot.conn, slot.number) {
				slot.cancelled.Store(true)
				if slot.cancel != nil {
					slot.cancel()
				}
			}
		}
	}
	q.change.Broadcast() // somebody may wait until it is idle
	return gave
}

// waitIdle waits until there is no job, waiting or running, or the queue is
// closed.
func (q *queue) waitIdle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for (len(q.jobs) > 0 || len(q.running) > 0) && !q.closed {
		q.change.Wait()
	}
}

// close makes every pop return and drops what waits.
func (q *queue) close() {
	q.mu.Lock()
	for _, j := range q.jobs {
		j.message.Release()
	}
	q.jobs, q.closed = nil, true
	q.mu.Unlock()
	q.change.Broadcast()
}
