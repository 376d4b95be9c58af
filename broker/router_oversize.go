package broker

// Answers of workers that clients do not get: those over limits.answer, those that
// found no memory, and those for which a client has no room. Each becomes an error of
// its one request. Neither the client nor others suffer.

import (
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// answerSlack is how much larger than limits.answer an answer may be, in bytes: for
// its header, and frameSlack for each frame, since the limit holds for what was found.
const (
	answerSlack = 256 << 10
	frameSlack  = 64
)

// checkAnswer says why an answer of w is not passed on.
func (b *Broker) checkAnswer(w *worker, m zmtp.Message) *wire.Error {
	size := int64(m.Size()) + m.Truncated()
	most := b.options.Limits.Answer
	switch {
	case size > most+answerSlack+int64(m.NumFrames())*frameSlack:
		b.options.Log.Warn("worker's answer is larger than limits.answer: its request is answered with an error", "worker", w.name, "bytes", size, "limit", most)
		return wire.Errorf(wire.Internal, "worker %q has answered with %d bytes, limits.answer of the broker allows %d; ask for less at once, or raise it at the broker", w.name, size, most)
	case m.Truncated() > 0:
		return wire.Errorf(wire.Busy, "the broker has no memory for an answer of %d bytes for now; try later", size)
	}
	return nil
}

// spoilt takes an answer that is not passed on. If another worker has a copy of the
// request, that one's answer will be the answer.
func (r monitor) spoilt(w *worker, number uint64, err *wire.Error, out *batch) {
	r.lock()
	defer r.leave(out)
	q, _ := w.release(number, out.now())
	r.sort(w)
	switch {
	case q == nil:
		r.staleAnswers++
	case q.held():
	default:
		r.fail(q, err, out)
	}
	r.fillWorker(w, out)
}

// give is answer for a request that was admitted. If its client's queue has no room for
// a large answer, the client gets a short one: it reads more slowly than answers come,
// or not at all, which the next answers tell.
func (r *router) give(q *request, prefix []byte, m zmtp.Message, out *batch) bool {
	size := m.Size()
	if err := r.queue(q.client, prefix, m, out); err == nil || size <= smallAnswer {
		return r.afterQueue(q.client, err)
	}
	return r.answer(q.client, q.envelope, wire.ErrorAnswer(q.header, wire.Errorf(wire.Busy,
		"%d bytes of answers wait for this client already, and one of %d finds no room; ask for less at once, or read faster", queued(q.client), size)), out)
}
