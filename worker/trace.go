package worker

import (
	"context"
	"log/slog"
	"time"

	"trawl/edge/wire"
)

// Logging the life of every request, at level debug: by the id that the broker
// gave it, if the broker does so, too, and by the number of its dispatch, which
// is in the broker's log as well.

// traces reports whether a log wants that; it is asked once.
func traces(log *slog.Logger) bool { return log.Enabled(context.Background(), slog.LevelDebug) }

// trace logs something about a job.
func (w *state) trace(j *job, what string, args ...any) {
	about := []any{"number", j.control.Number}
	if j.control.ID != 0 {
		about = append(about, "request", wire.LogID(j.control.ID))
	}
	w.options.Log.Debug(what, append(about, args...)...)
}

// traceReply logs the answer to a job; err is why it was not sent.
func (w *state) traceReply(j *job, failed bool, err error) {
	args := []any{"failed", failed, "took", time.Since(j.begun)}
	if j.clientID != "" {
		args = append(args, "id", wire.LogClientID(j.clientID))
	}
	if err != nil {
		args = append(args, "error", err)
	}
	w.trace(j, "request answered", args...)
}
