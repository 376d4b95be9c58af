package scan

// From bytes to batches: each is filled to about the block size with whole
// lines, be they the middle of a large file or a hundred small ones.

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// reader fills batches. Used by one goroutine.
type reader struct {
	ctx   context.Context
	o     *Options
	free  <-chan *batch
	send  func(*batch) // takes a filled batch over
	batch *batch       // that is being filled; nil: none
}

// take gets a free batch with room for limit bytes. The error is the context's.
func (r *reader) take(limit int) error {
	select {
	case r.batch = <-r.free:
		r.batch.reset(limit)
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

func (r *reader) flush() {
	if r.batch != nil {
		r.send(r.batch)
		r.batch = nil
	}
}

// room makes sure that a file can begin in the batch: that what is looked at
// to tell text from binary fits.
func (r *reader) room() error {
	if b := r.batch; b != nil {
		if b.limit-len(b.buf) >= r.o.sniff && len(b.texts) < maxTexts {
			return nil
		}
		r.flush()
	}
	return r.take(r.o.BlockSize)
}

// unreadable puts a note about path in its place in the output.
func (r *reader) unreadable(path string, err error) error {
	if err := r.room(); err != nil {
		return err
	}
	r.batch.texts = append(r.batch.texts, text{file: &file{name: path}, err: err})
	return nil
}

// stream reads what may be slow: stdin or, if that is nil, path.
func (r *reader) stream(path string, stdin io.Reader) error {
	p := newPump(r.ctx, r.o.lull, path, stdin)
	defer p.stop()
	return r.file(&file{name: path}, p)
}

// cutter cuts one file into texts.
type cutter struct {
	*reader
	file    *file
	source  source
	start   int   // in the batch's buffer: the first byte that is in no text yet
	at      int64 // offset of that byte in the file
	pending bool  // something came since the last lull
	begun   bool  // what the file begins with has been looked at
	sniffed bool
	err     error // of reading; nothing comes after it
}

// file reads f to its end, or until nothing more of it is needed. Errors of
// reading go into the batch; the one returned is the context's.
func (r *reader) file(f *file, s source) error {
	if err := r.room(); err != nil {
		return err
	}
	c := &cutter{reader: r, file: f, source: s, start: len(r.batch.buf), pending: len(r.batch.texts) > 0}
	for !f.done.Load() {
		n, err := c.fill(r.batch.limit)
		c.pending = c.pending || n > 0
		switch {
		case errors.Is(err, errLull):
			err = c.pause()
		case err != nil:
			return c.end(err)
		case r.batch.full():
			err = c.cut()
		}
		if err != nil {
			return err
		}
	}
	return c.end(io.EOF)
}

// fill reads once, at most n bytes. An error but errLull stays.
func (c *cutter) fill(n int) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	b := c.batch
	n, err := c.source.read(b.space(n), c.pending)
	b.buf = b.buf[:len(b.buf)+n]
	if err != errLull {
		c.err = err
	}
	if !c.begun {
		c.beginning()
	}
	return n, err
}

var bomUTF8 = []byte("\xef\xbb\xbf")

// beginning looks for a byte order mark once enough bytes have come: that of UTF-8 is
// no part of the first line. Text in UTF-16 or UTF-32 is searched as bytes, which is an error
// that is told at the file's end.
func (c *cutter) beginning() {
	head := c.batch.buf[c.start:]
	if len(head) < len(bomUTF8) && bytes.HasPrefix(bomUTF8, head) && c.err == nil {
		return
	}
	c.begun = true
	switch {
	case bytes.HasPrefix(head, bomUTF8):
		c.batch.buf = append(c.batch.buf[:c.start], head[len(bomUTF8):]...)
		c.at += int64(len(bomUTF8))
		c.file.marked = true
	default:
		c.file.foreign = foreignEncoding(head)
	}
}

// cut makes room in a full batch: its whole lines go, what is left of the last
// one is carried over. A line that does not fit becomes a longer block, or
// goes in pieces.
func (c *cutter) cut() error {
	b := c.batch
	switch end := bytes.LastIndexByte(b.buf[c.start:], '\n') + 1; {
	case end > 0:
		c.add(text{data: b.buf[c.start : c.start+end]})
		return c.turn(c.start)
	case c.start > 0 || len(b.texts) > 0: // only other files' texts: they go
		return c.turn(c.start)
	case b.limit <= c.o.longLine:
		b.grow(c.o.longLine + 1)
		return nil
	}
	return c.longLine()
}

// pause sends what there is: a stream has nothing more at the moment.
func (c *cutter) pause() error {
	c.pending = false
	b := c.batch
	if end := bytes.LastIndexByte(b.buf[c.start:], '\n') + 1; end > 0 {
		c.add(text{data: b.buf[c.start : c.start+end]})
	}
	if len(b.texts) == 0 {
		return nil
	}
	return c.turn(c.start)
}

// end adds what is left of the file. err is io.EOF or says why it ends early.
func (c *cutter) end(err error) error {
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if c.file.done.Load() { // what was read on the way here is not needed
		c.batch.buf = c.batch.buf[:c.start]
	}
	c.add(text{data: c.batch.buf[c.start:], last: true, err: err})
	return nil
}

// add puts t, which begins at start, into the batch.
func (c *cutter) add(t text) {
	c.sniff()
	t.file, t.at = c.file, c.at
	c.batch.texts = append(c.batch.texts, t)
	c.start += len(t.data)
	c.at += int64(len(t.data))
}

// sniff decides, when the first text of a file is ready, whether it is binary.
func (c *cutter) sniff() {
	if !c.sniffed {
		head := c.batch.buf[c.start:]
		c.file.binary = !c.o.Text && bytes.IndexByte(head[:min(len(head), c.o.sniff)], 0) >= 0
		c.sniffed = true
	}
}

// turn sends the batch and goes on in a new one with the bytes from carry on.
func (c *cutter) turn(carry int) error {
	old := c.batch
	rest := old.buf[carry:]
	if err := c.take(max(c.o.BlockSize, len(rest)+1)); err != nil {
		return err
	}
	c.batch.buf = append(c.batch.buf, rest...)
	c.start = 0
	c.send(old)
	return nil
}
