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
	at         [2]place      // who has it: nobody, one worker, or two if a copy was given out
	dispatched time.Time     // to the first of them
	losses     int           // workers that went away while they worked on it
	flow       *flow         // that it waits in; nil while it does not
	avoid      *worker       // has failed it; others are tried first
	ended      bool          // answered; it stays until what was asked for its sake has ended, too
	nested     list[request] // that the workers which have it have asked for its sake

	asked // if a worker asks it

	inQueue, inWaiting, inWheel, inClient, inHedge, inNested link[request]
}

// place is one dispatch of a request.
type place struct {
	worker *worker
	number uint64
	copy   bool // a second worker, while the first still has it
}

const (
	// requestOverhead is what a request is taken to cost beside its message and
	// envelope, in bytes: the structures that hold it.
	requestOverhead = 1 << 10

	// maxPooledEnvelope is the largest envelope whose memory is used again, in bytes.
	maxPooledEnvelope = 1 << 10
)

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
	envelope := r.envelope[:0]
	if cap(envelope) > maxPooledEnvelope {
		envelope = nil
	}
	*r = request{envelope: envelope}
	requests.Put(r)
}

func (r *request) size() int64 { return int64(r.message.Size()) }

// cost is what the request takes of the broker's memory, in bytes: what it retains, not
// what of that is in use.
func (r *request) cost() int64 {
	return r.message.Retained() + int64(cap(r.envelope)+len(r.parsed.ID)+len(r.parsed.Rules)+len(r.parsed.Worker)) + requestOverhead
}

// textWeight is what a text weighs beside its bytes: what it costs a worker to begin with
// one and to write its answer, in bytes that it could scan meanwhile.
const textWeight = 128

// weight is the work of the request, in bytes that a worker could scan meanwhile. Turns and
// windows go by it, so that many empty texts are not taken for nothing.
func (r *request) weight() int64 {
	return r.size() + textWeight*int64(max(1, r.message.NumFrames()))
}

// needsTrawl reports whether only a worker that understands headers can do it.
func (r *request) needsTrawl() bool {
	return r.full && (r.message.NumFrames() != 2 || !r.header.Plain())
}

// held reports whether a worker has it; else it waits, or is in transit
// between two of the router's steps.
func (r *request) held() bool { return r.at[0].worker != nil }

// copied reports whether two workers have it.
func (r *request) copied() bool { return r.at[1].worker != nil }

// place notes that w has it.
func (r *request) place(w *worker, number uint64, now time.Time) {
	if !r.held() {
		r.at[0], r.dispatched = place{worker: w, number: number}, now
		return
	}
	r.at[1] = place{worker: w, number: number, copy: true}
}

// leave notes that w does not have it any more; it returns the place it had.
func (r *request) leave(w *worker) (was place) {
	if r.at[0].worker == w {
		was = r.at[0]
		r.at[0] = r.at[1]
	} else {
		was = r.at[1]
	}
	r.at[1] = place{}
	return was
}
