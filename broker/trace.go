package broker

// The trace: the life of each request, in the log at level debug.

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"trawl/edge/wire"
)

// trace logs the life of every request, at level debug. At other levels there is
// none, and callers look before they call: with its arguments, a call that does
// nothing took 3% of the router's time.
//
// A request has an id that is the broker's own and goes to the worker with it, so
// that one search finds it in all logs: a client's id may be anything, and is
// another client's, too.
type trace struct {
	log  *slog.Logger
	base uint64 // random, so that ids of another run or broker are others
}

func newTrace(log *slog.Logger) *trace {
	if !log.Enabled(context.Background(), slog.LevelDebug) {
		return nil
	}
	return &trace{log: log, base: rand.Uint64()}
}

// id is the request's, 0 without trace.
func (t *trace) id(q *request) uint64 {
	if t == nil {
		return 0
	}
	return t.base + q.seq
}

func (t *trace) say(q *request, what string, args ...any) {
	t.log.Debug(what, append([]any{"request", wire.LogID(t.id(q))}, args...)...)
}

func (t *trace) accepted(q *request) {
	args := []any{"client", q.client.conn.Peer().RemoteAddr, q.target.what(), q.target.key.name, "bytes", q.size(), "deadline", q.header.Deadline}
	if q.header.HasID {
		args = append(args, "id", wire.LogClientID(q.header.ID))
	}
	t.say(q, "request accepted", args...)
}

func (t *trace) refused(q *request, err *wire.Error) {
	id := ""
	if q.header != nil {
		id = wire.LogClientID(q.header.ID)
	}
	t.log.Debug("request refused", "client", q.client.conn.Peer().RemoteAddr, "id", id, "error", err)
}

func (t *trace) queued(q *request) {
	t.say(q, "request queued", "waiting", q.target.queue.n)
}

func (t *trace) dispatched(q *request, w *worker, number uint64) {
	t.say(q, "request dispatched", "worker", w.name, "number", number, "copy", q.copied())
}

func (t *trace) answered(q *request, by dispatch, failed bool, now time.Time) {
	t.say(q, "request answered", "worker", by.worker.name, "number", by.number, "failed", failed, "took", now.Sub(q.dispatched))
}

func (t *trace) delivered(q *request, ok bool, now time.Time) {
	what := "answer delivered"
	if !ok {
		what = "answer not delivered: the client's connection is over or full"
	}
	t.say(q, what, "took", now.Sub(q.arrived))
}

func (t *trace) failed(q *request, err *wire.Error) {
	t.say(q, "request failed", "error", err)
}

func (t *trace) lost(q *request, w *worker, begun bool) {
	t.say(q, "request lost with its worker", "worker", w.name, "begun", begun, "losses", q.losses)
}

func (t *trace) returned(q *request, w *worker, number uint64) {
	t.say(q, "request given back", "worker", w.name, "number", number)
}

func (t *trace) dropped(q *request) {
	t.say(q, "request dropped: its client is gone")
}

func (t *trace) staleAnswer(w *worker, number uint64) {
	t.log.Debug("answer dropped: nobody waits for it any more", "worker", w.name, "number", fmt.Sprint(number))
}
