package broker

import (
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// request is one client's request from admission to its answer. The router's
// lock guards what is below the line; the rest does not change.
type request struct {
	client   *client
	envelope []byte              // frames in wire form, to go before the answer
	header   *wire.RequestHeader // bareHeader, or parsed
	parsed   wire.RequestHeader
	full     bool         // in full form
	message  zmtp.Message // what follows the envelope; one reference is the request's
	deadline time.Time
	arrived  time.Time
	target   *target
	seq      uint64 // order of admission

	// ---
	worker *worker // that holds it; nil while it waits
	number uint64  // of its dispatch to worker
	losses int     // workers that went away while they worked on it

	inQueue, inWheel, inClient link
}

// requests are used again: at full speed a broker would make a garbage of
// hundreds of megabytes a second.
var requests = sync.Pool{New: func() any { return new(request) }}

// newRequest returns a request in bare form with an empty envelope.
func newRequest(c *client, arrived time.Time) *request {
	r := requests.Get().(*request)
	r.client, r.header, r.arrived = c, &bareHeader, arrived
	return r
}

// recycle gives up a request that is in no list and nobody's hands any more,
// and its message.
func (r *request) recycle() {
	r.message.Release()
	*r = request{envelope: r.envelope[:0]}
	requests.Put(r)
}

func (r *request) size() int64 { return int64(r.message.Size()) }

// needsTrawl reports whether only a worker that understands headers can do it.
func (r *request) needsTrawl() bool {
	return r.full && (r.message.NumFrames() != 2 || !r.header.Plain())
}

// queue holds the requests that wait for a target's workers: by priority, in
// the order of their admission, those for trawl workers only apart.
type queue struct {
	lists [2][wire.MaxPriority + 1]list // [needs a trawl worker][priority]
	n     int
}

func (q *queue) list(r *request) *list {
	kind := 0
	if r.needsTrawl() {
		kind = 1
	}
	return &q.lists[kind][r.header.Priority]
}

func (q *queue) pushBack(r *request) {
	q.list(r).pushBack(&r.inQueue, r)
	q.n++
}

// pushFront puts back a request that was taken out before.
func (q *queue) pushFront(r *request) {
	q.list(r).pushFront(&r.inQueue, r)
	q.n++
}

func (q *queue) remove(r *request) {
	r.inQueue.remove()
	q.n--
}

// head returns the request that a worker should get next: the highest
// priority, then the oldest; trawl says whether the worker understands
// headers. Nil if nothing is for it.
func (q *queue) head(trawl bool) *request {
	if q.n == 0 {
		return nil
	}
	for p := wire.MaxPriority; p >= 0; p-- {
		r := q.lists[0][p].front()
		if trawl {
			r = older(r, q.lists[1][p].front())
		}
		if r != nil {
			return r
		}
	}
	return nil
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
