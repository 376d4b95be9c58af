package broker

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
	// holdBackAt is how many bytes of answers may wait for a client before its
	// requests do; fewer if memory is short, down to leastHeldBack, which is holdBackLeast
	// unless there are many clients. They go on when a quarter of that is left.
	holdBackAt    = 4 << 20
	holdBackLeast = 64 << 10

	// smallAnswer is the size up to which an answer always finds memory, in bytes.
	smallAnswer = 1 << 10
)

// holdBackLimit is how many bytes of answers may wait for a client now: like
// with requests, what it leaves for others. For a worker, the requests that it has may wait,
// too.
func (r *router) holdBackLimit(c *client) int64 {
	most := max(r.leastHeldBack(), min(holdBackAt, r.options.Limits.Memory-r.held()))
	if c.asker != nil {
		most += c.asker.weight
	}
	return most
}

// leastHeldBack is how many bytes of answers may always wait for a client: for all
// together at most a quarter of the memory.
func (r *router) leastHeldBack() int64 {
	return min(holdBackLeast, max(r.options.Limits.Memory/4/int64(max(r.clients.len(), 1)), smallAnswer))
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
		r.overflow(q.client)
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
	if c.unread < r.leastHeldBack() {
		return
	}
	if most := r.holdBackLimit(c); c.unread >= most {
		if c.unread = queued(c); c.unread >= most {
			c.pause = max(most/4, 1)
			r.holds++
		}
	}
}

// holdBackIfSlow looks at how much waits for c after an answer. Asking the
// connection costs a lock, so it is asked only once that much was sent.
func (r *router) holdBackIfSlow(c *client) {
	if c.heldBack || c.unread < r.leastHeldBack() {
		return
	}
	most := r.holdBackLimit(c)
	if c.unread < most {
		return
	}
	if c.unread = queued(c); c.unread < most {
		return
	}
	c.heldBack = true
	r.heldBack.pushBack(&c.inHeldBack, c)
	r.stir()
	r.holds++
	left := len(c.shares)
	r.later(func(*batch) bool {
		return r.eachFlow(c, &left, func(f *flow) {
			if c.heldBack { // still
				f.park()
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
	for range min(r.heldBack.n, releasedAtOnce) {
		r.visit(1)
		c := r.heldBack.rotate()
		if c.unread = queued(c); c.unread < r.holdBackLimit(c)/4 {
			r.letGo(c)
		}
	}
}

func (r *router) letGo(c *client) {
	c.inHeldBack.remove()
	c.heldBack = false
	left := len(c.shares)
	r.later(func(*batch) bool {
		return r.eachFlow(c, &left, func(f *flow) {
			if c.heldBack { // again
				return
			}
			if f.at == none {
				f.enter()
			}
			r.fillLater(f.waiting.front().target)
		})
	})
}

// deafClients are those that have taken no answers since the heartbeat before, while memory
// is short because of answers.
type deafClients struct {
	short bool          // memory is
	first bool          // it was not at the heartbeat before, so what was noted of clients then is old
	over  int64         // how much is held beyond three quarters of limits.memory, in bytes
	found [64][]*client // by the number of bits of how much waits for them
}

// shortage begins to look for clients that read no answers, if memory is short.
func (r *router) shortage() *deafClients {
	over := r.overMemory()
	d := &deafClients{short: over > 0, first: !r.short, over: over}
	r.short = d.short
	return d
}

// overMemory is how much is held beyond three quarters of limits.memory, in bytes.
func (r *router) overMemory() int64 {
	memory := r.options.Limits.Memory
	return r.held() - (memory - memory/4)
}

func (d *deafClients) look(c *client, least int64) {
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

// closeDeaf closes clients that take no answers, those with the most first, to a factor of
// two, until a quarter of the memory is free; false if the critical section is spent.
func (r *router) closeDeaf(d *deafClients) (done bool) {
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
			r.overflow(found[0])
			d.found[size] = found[1:]
		}
	}
	return true
}

func queued(c *client) int64 {
	_, n := c.conn.Queued()
	return int64(n)
}
