package broker

// A request of a client, from its arrival to its answer.

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
	at         [2]dispatch   // workers that have the request: none, one, or two if there is a copy
	dispatched time.Time     // time of the first dispatch
	losses     int           // workers that went away while they worked on it
	flow       *flow         // flow in which the request waits; nil while a worker has the request
	avoid      *worker       // worker that has failed the request; others are tried first
	ended      bool          // answered, but sub-requests are not ended yet
	subs       list[request] // sub-requests of the workers that have the request

	subRequest // if a worker asks it

	inQueue, inWaiting, inWheel, inClient, inHedge, inSubs link[request]
}

// place is one dispatch of a request.
type dispatch struct {
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
	q := requests.Get().(*request)
	q.client, q.header, q.arrived = c, &bareHeader, arrived
	return q
}

// recycle gives up a request that is in no list and nobody's hands any more,
// and its message.
func (q *request) recycle() {
	q.message.Release()
	envelope := q.envelope[:0]
	if cap(envelope) > maxPooledEnvelope {
		envelope = nil
	}
	*q = request{envelope: envelope}
	requests.Put(q)
}

func (q *request) size() int64 { return int64(q.message.Size()) }

// cost is what the request takes of the broker's memory, in bytes: what it retains, not
// what of that is in use.
func (q *request) cost() int64 {
	return q.message.Retained() + int64(cap(q.envelope)+len(q.parsed.ID)+len(q.parsed.Rules)+len(q.parsed.Worker)) + requestOverhead
}

// textWeight is what a text weighs beside its bytes: what it costs a worker to begin with
// one and to write its answer, in bytes that it could scan meanwhile.
const textWeight = 128

// weight is the work of the request, in bytes that a worker could scan meanwhile. Turns and
// windows go by it, so that many empty texts are not taken for nothing.
func (q *request) weight() int64 {
	return q.size() + textWeight*int64(max(1, q.message.NumFrames()))
}

// needsTrawl reports whether only a worker that understands headers can do it.
func (q *request) needsTrawl() bool {
	return q.full && (q.message.NumFrames() != 2 || !q.header.Plain())
}

// held reports whether a worker has it; else it waits, or is in transit
// between two of the router's steps.
func (q *request) held() bool { return q.at[0].worker != nil }

// copied reports whether two workers have it.
func (q *request) copied() bool { return q.at[1].worker != nil }

// addDispatch notes that w has it.
func (q *request) addDispatch(w *worker, number uint64, now time.Time) {
	if !q.held() {
		q.at[0], q.dispatched = dispatch{worker: w, number: number}, now
		return
	}
	q.at[1] = dispatch{worker: w, number: number, copy: true}
}

// removeDispatch notes that w does not have it any more; it returns the place it had.
func (q *request) removeDispatch(w *worker) (was dispatch) {
	if q.at[0].worker == w {
		was = q.at[0]
		q.at[0] = q.at[1]
	} else {
		was = q.at[1]
	}
	q.at[1] = dispatch{}
	return was
}
