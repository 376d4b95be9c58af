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
	control  wire.RequestControl
	message  zmtp.Message // without its control frame; one reference is the job's
	deadline time.Time
}

// queue holds the jobs that wait for a slot, first come first served. The
// brokers' windows bound it.
type queue struct {
	mu      sync.Mutex
	change  sync.Cond // of what follows
	jobs    []job
	running []*running // slots that have a job
	closed  bool
}

// running is the job that a slot has. The queue's lock guards all but abandoned.
type running struct {
	conn      *zmtp.Conn
	number    uint64
	deadline  time.Time
	abandoned atomic.Bool // nobody waits for the answer
}

func newQueue() *queue {
	q := &queue{}
	q.change.L = &q.mu
	return q
}

func (q *queue) push(j job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	q.change.Broadcast()
}

// pop waits for a job and notes in slot, which is the caller's own, that it
// runs; ok is false when the queue is closed. done must follow.
func (q *queue) pop(slot *running) (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.jobs) == 0 && !q.closed {
		q.change.Wait()
	}
	if q.closed {
		return job{}, false
	}
	j = q.jobs[0]
	q.jobs[0] = job{}
	q.jobs = q.jobs[1:]
	slot.conn, slot.number, slot.deadline = j.conn, j.control.Number, j.deadline
	slot.abandoned.Store(false)
	q.running = append(q.running, slot)
	return j, true
}

func (q *queue) done(slot *running) {
	q.mu.Lock()
	slot.conn = nil
	q.running = slices.DeleteFunc(q.running, func(r *running) bool { return r == slot })
	q.mu.Unlock()
	q.change.Broadcast()
}

// recall takes back jobs of conn that no slot has begun, and appends their
// numbers to gave, a Recall in the making. Those that are running stop soon if
// they are abandoned; they are answered as always.
func (q *queue) recall(conn *zmtp.Conn, r wire.Recall, gave []byte) []byte {
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
		gave = wire.AppendRecalled(gave, j.control.Number)
		j.message.Release()
		return true
	})
	if r.Abandoned {
		for _, slot := range q.running {
			if is(slot.conn, slot.number) {
				slot.abandoned.Store(true)
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
