package worker

// Answers: the one way in which a job is answered, and when answers are written.

import (
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// maxReplyDelay is how long a goroutine may go on with other jobs before it writes its answers.
	// A system call for each answer takes longer than to match a line.
	maxReplyDelay = 200 * time.Microsecond
	// maxQuickJob is up to how many bytes a job counts as matched in no time, so that answers may
	// wait for it.
	maxQuickJob = 8 << 10
)

// replies are the answers that one goroutine has queued on connections but not written yet. So the
// answers of several small jobs are written together.
type replies struct {
	conns []*zmtp.Conn
	delay time.Duration // time spent on jobs since the first of these answers
	head  []byte        // scratch for the header of an answer
}

func (r *replies) add(conn *zmtp.Conn) {
	if !slices.Contains(r.conns, conn) {
		r.conns = append(r.conns, conn)
	}
}

// spend notes that a job took so long. The next job may take as long, so answers wait only if both
// together are short.
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

// succeed answers the job of e, whose header is h, with results. Head says what is to be said beside
// them; its id and worker are set here. Head and results may be used again afterwards.
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

// fail answers the job of e, whose header is h, with an error.
func (w *worker) fail(e *execution, h *wire.RequestHeader, err *wire.Error) {
	w.failed.Add(1)
	w.reply(e, true, wire.ErrorAnswer(h, err))
}

// reply queues the answer to the job of e. A connection that has ended drops it: its broker has
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
