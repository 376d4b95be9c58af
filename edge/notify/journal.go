package notify

// Log lines for the journal.

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
)

// UnderJournal reports whether output to f goes to the journal. The variable JOURNAL_STREAM names
// the journal's device and inode, but every child inherits the variable, so f is compared.
func UnderJournal(f *os.File, env []string) bool {
	is := variable(env, "JOURNAL_STREAM")
	return is != "" && is == deviceAndInode(f)
}

// Journal returns a handler like the result of newHandler, with the syslog priority of each record
// in front of its line. The journal removes the priority, and shows errors in red and warnings in
// bold.
func Journal(w io.Writer, newHandler func(io.Writer) slog.Handler) slog.Handler {
	p := &prefixed{w: w}
	return journal{Handler: newHandler(p), to: p}
}

type journal struct {
	slog.Handler
	to *prefixed
}

func (j journal) Handle(ctx context.Context, r slog.Record) error {
	j.to.record.Lock()
	defer j.to.record.Unlock()
	j.to.prefix = Priority(r.Level)
	return j.Handler.Handle(ctx, r)
}

func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journal{j.Handler.WithAttrs(attrs), j.to}
}

func (j journal) WithGroup(name string) slog.Handler {
	return journal{j.Handler.WithGroup(name), j.to}
}

// prefixed puts a priority in front of each write. slog's handlers write a
// record at once.
type prefixed struct {
	record sync.Mutex // held while a record is written
	prefix string
	w      io.Writer
	line   []byte
}

func (p *prefixed) Write(b []byte) (int, error) {
	p.line = append(append(p.line[:0], p.prefix...), b...)
	n, err := p.w.Write(p.line)
	return max(0, n-len(p.prefix)), err
}

// Priority returns the prefix of a line of the given level.
func Priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}
