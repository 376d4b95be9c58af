package broker

import (
	"cmp"
	"slices"
)

// A client that does not take its answers as fast as they come gets no more
// work done: its requests wait, while its connection is still read, until it
// has caught up. Neither its answers nor its requests then fill the memory,
// and nobody else waits for it.

const (
	// holdBackAt is how many bytes of answers may wait for a client before its
	// requests do; fewer if memory is short, down to holdBackLeast. They go on
	// when a quarter of that is left.
	holdBackAt    = 4 << 20
	holdBackLeast = 64 << 10
)

// holdBackLimit is how many bytes of answers may wait for a client now: like
// with requests, what it leaves for others. What waits for a worker is mostly
// requests, and it reads, or is lost.
func (r *router) holdBackLimit(c *client) int64 {
	if c.asker != nil {
		return holdBackAt
	}
	return max(holdBackLeast, min(holdBackAt, r.options.Limits.Memory-r.held()))
}

// holdBackIfSlow looks at how much waits for c after an answer. Asking the
// connection costs a lock, so it is asked only once that much was sent.
func (r *router) holdBackIfSlow(c *client) {
	if c.heldBack || c.unread < holdBackLeast {
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
	for c := range r.clients {
		if c.asker != nil {
			continue // heartbeats tell whether it reads
		}
		n := queued(c)
		if !first && n >= c.unreadBefore && c.unreadBefore >= holdBackLeast {
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
