package broker

import (
	"container/list"

	"trawl/edge/wire"
)

// queue holds the requests that wait for a target's workers: by priority, then
// clients in turn, then in the order of their admission. Those for trawl
// workers only lie apart, so that a plain worker finds its work at once.
type queue struct {
	lanes [2][wire.MaxPriority + 1]lane // [needs a trawl worker][priority]
	n     int
}

// lane holds requests of one kind and priority. Clients take turns: one that
// sends thousands does not hold up one that sends a single request.
type lane struct {
	flows map[*client]*list.Element // of turns
	turns list.List                 // of *flow, none empty; the front is next
}

// flow is what one client has waiting in a lane, the oldest first.
type flow struct{ waiting requestList }

func (q *queue) lane(r *request) *lane {
	kind := 0
	if r.needsTrawl() {
		kind = 1
	}
	return &q.lanes[kind][r.header.Priority]
}

func (q *queue) pushBack(r *request) {
	l := q.lane(r)
	e := l.flows[r.client]
	if e == nil {
		e = l.open(r.client)
		l.turns.MoveToBack(e)
	}
	e.Value.(*flow).waiting.pushBack(&r.inQueue, r)
	q.n++
}

// pushFront puts back a request that was taken out before: it is next.
func (q *queue) pushFront(r *request) {
	l := q.lane(r)
	e := l.flows[r.client]
	if e == nil {
		e = l.open(r.client)
	}
	l.turns.MoveToFront(e)
	e.Value.(*flow).waiting.pushFront(&r.inQueue, r)
	q.n++
}

// take removes a request that is given to a worker: its client's turn is over.
func (q *queue) take(r *request) {
	l := q.lane(r)
	e := l.flows[r.client]
	q.remove(r)
	if l.flows[r.client] != nil {
		l.turns.MoveToBack(e)
	}
}

// remove removes a request that was answered while it waited.
func (q *queue) remove(r *request) {
	l := q.lane(r)
	e := l.flows[r.client]
	r.inQueue.remove()
	q.n--
	if e.Value.(*flow).waiting.n == 0 {
		delete(l.flows, r.client)
		l.turns.Remove(e)
	}
}

// head returns the request that a worker should get next; trawl says whether
// the worker understands headers. Nil if nothing is for it.
func (q *queue) head(trawl bool) *request {
	if q.n == 0 {
		return nil
	}
	for p := wire.MaxPriority; p >= 0; p-- {
		r := q.lanes[0][p].next()
		if trawl {
			r = older(r, q.lanes[1][p].next())
		}
		if r != nil {
			return r
		}
	}
	return nil
}

func (l *lane) open(c *client) *list.Element {
	if l.flows == nil {
		l.flows = make(map[*client]*list.Element)
	}
	e := l.turns.PushFront(&flow{})
	l.flows[c] = e
	return e
}

func (l *lane) next() *request {
	e := l.turns.Front()
	if e == nil {
		return nil
	}
	return e.Value.(*flow).waiting.front()
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
