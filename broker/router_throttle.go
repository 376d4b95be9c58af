package broker

// Router: clients that do not read their answers.

import (
	"math/bits"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// A client that does not take its answers as fast as they come gets no more
// work done: its requests wait, while its connection is still read, until it
// has caught up. Neither its answers nor its requests then fill the memory,
// and nobody else waits for it.

const (
	// throttleAt is how many bytes of answers may wait for a client before its
	// requests do; fewer if memory is short, down to minThrottle, which is throttleMin
	// unless there are many clients. They go on when a quarter of that is left.
	throttleAt  = 4 << 20
	throttleMin = 64 << 10

	// smallAnswer is the size up to which an answer always finds memory, in bytes.
	smallAnswer = 1 << 10
)

// throttleLimit is how many bytes of answers may wait for a client now: like
// with requests, what it leaves for others. For a worker, the requests that it has may wait,
// too.
func (r *router) throttleLimit(c *client) int64 {
	most := max(r.minThrottle(), min(throttleAt, r.options.Limits.Memory-r.held()))
	if c.askingWorker != nil {
		most += c.askingWorker.weight
	}
	return most
}

// minThrottle is how many bytes of answers may always wait for a client: for all
// together at most a quarter of the memory.
func (r *router) minThrottle() int64 {
	return min(throttleMin, max(r.options.Limits.Memory/4/int64(max(r.clients.len(), 1)), smallAnswer))
}

// roomForAnswer reports whether there is memory for an answer of so many bytes to a
// request that was not admitted. Those may take a quarter more than what is admitted.
func (r *router) roomForAnswer(size int64) bool {
	return size <= smallAnswer || r.held()+size <= r.options.Limits.Memory*5/4
}

// reserve counts an answer of so many bytes in the budget before it is made. The error
// says that there is no memory for it, and then nothing is counted.
func (r monitor) reserve(size int64) *wire.Error {
	r.lock()
	defer r.unlock()
	if !r.roomForAnswer(size) {
		return wire.Errorf(wire.Busy, "the broker has no memory for an answer of %d bytes for now; try later", size)
	}
	r.options.budget.Hold(size)
	return nil
}

// answerRefused answers q with why it was refused. If that is long, which makes its id, and
// there is no memory for it, the connection ends.
func (r *router) answerRefused(q *request, m zmtp.Message, out *batch) {
	if m.Size() > smallAnswer && !r.roomForAnswer(m.Retained()) {
		m.Release()
		r.closeSlowConsumer(q.client)
		return
	}
	r.answerUnadmitted(q, m, out)
}

// answerUnadmitted answers q, which was not admitted: a refusal, a control request.
// Such answers take memory, too: who asks faster than it reads is not read until
// it has caught up.
func (r *router) answerUnadmitted(q *request, m zmtp.Message, out *batch) {
	c := q.client
	r.answer(c, q.envelope, m, out)
	if c.unread < r.minThrottle() {
		return
	}
	if most := r.throttleLimit(c); c.unread >= most {
		if c.unread = queued(c); c.unread >= most {
			c.pause = max(most/4, 1)
			r.clientsThrottled++
		}
	}
}

// throttleIfSlow looks at how much waits for c after an answer. Asking the
// connection costs a lock, so it is asked only once that much was sent.
func (r *router) throttleIfSlow(c *client) {
	if c.throttled || c.unread < r.minThrottle() {
		return
	}
	most := r.throttleLimit(c)
	if c.unread < most {
		return
	}
	if c.unread = queued(c); c.unread < most {
		return
	}
	c.throttled = true
	r.throttled.pushBack(&c.inThrottled, c)
	r.stir()
	r.clientsThrottled++
	left := len(c.shares)
	r.later(func(*batch) bool {
		return r.eachFlow(c, &left, func(f *flow) {
			if c.throttled { // still
				f.stopTurns()
			}
		})
	})
}

// eachFlow calls f for each flow of a client that has requests waiting; false if the critical
// section is spent: the next call goes on. Shares that are added meanwhile are left out.
func (r *router) eachFlow(c *client, left *int, f func(*flow)) (done bool) {
	for *left = min(*left, len(c.shares)); *left > 0; *left-- {
		if r.spent() {
			return false
		}
		for _, flow := range c.shares[*left-1].flows {
			r.visit(1)
			if flow.waiting.n > 0 {
				f(flow)
			}
		}
	}
	return true
}

// releasedAtOnce is at how many clients a tick looks that are held back.
const releasedAtOnce = 64

// release lets those clients go on that have read their answers. It is called
// every tick.
func (r *router) release() {
	for range min(r.throttled.n, releasedAtOnce) {
		r.visit(1)
		c := r.throttled.rotate()
		if c.unread = queued(c); c.unread < r.throttleLimit(c)/4 {
			r.unthrottle(c)
		}
	}
}

func (r *router) unthrottle(c *client) {
	c.inThrottled.remove()
	c.throttled = false
	left := len(c.shares)
	r.later(func(*batch) bool {
		return r.eachFlow(c, &left, func(f *flow) {
			if c.throttled { // again
				return
			}
			if f.at == none {
				f.enter()
			}
			r.fillLater(f.waiting.front().target)
		})
	})
}

// slowConsumers are those that have taken no answers since the heartbeat before, while memory
// is short because of answers.
type slowConsumers struct {
	short bool          // memory is
	first bool          // it was not at the heartbeat before, so what was noted of clients then is old
	over  int64         // how much is held beyond three quarters of limits.memory, in bytes
	found [64][]*client // by the number of bits of how much waits for them
}

// shortage begins to look for clients that read no answers, if memory is short.
func (r *router) shortage() *slowConsumers {
	over := r.overMemory()
	d := &slowConsumers{short: over > 0, first: !r.short, over: over}
	r.short = d.short
	return d
}

// overMemory is how much is held beyond three quarters of limits.memory, in bytes.
func (r *router) overMemory() int64 {
	memory := r.options.Limits.Memory
	return r.held() - (memory - memory/4)
}

func (d *slowConsumers) look(c *client, least int64) {
	if !d.short {
		return
	}
	n := queued(c)
	if !d.first && n >= c.unreadBefore && c.unreadBefore >= least {
		size := bits.Len64(uint64(n))
		d.found[size] = append(d.found[size], c)
	}
	c.unreadBefore = n
}

// closeSlowConsumers closes clients that take no answers, those with the most first, to a factor of
// two, until a quarter of the memory is free; false if the critical section is spent.
func (r *router) closeSlowConsumers(d *slowConsumers) (done bool) {
	for size := len(d.found) - 1; size >= 0; size-- {
		for found := d.found[size]; len(found) > 0; found = d.found[size] {
			if d.over <= 0 {
				return true
			}
			if r.spent() {
				return false
			}
			r.visit(1)
			d.over -= found[0].unreadBefore
			r.closeSlowConsumer(found[0])
			d.found[size] = found[1:]
		}
	}
	return true
}

func queued(c *client) int64 {
	_, n := c.conn.Queued()
	return int64(n)
}
