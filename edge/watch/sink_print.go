package watch

// The sinks stdout and file: text like that of `trawl scan`, or JSON lines,
// there and in a file.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"trawl/edge/escape"
)

// PrintOptions say how a Printer writes. The zero value is for a pipe.
type PrintOptions struct {
	JSON     bool // an object for each event; else a line for each record
	Line     bool // JSON objects have the whole record
	Names    bool // lines begin with the file or source
	Color    bool
	Terminal bool // control characters are escaped
}

// ErrReaderGone says that the reader of a pipe at standard output has ended.
var ErrReaderGone = errors.New("the reader of the standard output has gone")

// Printer writes events to a stream.
type Printer struct {
	w    io.Writer
	o    PrintOptions
	buf  []byte
	gone func()
}

// NewPrinter returns a sink that writes to w. Gone is called once when the reader of a
// pipe has gone.
func NewPrinter(w io.Writer, o PrintOptions, gone func()) *Printer {
	return &Printer{w: w, o: o, gone: gone}
}

// Send writes all events at once. A failed write is tried again with all events.
func (p *Printer) Send(_ context.Context, events []*Event) (int, error) {
	p.buf = p.buf[:0]
	for i := 0; i < len(events); {
		if p.o.JSON {
			p.buf = append(events[i].AppendJSON(p.buf, p.o.Line), '\n')
			i++
			continue
		}
		n := sameRecord(events[i:])
		p.buf = p.appendRecord(p.buf, events[i:i+n])
		i += n
	}
	_, err := p.w.Write(p.buf)
	if cap(p.buf) > 1<<20 {
		p.buf = nil
	}
	if errors.Is(err, syscall.EPIPE) {
		if p.gone != nil {
			p.gone()
			p.gone = nil
		}
		return 0, ErrReaderGone
	}
	if err != nil {
		return 0, fmt.Errorf("cannot write the output: %w", err)
	}
	return len(events), nil
}

// sameRecord returns how many of events, from the first on, are of one record. A summary
// stands alone.
func sameRecord(events []*Event) int {
	n := 1
	for n < len(events) && events[n].record == events[0].record && events[n].record != 0 && events[n].Count == 0 && events[0].Count == 0 {
		n++
	}
	return n
}

const (
	colorName = "\x1b[35m"
	colorRule = "\x1b[1;31m"
	colorOff  = "\x1b[m"
)

// appendRecord appends "[name: ]rule[,rule…]: line".
func (p *Printer) appendRecord(b []byte, events []*Event) []byte {
	e := events[0]
	if p.o.Names {
		name := e.Labels["path"]
		if name == "" {
			name = e.Source
		}
		b = p.colored(b, colorName, escape.Line(name))
		b = append(b, ": "...)
	}
	for i, other := range events {
		if repeats(events[:i], other.Rule) {
			continue
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = p.colored(b, colorRule, escape.Line(other.Rule))
	}
	b = append(b, ": "...)
	line := e.Line
	if len(line) == 0 { // a summary without room for the line
		line = []byte(e.Message)
	}
	for i := 0; ; i++ {
		part, rest, more := bytes.Cut(line, []byte{'\n'})
		if p.o.Terminal {
			b = escape.Text(b, bytes.TrimSuffix(part, []byte{'\r'}))
		} else {
			b = append(b, part...)
		}
		if !more {
			break
		}
		b = append(b, '\n')
		line = rest
	}
	if e.Cut {
		b = append(b, "…"...)
	}
	b = appendSuppressed(b, e)
	return append(b, '\n')
}

func repeats(events []*Event, rule string) bool {
	for _, e := range events {
		if e.Rule == rule {
			return true
		}
	}
	return false
}

// appendSuppressed appends how many further events a summary stands for.
func appendSuppressed(b []byte, e *Event) []byte {
	if e.Suppressed <= 1 {
		return b
	}
	return fmt.Appendf(b, " (and %d more like it)", e.Suppressed-1)
}

func (p *Printer) colored(b []byte, color, s string) []byte {
	if !p.o.Color {
		return append(b, s...)
	}
	b = append(b, color...)
	return append(append(b, s...), colorOff...)
}

// Preview is the line for e.
func (p *Printer) Preview(e *Event) string {
	if p.o.JSON {
		return string(e.AppendJSON(nil, p.o.Line))
	}
	return string(bytes.TrimSuffix(p.appendRecord(nil, []*Event{e}), []byte{'\n'}))
}

// Close does nothing: the stream belongs to the caller of NewPrinter.
func (p *Printer) Close() error { return nil }

// JSONFile appends events to a file as JSON lines. The file is made again after somebody
// has moved the file away.
type JSONFile struct {
	path string
	line bool
	f    *os.File
	buf  []byte
}

// NewJSONFile returns a sink for the file at path; line: with whole records.
func NewJSONFile(path string, line bool) *JSONFile { return &JSONFile{path: path, line: line} }

// Send writes all events at once, or none.
func (j *JSONFile) Send(_ context.Context, events []*Event) (int, error) {
	if err := j.open(); err != nil {
		return 0, err
	}
	j.buf = j.buf[:0]
	for _, e := range events {
		j.buf = append(e.AppendJSON(j.buf, j.line), '\n')
	}
	before, err := j.f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if n, err := j.f.Write(j.buf); err != nil {
		if n > 0 { // half a line would spoil the next line
			err = errors.Join(err, j.f.Truncate(before))
		}
		return 0, err
	}
	if cap(j.buf) > 1<<20 {
		j.buf = nil
	}
	return len(events), nil
}

// open opens the file, and again after a rotation.
func (j *JSONFile) open() error {
	if j.f != nil {
		named, err := os.Stat(j.path)
		if err == nil {
			if ours, err := j.f.Stat(); err == nil && os.SameFile(named, ours) {
				return nil
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = j.f.Close()
		j.f = nil
	}
	// Without O_NONBLOCK a named pipe would be waited for.
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return errors.Join(err, &fs.PathError{Op: "open", Path: j.path, Err: errors.New("not a regular file: name one, or a path where none is")})
	}
	j.f = f
	return nil
}

// Preview names the file and shows the line.
func (j *JSONFile) Preview(e *Event) string {
	return j.path + ": " + string(e.AppendJSON(nil, j.line))
}

// Close closes the file.
func (j *JSONFile) Close() error {
	if j.f == nil {
		return nil
	}
	return j.f.Close()
}
