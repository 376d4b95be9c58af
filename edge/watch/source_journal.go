package watch

// The source journal, by a child journalctl: the only way without C that every version
// of systemd has.

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"trawl/edge/escape"
)

// JournalOptions choose entries; empty fields let all through.
type JournalOptions struct {
	Units, Identifiers []string
	Priority           string // as of journalctl -p
	// FromBeginning: without a kept cursor the journal is read from the beginning, not
	// from the end.
	FromBeginning bool
	// Cell keeps the cursor; nil: nothing is kept.
	Cell Cell
	Log  *slog.Logger

	program string // journalctl, but in tests
}

// Cell keeps a small value over restarts; see follow.Cell.
type Cell interface {
	Load() []byte
	Store([]byte) error
}

// Journal is the source journal.
type Journal struct {
	health
	o      JournalOptions
	filter string // hash of the choice: a cursor is found again only with an equal choice
	start  time.Time
}

// NewJournal looks for journalctl.
func NewJournal(o JournalOptions) (*Journal, error) {
	if o.program == "" {
		o.program = "journalctl"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	path, err := exec.LookPath(o.program)
	if err != nil {
		return nil, fmt.Errorf("the journal is read by journalctl, which is not here: install the package systemd, or read /var/log/syslog as a file (%w)", err)
	}
	o.program = path
	j := &Journal{o: o}
	sum := sha256.Sum256([]byte(strings.Join(j.choice(), "\x00")))
	j.filter = hex.EncodeToString(sum[:6])
	return j, nil
}

// choice are the arguments of journalctl that choose entries.
func (j *Journal) choice() (args []string) {
	for _, u := range j.o.Units {
		args = append(args, "--unit="+u)
	}
	for _, id := range j.o.Identifiers {
		args = append(args, "--identifier="+id)
	}
	if j.o.Priority != "" {
		args = append(args, "--priority="+j.o.Priority)
	}
	return args
}

const (
	journalBatch = 64
	journalPause = time.Second // before journalctl is started again
	// maxEntry bounds a message, in bytes. A longer message is cut.
	maxEntry = 1 << 20
	// maxCursor bounds a cursor, in bytes; 140 are usual.
	maxCursor = 300
	// journalFields are the wanted fields; journalctl adds cursor and times.
	journalFields = "MESSAGE,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER,_PID,PRIORITY,_HOSTNAME"
)

// load returns the kept cursor. Again says that the process that stored the cursor was
// killed, so that entries behind the cursor may have been told.
func (j *Journal) load() (cursor string, again bool) {
	if j.o.Cell == nil {
		return "", false
	}
	fields := strings.Fields(string(j.o.Cell.Load()))
	if len(fields) != 3 || fields[1] != j.filter {
		return "", false
	}
	return fields[2], fields[0] != stopped
}

// States of a kept cursor.
const (
	running = "running"
	stopped = "stopped"
)

func (j *Journal) store(cursor, state string) {
	if j.o.Cell == nil || cursor == "" {
		return
	}
	if err := j.o.Cell.Store([]byte(state + " " + j.filter + " " + cursor)); err != nil && j.set("the place in the journal cannot be kept: "+err.Error()) {
		j.o.Log.Warn("the place in the journal cannot be kept", "error", err)
	}
}

// reading is the state of a Run.
type reading struct {
	*Journal
	cursor string // of the last read entry
	again  bool   // entries from before the start may have been told before
	first  bool   // the next entry is the first of a child
	stored string // cursor of the last acknowledged entry
}

// Run hands over entries until ctx ends.
func (j *Journal) Run(ctx context.Context, take func(*Batch) error) error {
	j.start = time.Now()
	r := &reading{Journal: j}
	r.cursor, r.again = j.load()
	r.stored = r.cursor
	if j.o.Cell != nil && r.cursor == "" && len(j.o.Cell.Load()) > 0 {
		j.o.Log.Warn("the journal is read from its end: other entries are chosen now than before")
	}
	for {
		err := r.child(ctx, take)
		if ctx.Err() != nil {
			r.store(r.stored, stopped)
			return nil
		}
		var taken *takeError
		if errors.As(err, &taken) {
			return taken.err
		}
		if err == nil {
			err = errors.New("journalctl has ended")
		}
		if j.set(err.Error()) {
			j.o.Log.Warn("the journal is read again in a moment", "error", err)
		}
		select {
		case <-time.After(journalPause):
		case <-ctx.Done():
		}
	}
}

// takeError is an error of take, which ends Run.
type takeError struct{ err error }

func (e *takeError) Error() string { return e.err.Error() }

// child runs journalctl once and hands over the entries.
func (r *reading) child(ctx context.Context, take func(*Batch) error) error {
	args := append([]string{"--output=export", "--output-fields=" + journalFields, "--follow", "--quiet"}, r.choice()...)
	switch {
	case r.cursor != "":
		// --after-cursor shows the last ten entries only.
		args = append(args, "--no-tail", "--cursor="+r.cursor)
	case r.o.FromBeginning:
		args = append(args, "--no-tail")
	default:
		// The last entry there is gives the cursor to begin behind.
		args = append(args, "--lines=1")
	}
	r.first = true
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.o.program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	said := &beginning{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = r.entries(bufio.NewReaderSize(out, 32<<10), take)
	cancel()
	waited := cmd.Wait()
	var taken *takeError
	switch {
	case errors.As(err, &taken):
		return err
	case len(said.b) > 0:
		return fmt.Errorf("journalctl: %s", escape.Cut(bytes.TrimSpace(said.b), execOutput))
	case err == io.EOF:
		return waited
	}
	return err
}

// entries reads entries to the end of the stream.
func (r *reading) entries(in *bufio.Reader, take func(*Batch) error) error {
	for {
		b := &Batch{}
		last := ""
		for len(b.Records) < journalBatch {
			e, err := readEntry(in)
			if err != nil {
				return err
			}
			record, show := r.record(e)
			last = r.cursor
			if show {
				b.Records = append(b.Records, record)
			}
			if in.Buffered() == 0 {
				break
			}
		}
		if len(b.Records) == 0 {
			r.ack(last)
			continue
		}
		b.Ack = func() { r.ack(last) }
		if err := take(b); err != nil {
			return &takeError{err}
		}
	}
}

// ack stores the cursor of an acknowledged entry.
func (r *reading) ack(cursor string) {
	r.stored = cursor
	r.store(cursor, running)
	r.set("")
}

// record makes a record of an entry. Show is false for the entry of the kept cursor.
func (r *reading) record(e *entry) (record Record, show bool) {
	first, from := r.first, r.cursor
	r.first, r.cursor = false, e.cursor
	before := e.time.Before(r.start)
	if first {
		switch {
		case from == e.cursor && from != "":
			return record, false // told by the process before, or by the child before
		case from != "":
			r.lost.Add(1)
			r.o.Log.Warn("the journal has been cut: entries that were not read yet are gone")
		case !r.o.FromBeginning && before:
			return record, false
		}
	}
	labels := make(map[string]string, 6)
	setLabel(labels, "unit", e.fields["_SYSTEMD_UNIT"])
	setLabel(labels, "app", e.fields["SYSLOG_IDENTIFIER"])
	setLabel(labels, "pid", e.fields["_PID"])
	setLabel(labels, "host", e.fields["_HOSTNAME"])
	if n, err := strconv.Atoi(e.fields["PRIORITY"]); err == nil && n >= 0 && n < len(syslogSeverities) {
		labels["priority"] = syslogSeverities[n]
	}
	return Record{
		Text: e.message, Time: e.time, Place: e.cursor, Labels: labels, Cut: e.cut,
		Redelivered: r.again && before,
	}, true
}

// entry is an entry of the journal.
type entry struct {
	cursor  string
	time    time.Time
	message []byte
	cut     bool
	fields  map[string]string
}

var errEntry = errors.New("journalctl writes what is no export format")

// readEntry reads an entry in the export format of systemd: lines KEY=VALUE, or KEY, a
// length of 8 bytes and as much data, up to an empty line.
func readEntry(in *bufio.Reader) (*entry, error) {
	e := &entry{fields: make(map[string]string, 6)}
	for some := false; ; {
		key, rest, err := readKey(in)
		switch {
		case err != nil:
			return nil, err
		case key == "" && !some:
			continue // empty lines before an entry
		case key == "":
			if e.cursor == "" {
				return nil, fmt.Errorf("%w: an entry without a cursor", errEntry)
			}
			return e, nil
		}
		some = true
		var value []byte
		var cut bool
		most := maxLabel
		switch key {
		case "MESSAGE":
			most = maxEntry
		case "__CURSOR":
			most = maxCursor
		}
		if rest == '=' {
			value, cut, err = readLine(in, most)
		} else {
			value, cut, err = readBinary(in, most)
		}
		if err != nil {
			return nil, err
		}
		e.set(key, value, cut)
	}
}

func (e *entry) set(key string, value []byte, cut bool) {
	switch key {
	case "__CURSOR":
		if !cut && len(value) > 0 && bytes.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) < 0 {
			e.cursor = string(value)
		}
	case "__REALTIME_TIMESTAMP":
		if us, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			e.time = time.UnixMicro(us)
		}
	case "MESSAGE":
		e.message, e.cut = value, cut
	default:
		if strings.Contains(journalFields, key) {
			e.fields[key] = string(value)
		}
	}
}

// readKey reads the name of a field and the byte behind the name, '=' or a line feed.
func readKey(in *bufio.Reader) (key string, end byte, err error) {
	var b []byte
	for {
		c, err := in.ReadByte()
		if err != nil {
			return "", 0, err
		}
		if c == '=' || c == '\n' {
			return string(b), c, nil
		}
		if len(b) >= 64 { // systemd allows no longer name
			return "", 0, fmt.Errorf("%w: a field's name over 64 bytes", errEntry)
		}
		b = append(b, c)
	}
}

// readLine reads to a line feed and keeps at most most bytes.
func readLine(in *bufio.Reader, most int) (value []byte, cut bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, false, err
		}
		data := bytes.TrimSuffix(part, []byte{'\n'})
		room := most - len(value)
		value = append(value, data[:min(len(data), room)]...)
		cut = cut || len(data) > room
		if err == nil {
			return value, cut, nil
		}
	}
}

// readBinary reads a length and as much data, and keeps at most most bytes.
func readBinary(in *bufio.Reader, most int) (value []byte, cut bool, err error) {
	var size uint64
	for i := range 8 {
		c, err := in.ReadByte()
		if err != nil {
			return nil, false, err
		}
		size |= uint64(c) << (8 * i)
	}
	if size > 1<<40 {
		return nil, false, fmt.Errorf("%w: a field of %d bytes", errEntry, size)
	}
	kept := min(size, uint64(most))
	var b bytes.Buffer // grows with the data that arrives
	if _, err := io.CopyN(&b, in, int64(kept)); err != nil {
		return nil, false, err
	}
	if _, err := io.CopyN(io.Discard, in, int64(size-kept)); err != nil {
		return nil, false, err
	}
	if c, err := in.ReadByte(); err != nil || c != '\n' {
		return nil, false, fmt.Errorf("%w: no line feed behind a field", errEntry)
	}
	return b.Bytes(), kept < size, nil
}

// Close does nothing: the child has ended with Run.
func (j *Journal) Close() error { return nil }
