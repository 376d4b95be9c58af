package worker

// Traces: the life of every request in the log, at level debug. Lines have the number of the
// dispatch, as in the broker's log, and the id of the request if the broker logs at level debug.

import (
	"context"
	"log/slog"
	"time"

	"trawl/edge/wire"
)

// traces reports whether log takes traces. Run asks once.
func traces(log *slog.Logger) bool { return log.Enabled(context.Background(), slog.LevelDebug) }

// trace logs something about a job.
func (w *worker) trace(j *job, what string, args ...any) {
	about := []any{"number", j.control.Number}
	if j.control.ID != 0 {
		about = append(about, "request", wire.LogID(j.control.ID))
	}
	w.options.Log.Debug(what, append(about, args...)...)
}

// traceReply logs the answer to a job; err is the reason for not sending the answer.
func (w *worker) traceReply(j *job, failed bool, err error) {
	args := []any{"failed", failed, "took", time.Since(j.begun)}
	if j.clientID != "" {
		args = append(args, "id", wire.LogClientID(j.clientID))
	}
	if err != nil {
		args = append(args, "error", err)
	}
	w.trace(j, "request answered", args...)
}
