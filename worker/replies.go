package worker

import (
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// heldMost is for how long matching may go on before answers are written. A
	// system call for each of them takes longer than to match a line.
	heldMost = 200 * time.Microsecond
	// heldSize is up to how many bytes a request is taken for one that is matched
	// in no time, so that answers may wait for it.
	heldSize = 8 << 10
)

// replies are the answers that one goroutine has queued but not written yet, so
// that those of several small requests go out together.
type replies struct {
	conns []*zmtp.Conn
	held  time.Duration // time spent on requests since the first of them began
}

func (r *replies) add(conn *zmtp.Conn) {
	if !slices.Contains(r.conns, conn) {
		r.conns = append(r.conns, conn)
	}
}

// spent notes that a request has taken so long. The next one may take as long, so
// answers wait only if both together are short.
func (r *replies) spent(took time.Duration) {
	if r.held += took; r.held+took > heldMost {
		r.flush()
	}
}

func (r *replies) flush() {
	for i, conn := range r.conns {
		conn.Flush()
		r.conns[i] = nil
	}
	r.conns, r.held = r.conns[:0], 0
}

// fail answers j with an error.
func (w *state) fail(j *job, h *wire.RequestHeader, err *wire.Error) {
	w.failed.Add(1)
	w.reply(j, true, wire.ErrorAnswer(h, err))
}

// reply sends the answer to j to the broker that asked.
func (w *state) reply(j *job, failed bool, m zmtp.Message) {
	w.queueReply(j, failed, m)
	j.conn.Flush()
}

// queueReply queues the answer to j. A broker that is gone has given the request to
// another worker.
func (w *state) queueReply(j *job, failed bool, m zmtp.Message) {
	control := wire.ReplyControl{Number: j.control.Number, Failed: failed}
	var frame, prefix [32]byte
	err := j.conn.Queue(zmtp.AppendFrame(prefix[:0], control.Append(frame[:0]), true), m)
	if w.traces {
		w.traceReply(j, failed, err)
	}
}
