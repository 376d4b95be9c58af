package follow

// From the bytes of open files to batches.

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"time"
)

const (
	chunk     = 64 << 10        // bytes that are read at once
	maxWindow = maxText + 1     // bytes of which the first record is whole
	keptSpan  = 4 * chunk       // that the window keeps between turns
	maxCached = 4 << 20         // bytes of all files' partial
	maxPart   = 64 << 10        // of one file's
	zeroTurn  = int64(16 << 20) // zero bytes passed over in one turn
)

// turn reads a little from every file that may have something. more says whether there is
// more to read.
func (f *Follower) turn(now time.Time) (more bool, err error) {
	var zipped *openFile // a single file is read at a time, to save memory
	for _, x := range f.files {
		if x.zipped && x.unzip != nil {
			zipped = x
		}
	}
	for i := 0; i < len(f.files); {
		x := f.files[i]
		if x.ready && x.zipped && !x.lost {
			if zipped == nil {
				zipped = x
			} else if zipped != x {
				i++
				continue
			}
		}
		if x.ready {
			if err := f.read(now, x); err != nil {
				return false, err
			}
			more = more || x.ready
		}
		if i < len(f.files) && f.files[i] == x { // it was not closed
			i++
		}
	}
	if cap(f.window) > keptSpan && !more {
		f.window = nil
	}
	return more, nil
}

// buffer returns n bytes of the window.
func (f *Follower) buffer(n int) []byte {
	if cap(f.window) < n {
		f.window = make([]byte, max(n, chunk+tailSize))
	}
	return f.window[:n]
}

// errChanged: a file does not have the bytes any more that were read.
var errChanged = errors.New("the content of the file was replaced while it was read")

// read hands over the records in the next bytes of a file.
func (f *Follower) read(now time.Time, x *openFile) error {
	if x.skipped {
		return f.after(now, x, nil, true, false)
	}
	w, err := f.load(x)
	switch {
	case errors.Is(err, errChanged):
		f.lose(now, x)
		return nil
	case errors.Is(err, errIncomplete) && !x.final:
		x.ready, x.unzip, x.pending = false, nil, nil // its writer may go on
		return nil
	case err != nil && !x.final:
		f.trouble(now, x.path, err)
		x.ready, x.size = false, -1 // the file counts as changed at the next try
		return nil
	case err != nil:
		f.gap(x.path, "a rotated file could not be read to its end: "+err.Error(), 0)
		w.eof = true
	}
	if x.start == 0 && isForeign(w.data()) {
		f.skip(now, x)
		return f.after(now, x, nil, w.eof, false)
	}
	end := open
	switch {
	case w.eof && x.final:
		end = final
	case w.eof && x.waitedFor(now, f.cut.start != nil):
		end = idle
	}
	isStuck, err := f.cutWindow(now, x, &w, end)
	if err != nil {
		return err
	}
	if x.zipped {
		x.pending = append(x.pending[:0], w.buf[w.at-x.tail.n:]...)
	}
	return f.after(now, x, w.data(), w.eof, isStuck)
}

// waitedFor says whether a record of several lines has waited long enough for more lines.
func (x *openFile) waitedFor(now time.Time, several bool) bool {
	return several && x.complete > x.start && now.Sub(x.lineCame) >= recordWait
}

// window is a part of a file.
type window struct {
	buf []byte
	at  int  // start of new bytes; the bytes before were handed over
	eof bool // the file ends with the window, for now
}

func (w *window) data() []byte { return w.buf[w.at:] }

// cutWindow hands over the records in a window. isStuck says that there was none, and
// that the file goes on behind the window.
func (f *Follower) cutWindow(now time.Time, x *openFile, w *window, end ending) (isStuck bool, err error) {
	base := x.start - int64(w.at) // of buf in the file
	handOver := func() {
		x.start = base + int64(w.at)
		x.tail.set(w.buf[:w.at])
	}
	first := w.at
	if x.start == 0 && bytes.HasPrefix(w.data(), markUTF8) {
		w.at += len(markUTF8)
	}
	for {
		data := w.data()
		if len(data) > 0 && data[0] == 0 && !x.place.inLine {
			rest := bytes.TrimLeft(data, "\x00")
			if len(rest) == 0 && !x.zipped && end != final {
				handOver()
				if w.eof { // somebody may write there
					return false, nil
				}
				return false, f.passZeros(x, int64(len(data)))
			}
			w.at += len(data) - len(rest)
			continue
		}
		r, n, ok := f.cut.next(&x.place, data, end)
		if !ok {
			break
		}
		if f.batch != nil && f.batch.full() {
			handOver()
			if err := f.deliver(); err != nil {
				return false, err
			}
		}
		f.put(now, x, Record{
			Path: x.content.log.path, Inode: x.content.inode, Offset: base + int64(w.at), Text: r.text,
			Overlap: r.overlap, Continued: r.continued, Cut: r.cut,
		})
		w.at += n
	}
	handOver()
	return w.at == first && !w.eof, nil
}

// load returns the next bytes of a file, at most x.want, behind the tail.
func (f *Follower) load(x *openFile) (w window, err error) {
	switch {
	case x.lost:
		return window{slices.Concat(x.tail.slice(), x.partial), x.tail.n, true}, nil
	case x.zipped:
		return f.loadZipped(x)
	}
	before := x.tail.n
	buf := f.buffer(before + x.want)
	n, err := x.handle.ReadAt(buf, x.start-int64(before))
	if err != nil && !errors.Is(err, io.EOF) {
		return window{}, err
	}
	first := x.prefix[:min(len(x.prefix), x.want)] // which nobody has compared yet
	if before > 0 {
		first = nil
	}
	if n < before || !bytes.Equal(buf[:before], x.tail.slice()) || !bytes.HasPrefix(buf[:n], first) {
		return window{}, errChanged
	}
	return window{buf[:n], before, err != nil}, nil
}

// loadZipped keeps what was not handed over: a compressed file is read once.
func (f *Follower) loadZipped(x *openFile) (w window, err error) {
	if x.unzip == nil {
		if x.unzip, err = newUnzipper(x.handle); err != nil {
			return window{}, err
		}
		before := min(x.start, tailSize)
		if n, err := x.unzip.skip(x.start - before); err != nil || n < x.start-before {
			return window{}, errIncomplete
		}
		x.pending = make([]byte, before, chunk+tailSize)
		if n, err := x.unzip.read(x.pending); err != nil && n < len(x.pending) {
			return window{}, errIncomplete
		}
		x.tail.set(x.pending)
		x.place = placeAfter(x.pending, x.start)
	}
	before, have := x.tail.n, len(x.pending)
	if room := before + x.want - have; room > 0 {
		x.pending = append(x.pending, make([]byte, room)...)
		var n int
		n, err = x.unzip.read(x.pending[have:])
		x.pending = x.pending[:have+n]
	}
	return window{x.pending, before, errors.Is(err, io.EOF)}, notEOF(err)
}

// passZeros looks for the end of a hole in a file, or of a part that no program has
// written to yet. Behind it a line begins. The first n bytes from x.start on are zero.
func (f *Follower) passZeros(x *openFile, n int64) error {
	at := max(x.start+n, x.zeros)
	for limit := at + zeroTurn; at < limit; {
		next, end := afterHole(x.handle, at)
		if end {
			x.ready = false
			break
		}
		limit += next - at
		at = next
		b := f.buffer(chunk)
		n, err := x.handle.ReadAt(b, at)
		if rest := bytes.TrimLeft(b[:n], "\x00"); len(rest) > 0 {
			x.start = at + int64(n-len(rest))
			x.tail.set(x.bytesBefore(x.start))
			return nil
		}
		at += int64(n)
		if err != nil {
			x.ready = false // errors other than io.EOF come again
			break
		}
	}
	x.zeros = at
	return nil
}

// after decides how to go on with a file. rest was not handed over.
func (f *Follower) after(now time.Time, x *openFile, rest []byte, eof, isStuck bool) error {
	if x.final && eof {
		f.closeFile(x)
		return nil
	}
	x.want = chunk
	switch {
	case eof && x.zipped:
		x.final = true // and is read once more
	case eof:
		x.ready = false
	case isStuck:
		x.want = min(2*max(len(rest), chunk), maxWindow)
	}
	if complete := x.start + int64(x.place.complete); complete != x.complete {
		x.complete, x.lineCame = complete, now
	}
	f.cache(x, rest)
	return nil
}

// cache keeps the read bytes of an unfinished record, if few. Nothing else remains of the record
// when the file is truncated.
func (f *Follower) cache(x *openFile, rest []byte) {
	f.cached -= cap(x.partial)
	if len(rest) == 0 || x.ready || x.zipped || len(rest) > maxPart || f.cached+len(rest) > maxCached {
		x.partial = nil
		return
	}
	x.partial = append(x.partial[:0], rest...)
	f.cached += cap(x.partial)
}

// closeFile ends the reading of a file.
func (f *Follower) closeFile(x *openFile) {
	x.handle.Close()
	f.cache(x, nil)
	c := x.content
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = slices.DeleteFunc(f.files, func(o *openFile) bool { return o == x })
	c.file, c.ended, c.read = nil, true, x.tail.point(x.start)
	f.finishLocked(c)
	if c.done {
		f.keepLocked(c)
	}
}

// put adds a record to the batch.
func (f *Follower) put(now time.Time, x *openFile, r Record) {
	b := f.batch
	if b == nil {
		b = f.fresh()
		f.batch = b
	}
	r.Redelivered = r.Offset < x.again
	b.add(r, now)
	if n := len(b.files); n == 0 || b.files[n-1] != x {
		b.files = append(b.files, x)
	}
}
