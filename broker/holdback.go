package broker

import "slices"

// A client that does not take its answers as fast as they come gets no more
// work done: its requests wait, while its connection is still read, until it
// has caught up. Neither its answers nor its requests then fill the memory,
// and nobody else waits for it.

const (
	// holdBackAt is how many bytes of answers may wait for a client before its
	// requests do, and releaseAt how few before they go on.
	holdBackAt = 4 << 20
	releaseAt  = 1 << 20
)

// holdBackIfSlow looks at how much waits for c after an answer. Asking the
// connection costs a lock, so it is asked only once that much was sent.
func (r *router) holdBackIfSlow(c *client, out *batch) {
	if c.heldBack || c.unread < holdBackAt {
		return
	}
	if c.unread = queued(c); c.unread < holdBackAt {
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
		if c.unread = queued(c); c.unread < releaseAt {
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

func queued(c *client) int64 {
	_, n := c.conn.Queued()
	return int64(n)
}

func (c *client) dropFlow(f *flow) {
	if i := slices.Index(c.flows, f); i >= 0 {
		c.flows = slices.Delete(c.flows, i, i+1)
	}
}
