package worker

import (
	"sync"
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
	mu     sync.Mutex
	change sync.Cond // of what follows
	jobs   []job
	busy   int // slots that have a job
	closed bool
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

// pop waits for a job; ok is false when the queue is closed. done must follow.
func (q *queue) pop() (j job, ok bool) {
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
	q.busy++
	return j, true
}

func (q *queue) done() {
	q.mu.Lock()
	q.busy--
	q.mu.Unlock()
	q.change.Broadcast()
}

// waitIdle waits until there is no job, waiting or running, or the queue is
// closed.
func (q *queue) waitIdle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for (len(q.jobs) > 0 || q.busy > 0) && !q.closed {
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
