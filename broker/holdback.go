package broker

import (
	"cmp"
	"slices"

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
// with requests, what it leaves for others. What waits for a worker is mostly
// requests, and it reads, or is lost.
func (r *router) holdBackLimit(c *client) int64 {
	if c.asker != nil {
		return holdBackAt
	}
	return max(r.leastHeldBack(), min(holdBackAt, r.options.Limits.Memory-r.held()))
}

// leastHeldBack is how many bytes of answers may always wait for a client: for all
// together at most a quarter of the memory.
func (r *router) leastHeldBack() int64 {
	return min(holdBackLeast, max(r.options.Limits.Memory/4/int64(max(len(r.clients), 1)), smallAnswer))
}

// answerUnadmitted answers q, which was not admitted: a refusal, a control request.
// Such answers take memory, too. A large one becomes an error if there is none, and who
// asks faster than it reads is not read until it has caught up.
func (r *router) answerUnadmitted(q *request, m zmtp.Message, out *batch) {
	c := q.client
	if size := m.Retained(); size > smallAnswer && c.asker == nil && r.held()+size > r.options.Limits.Memory*5/4 {
		m.Release()
		m = wire.ErrorAnswer(q.header, wire.Errorf(wire.Busy, "the broker has no memory for an answer of %d bytes for now; try later", size))
		if m.Size() > smallAnswer { // of which most is the id
			m.Release()
			r.overflow(c)
			return
		}
	}
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
	r.heldBack[c] = struct{}{}
	r.holds++
	for _, f := range c.flows {
		f.park()
	}
}

// release lets those clients go on that have read their answers. It is called
// every tick.
func (r *router) release(out *batch) {
	for c := range r.heldBack {
		if c.unread = queued(c); c.unread < r.holdBackLimit(c)/4 {
			r.letGo(c, out)
		}
	}
}

func (r *router) letGo(c *client, out *batch) {
	delete(r.heldBack, c)
	c.heldBack = false
	var targets []*target
	for _, f := range c.flows {
		f.enter(false)
		t := f.waiting.front().target
		if !slices.Contains(targets, t) {
			targets = append(targets, t)
		}
	}
	for _, t := range targets {
		for _, w := range slices.Clone(t.workers) {
			r.pump(w, out)
		}
	}
}

// closeDeaf closes clients that take no answers while memory is short because of
// them, those with the most first, until a quarter is free. It is called with
// every heartbeat; a client is deaf if it took nothing since the one before.
func (r *router) closeDeaf() {
	memory := r.options.Limits.Memory
	over := r.held() - (memory - memory/4)
	first := !r.short // what was noted of clients before is old
	if r.short = over > 0; !r.short {
		return
	}
	var deaf []*client
	least := r.leastHeldBack()
	for c := range r.clients {
		if c.asker != nil {
			continue // heartbeats tell whether it reads
		}
		n := queued(c)
		if !first && n >= c.unreadBefore && c.unreadBefore >= least {
			deaf = append(deaf, c)
		}
		c.unreadBefore = n
	}
	slices.SortFunc(deaf, func(a, b *client) int { return cmp.Compare(b.unreadBefore, a.unreadBefore) })
	for _, c := range deaf {
		if over <= 0 {
			return
		}
		over -= c.unreadBefore
		r.overflow(c)
	}
}

func queued(c *client) int64 {
	_, n := c.conn.Queued()
	return int64(n)
}
