package worker

// Answers: the only writer of answers, and the moment of writing.

import (
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// maxReplyDelay is how long answers may wait while their goroutine goes on with further jobs. A
	// system call for each answer takes longer than matching a line.
	maxReplyDelay = 200 * time.Microsecond
	// maxQuickJob is the size in bytes up to which a job counts as quick. Answers may wait for a
	// quick job.
	maxQuickJob = 8 << 10
)

// replies are the answers of a goroutine queued on connections, but not written yet. Answers of
// several small jobs are written together.
type replies struct {
	conns []*zmtp.Conn
	delay time.Duration // time spent on jobs since the first queued answer
	head  []byte        // scratch for the header of an answer
}

func (r *replies) add(conn *zmtp.Conn) {
	if !slices.Contains(r.conns, conn) {
		r.conns = append(r.conns, conn)
	}
}

// spend notes the time of a job. The next job may take as long; answers wait only if both together
// are short.
func (r *replies) spend(took time.Duration) {
	if r.delay += took; r.delay+took > maxReplyDelay {
		r.flush()
	}
}

// flush writes all answers.
func (r *replies) flush() {
	for i, conn := range r.conns {
		conn.Flush()
		r.conns[i] = nil
	}
	r.conns, r.delay = r.conns[:0], 0
}

// succeed answers the job of e with results. h is the header of the request, head the header of the
// answer; succeed sets id and worker in head. The caller may use head and results again afterwards.
func (w *worker) succeed(e *execution, h *wire.RequestHeader, head *wire.AnswerHeader, results [][]byte) {
	size := 256 // for the header
	for _, result := range results {
		size += len(result) + 16
	}
	b := zmtp.NewBuilder(size)
	if e.control.Full {
		head.ID, head.HasID, head.Worker = h.ID, h.HasID, w.options.Name
		e.replies.head = head.Append(e.replies.head[:0])
		b.AppendFrame(e.replies.head)
	}
	for _, result := range results {
		b.AppendFrame(result)
	}
	w.reply(e, false, b.Message())
}

// fail answers the job of e with an error. h is the header of the request.
func (w *worker) fail(e *execution, h *wire.RequestHeader, err *wire.Error) {
	w.failed.Add(1)
	w.reply(e, true, wire.ErrorAnswer(h, err))
}

// reply queues the answer to the job of e. A closed connection drops the answer: the broker has
// dispatched the request to another worker.
func (w *worker) reply(e *execution, failed bool, m zmtp.Message) {
	control := wire.ReplyControl{Number: e.control.Number, Failed: failed}
	var frame, prefix [32]byte
	err := e.conn.Queue(zmtp.AppendFrame(prefix[:0], control.Append(frame[:0]), true), m)
	e.replies.add(e.conn)
	if w.traces {
		w.traceReply(&e.job, failed, err)
	}
}
