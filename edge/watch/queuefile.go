package watch

// The file of a queue, so that a crash loses no event: on a tmpfs, where writing costs
// microseconds and no card is worn.
//
//	0   magic, 8 bytes
//	8   1 after a stop in good order, 0 while in use and after a kill
//	16  head A: number, offset of the first event, CRC-32 of both
//	40  head B, alike; the valid head with the higher number counts
//	64  events: length, CRC-32, JSON; a damaged event ends the list
//
// A kill leaves the old head or the new head.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"trawl/edge/files"
)

const (
	queueMagic = "trawlq1\n"
	stoppedAt  = 8
	headsAt    = 16
	headSize   = 24
	eventsAt   = 64
	frameSize  = 8 // length and CRC of an event
	// emptied is the size from which a file without events is truncated, and dead
	// the bytes of removed events from which a file is compacted.
	emptied = 256 << 10
	dead    = 4 << 20
	// maxQueueFile bounds reading: JSON takes up to six times the memory of an event.
	maxQueueFile = 64 << 20
)

// queueFile is guarded by the lock of its queue.
type queueFile struct {
	path    string
	f       *os.File
	head    int64 // offset of the first event
	end     int64 // offset behind the last event in the file
	number  uint64
	pending []byte // events to be written at end
}

// keptEvents are events that an earlier process has left in a file.
type keptEvents struct {
	events []*Event
	killed bool // the process may have been killed, and the sink may have the first events
}

// openQueueFile returns the events in the file at path, and a new file for the same
// place, to which the caller adds the events again before settle. A file of another kind is
// overwritten.
func openQueueFile(path string) (*queueFile, keptEvents, error) {
	kept, err := readQueueFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, kept, err
	}
	f, err := newQueueFile(path)
	if err != nil {
		return nil, kept, err
	}
	return &queueFile{path: path, f: f, head: eventsAt, end: eventsAt}, kept, nil
}

// settle puts a new file in the place of the old file, which counts until then.
func (q *queueFile) settle() error {
	if err := errors.Join(q.flush(), q.commit()); err != nil {
		return err
	}
	return os.Rename(q.f.Name(), q.path)
}

// newQueueFile makes the file beside path that settle will rename to path.
func newQueueFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt([]byte(queueMagic), 0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// readQueueFile returns the events in the file at path, up to a damaged event.
func readQueueFile(path string) (kept keptEvents, err error) {
	data, err := files.Read(path, maxQueueFile)
	if err != nil {
		return kept, err
	}
	if len(data) < eventsAt || string(data[:len(queueMagic)]) != queueMagic {
		return kept, nil
	}
	kept.killed = data[stoppedAt] != 1
	at, _ := readHead(data)
	for at >= eventsAt && at+frameSize <= int64(len(data)) {
		size := int64(binary.LittleEndian.Uint32(data[at:]))
		sum := binary.LittleEndian.Uint32(data[at+4:])
		if size > int64(len(data))-at-frameSize {
			break
		}
		body := data[at+frameSize : at+frameSize+size]
		if crc32.ChecksumIEEE(body) != sum {
			break
		}
		e, err := parseEvent(body)
		if err != nil {
			break
		}
		kept.events = append(kept.events, e)
		at += frameSize + size
	}
	return kept, nil
}

// readHead returns the head with the higher number.
func readHead(data []byte) (offset int64, number uint64) {
	for i := range 2 {
		h := data[headsAt+i*headSize:][:headSize]
		if crc32.ChecksumIEEE(h[:16]) != binary.LittleEndian.Uint32(h[16:]) {
			continue
		}
		if n := binary.LittleEndian.Uint64(h); n > number {
			number, offset = n, int64(binary.LittleEndian.Uint64(h[8:]))
		}
	}
	return offset, number
}

// add appends e to the bytes for flush, and returns the size of e in the file.
func (q *queueFile) add(e *Event, line bool) int64 {
	start := len(q.pending)
	q.pending = append(q.pending, make([]byte, frameSize)...)
	q.pending = e.AppendJSON(q.pending, line)
	body := q.pending[start+frameSize:]
	binary.LittleEndian.PutUint32(q.pending[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(q.pending[start+4:], crc32.ChecksumIEEE(body))
	return int64(len(q.pending) - start)
}

// flush writes added events.
func (q *queueFile) flush() error {
	if len(q.pending) == 0 {
		return nil
	}
	_, err := q.f.WriteAt(q.pending, q.end)
	q.end += int64(len(q.pending))
	if cap(q.pending) > 1<<20 {
		q.pending = nil
	}
	q.pending = q.pending[:0]
	return err
}

// skip moves the head behind the next n bytes of events; empty says that none is left.
func (q *queueFile) skip(n int64, empty bool) error {
	if err := q.flush(); err != nil {
		return err
	}
	q.head += n
	switch {
	case empty && q.end > emptied:
		// A head behind the file's end means: no events.
		if err := q.f.Truncate(eventsAt); err != nil {
			return err
		}
		q.head, q.end = eventsAt, eventsAt
	case q.head > dead:
		return q.compact()
	}
	return q.commit()
}

// commit stores the head.
func (q *queueFile) commit() error {
	q.number++
	var h [headSize]byte
	binary.LittleEndian.PutUint64(h[:], q.number)
	binary.LittleEndian.PutUint64(h[8:], uint64(q.head))
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h[:16]))
	_, err := q.f.WriteAt(h[:], headsAt+int64(q.number%2)*headSize)
	return err
}

// compact copies the events into a new file.
func (q *queueFile) compact() error {
	f, err := newQueueFile(q.path)
	if err != nil {
		return err
	}
	old, size := q.f, q.end-q.head
	_, err = io.Copy(io.NewOffsetWriter(f, eventsAt), io.NewSectionReader(old, q.head, size))
	q.f, q.head, q.end = f, eventsAt, eventsAt+size
	err = errors.Join(err, q.commit())
	if err == nil {
		err = os.Rename(f.Name(), q.path)
	}
	return errors.Join(err, old.Close())
}

// stop marks the end in good order and closes the file.
func (q *queueFile) stop() error {
	_, err := q.f.WriteAt([]byte{1}, stoppedAt)
	return errors.Join(err, q.f.Close())
}

func (q *queueFile) close() { _ = q.f.Close() }

// remove closes and removes the file, which is not to be trusted any more.
func (q *queueFile) remove() {
	q.close()
	_ = os.Remove(q.path)
}

// saveEvents writes events to the file at path, whole or not at all; without events the
// file is removed.
func saveEvents(path string, events []*Event, line bool) error {
	if len(events) == 0 {
		return removeFile(path)
	}
	q := queueFile{head: eventsAt, number: 1}
	for _, e := range events {
		q.add(e, line)
	}
	data := make([]byte, eventsAt, eventsAt+len(q.pending))
	copy(data, queueMagic)
	data[stoppedAt] = 1
	h := data[headsAt:]
	binary.LittleEndian.PutUint64(h, q.number)
	binary.LittleEndian.PutUint64(h[8:], uint64(q.head))
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h[:16]))
	return writeFile(path, append(data, q.pending...))
}

// writeFile replaces the file at path.
func writeFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o600, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(path), err)
	}
	return nil
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
