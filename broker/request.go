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
