package broker

import (
	"slices"
	"time"

	"trawl/edge/wire"
)

// queue holds the requests that wait for a target's workers: by priority, then
// clients in turn, then in the order of their admission. Those for trawl
// workers only lie apart, so that a plain worker finds its work at once.
type queue struct {
	lanes [2][wire.MaxPriority + 1]*lane // [needs a trawl worker][priority]; made when first used
	n     int
	cost  int64 // of all that waits, in bytes
}

// lane holds requests of one kind and priority. Clients take turns: one that
// sends thousands does not hold up one that sends a single request.
type lane struct {
	flows map[*client]*flow
	turns flow  // root of a ring: those that may be served, the next one first
	spare *flow // empty; so that a client that waits now and then costs no memory
}

// flow is what one client has waiting in a lane, the oldest first.
type flow struct {
	queue      *queue
	lane       *lane
	client     *client
	waiting    requestList
	prev, next *flow // in lane.turns; nil while the client is held back
}

func (q *queue) lane(r *request) *lane {
	kind := 0
	if r.needsTrawl() {
		kind = 1
	}
	at := &q.lanes[kind][r.header.Priority]
	if *at == nil {
		l := &lane{flows: make(map[*client]*flow)}
		l.turns.prev, l.turns.next = &l.turns, &l.turns
		*at = l
	}
	return *at
}

// pushBack adds a request that has not been given to anybody yet.
func (q *queue) pushBack(r *request) {
	f := q.flow(r, false)
	f.waiting.pushBack(&r.inQueue, r)
	q.added(r, f)
}

// pushFront puts back a request that was taken out before: it is next.
func (q *queue) pushFront(r *request) {
	f := q.flow(r, true)
	f.waiting.pushFront(&r.inQueue, r)
	q.added(r, f)
}

func (q *queue) added(r *request, f *flow) {
	r.flow = f
	q.n++
	q.cost += r.cost()
}

// flow returns the flow that r belongs into; first puts it before the others.
func (q *queue) flow(r *request, first bool) *flow {
	l := q.lane(r)
	f := l.flows[r.client]
	if f == nil {
		if f = l.spare; f == nil {
			f = &flow{queue: q, lane: l}
		}
		l.spare, f.client = nil, r.client
		l.flows[r.client] = f
		r.client.flows = append(r.client.flows, f)
	} else if !first {
		return f
	}
	if !r.client.heldBack {
		f.park()
		f.enter(first)
	}
	return f
}

// take removes a request that is given to a worker: its client's turn is over.
func (q *queue) take(r *request) {
	f := r.flow
	q.remove(r)
	if f.waiting.n > 0 && f.next != nil {
		f.park()
		f.enter(false)
	}
}

// remove removes a request.
func (q *queue) remove(r *request) {
	f := r.flow
	r.inQueue.remove()
	r.flow = nil
	q.n--
	q.cost -= r.cost()
	if f.waiting.n == 0 {
		f.park()
		delete(f.lane.flows, f.client)
		f.client.dropFlow(f)
		f.client, f.lane.spare = nil, f
	}
}

func (c *client) dropFlow(f *flow) {
	if i := slices.Index(c.flows, f); i >= 0 {
		c.flows = slices.Delete(c.flows, i, i+1)
	}
}

// enter puts f into its lane's turns: as the next one, or the last.
func (f *flow) enter(first bool) {
	at := f.lane.turns.prev
	if first {
		at = &f.lane.turns
	}
	f.prev, f.next = at, at.next
	at.next.prev = f
	at.next = f
}

// park takes f out of the turns; its requests go on waiting.
func (f *flow) park() {
	if f.next != nil {
		f.prev.next, f.next.prev = f.next, f.prev
		f.prev, f.next = nil, nil
	}
}

// head returns the request that a worker should get next; trawl says whether
// the worker understands headers, nested that it takes requests of workers only.
// Nil if nothing is for it.
func (q *queue) head(trawl, nested bool) *request {
	if q.n == 0 {
		return nil
	}
	for p := wire.MaxPriority; p >= 0; p-- {
		r := q.lanes[0][p].head(nested)
		if trawl {
			r = older(r, q.lanes[1][p].head(nested))
		}
		if r != nil {
			return r
		}
	}
	return nil
}

func (l *lane) head(nested bool) *request {
	if l == nil {
		return nil
	}
	for f := l.turns.next; f != &l.turns; f = f.next {
		if !nested || f.client.asker != nil {
			return f.waiting.front()
		}
	}
	return nil
}

// of returns how many of a client's requests wait.
func (q *queue) of(c *client) int {
	n := 0
	for _, f := range c.flows {
		if f.queue == q {
			n += f.waiting.n
		}
	}
	return n
}

// any returns a waiting request, be its client held back or not; nil if none waits.
func (q *queue) any() *request {
	if q.n == 0 {
		return nil
	}
	for kind := range q.lanes {
		for _, l := range q.lanes[kind] {
			if l == nil {
				continue
			}
			for _, f := range l.flows {
				return f.waiting.front()
			}
		}
	}
	return nil
}

// oldest is when the request that waits longest arrived; zero if none waits.
func (q *queue) oldest() (since time.Time) {
	if q.n == 0 {
		return since
	}
	for kind := range q.lanes {
		for _, l := range q.lanes[kind] {
			if l == nil {
				continue
			}
			for _, f := range l.flows {
				if at := f.waiting.front().arrived; since.IsZero() || at.Before(since) {
					since = at
				}
			}
		}
	}
	return since
}

// before says which of two waiting requests, either of which may be nil, goes
// first.
func before(a, b *request) *request {
	switch {
	case a == nil:
		return b
	case b == nil || a.header.Priority > b.header.Priority:
		return a
	case a.header.Priority < b.header.Priority:
		return b
	}
	return older(a, b)
}

func older(a, b *request) *request {
	if a == nil || b != nil && b.seq < a.seq {
		return b
	}
	return a
}
