package zmtp

// Limits on the log lines that peers cause: a peer misbehaving all the time must not fill a disk,
// or hide the lines about other peers.

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// Lines with one message that are logged in each logWindow: warnings and errors, and lines of
	// level info. Further lines are only counted, and their number is logged at the end.
	logWindow   = 10 * time.Second
	warnLines   = 20
	infoLines   = 100
	maxMessages = 256 // that are told apart
)

// LimitLog returns a logger that passes lines on to log, but at most 20 warnings or errors, or 100
// lines of level info, with an equal message in ten seconds; then a line says how many were
// suppressed. Lines of level debug always pass. Messages are constants, attributes hold the
// differences between lines. A limited logger is returned unchanged. All loggers derived from the
// result share the limits.
func LimitLog(log *slog.Logger) *slog.Logger {
	if _, limited := log.Handler().(*limitedHandler); limited {
		return log
	}
	next := log.Handler()
	return slog.New(&limitedHandler{next: next, limit: &logLimit{next: next, messages: make(map[string]*logCount)}})
}

// FlushLog logs how many lines of a logger made by LimitLog are suppressed, without
// waiting for the end of the window. It is for the end of who logs.
func FlushLog(log *slog.Logger) {
	if h, limited := log.Handler().(*limitedHandler); limited {
		h.limit.flush(time.Time{})
	}
}

// limitedHandler is a slog.Handler with limits.
type limitedHandler struct {
	next  slog.Handler
	limit *logLimit
}

func (h *limitedHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *limitedHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo && !h.limit.pass(r) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

func (h *limitedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limitedHandler{next: h.next.WithAttrs(attrs), limit: h.limit}
}

func (h *limitedHandler) WithGroup(name string) slog.Handler {
	return &limitedHandler{next: h.next.WithGroup(name), limit: h.limit}
}

// logLimit counts lines by their message.
type logLimit struct {
	next slog.Handler

	mu       sync.Mutex
	messages map[string]*logCount
	timer    *time.Timer // runs while something is suppressed; else nil
}

// logCount counts the lines with one message.
type logCount struct {
	since              time.Time // when the window began
	logged, suppressed int
}

// pass counts a line and reports whether it is logged.
func (l *logLimit) pass(r slog.Record) bool {
	most := warnLines
	if r.Level < slog.LevelWarn {
		most = infoLines
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.messages[r.Message]
	now := time.Now()
	switch {
	case c != nil && now.Sub(c.since) >= logWindow && c.suppressed == 0:
		*c = logCount{since: now}
	case c == nil:
		if len(l.messages) >= maxMessages {
			return true // no message of this process: there are not so many
		}
		c = &logCount{since: now}
		l.messages[r.Message] = c
	}
	if c.logged < most {
		c.logged++
		return true
	}
	c.suppressed++
	if l.timer == nil {
		l.timer = time.AfterFunc(logWindow-now.Sub(c.since), func() { l.flush(time.Now()) })
	}
	return false
}

// flush says how many lines were suppressed in windows that are over, or in all windows at the zero
// time, and opens new ones.
func (l *logLimit) flush(now time.Time) {
	l.mu.Lock()
	var left time.Duration // until the next window with something to say is over
	report := make(map[string]int)
	for message, c := range l.messages {
		if over := now.Sub(c.since); !now.IsZero() && over < logWindow {
			if c.suppressed > 0 && (left == 0 || logWindow-over < left) {
				left = logWindow - over
			}
			continue
		}
		if c.suppressed > 0 {
			report[message] = c.suppressed
		}
		delete(l.messages, message)
	}
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if left > 0 {
		l.timer = time.AfterFunc(left, func() { l.flush(time.Now()) })
	}
	l.mu.Unlock()
	log := slog.New(l.next)
	for message, n := range report {
		log.Warn("more lines of a kind than are logged", "line", message, "suppressed", n, "within", logWindow)
	}
}
