package scan

// A batch: what goes to the broker as one request, with the memory it lies in.

import (
	"bytes"
	"context"

	"trawl/edge/client"
	"trawl/edge/wire"
)

// text is one text of a request: whole lines of a file or, with piece set, a
// part of one line. Without data it is not sent, and stands for the end of a
// file or for an error.
type text struct {
	file  *file
	data  []byte // in the batch's buffer
	at    int64  // offset of data in the file
	lines int64  // newlines in data; set when it is asked
	piece *piece
	last  bool  // nothing of this file follows
	err   error // the file cannot be read, or no further
}

// batch is used by one goroutine after the other: it is filled, asked,
// printed, and filled again.
type batch struct {
	buf    []byte
	limit  int // how far buf may be filled; its capacity is that or more
	texts  []text
	pieces bool // the texts are pieces, not lines

	answered chan struct{} // of one; then answer and err are set
	answer   *client.Answer
	err      error
}

// maxTexts is how many texts go in one request. Brokers allow 65,536 by
// default; more than this gains nothing.
const maxTexts = 1024

func newBatch() *batch { return &batch{answered: make(chan struct{}, 1)} }

// reset empties b and makes room for limit bytes.
func (b *batch) reset(limit int) {
	clear(b.texts) // holds files and slices of the buffer
	b.texts, b.pieces, b.answer, b.err = b.texts[:0], false, nil, nil
	b.buf = b.buf[:0]
	b.grow(limit)
}

// grow moves the limit; the texts must not have data yet if that needs memory.
func (b *batch) grow(limit int) {
	b.limit = limit
	if cap(b.buf) < limit {
		b.buf = append(make([]byte, 0, limit), b.buf...)
	}
}

// space is where the next bytes go, at most n of them.
func (b *batch) space(n int) []byte {
	return b.buf[len(b.buf):min(b.limit, len(b.buf)+n)]
}

func (b *batch) full() bool { return len(b.buf) == b.limit }

// position is a place in a batch: everything before it is dealt with.
type position struct {
	text   int
	offset int // in the text's data
}

// request asks for everything from the position on; nil if that is nothing.
func (b *batch) request(o *Options, from position) *client.Request {
	r := &client.Request{Header: wire.NewRequestHeader(), Retry: true}
	h := &r.Header
	h.Rules, h.Deadline, h.Want, h.Limit = o.Rules, o.Timeout, o.want(), 0
	if o.Mode == Mask {
		if h.Mask = o.Mask; b.pieces {
			return nil // a line that goes in pieces is not masked: it is hidden
		}
	}
	h.Lines, h.Format = !b.pieces, wire.FormatPacked
	if o.Fields != 0 {
		h.Format, h.Fields = wire.FormatJSON, o.Fields
	}
	if b.pieces {
		h.Want = wantPiece
	}
	for _, t := range b.texts[from.text:] {
		if data := t.data[from.offset:]; len(data) > 0 {
			r.Texts = append(r.Texts, data)
		}
		from.offset = 0
	}
	if len(r.Texts) == 0 {
		return nil
	}
	return r
}

// ask gets the answer to all of b and, while the data is at hand, counts
// its lines.
func (b *batch) ask(ctx context.Context, asker Asker, o *Options) {
	for i := range b.texts {
		t := &b.texts[i]
		t.lines = int64(bytes.Count(t.data, newline))
	}
	if r := b.request(o, position{}); r != nil {
		b.answer, b.err = asker.Do(ctx, r)
	}
	b.answered <- struct{}{}
}

// name is that of the first file with data in b.
func (b *batch) name() string {
	for _, t := range b.texts {
		if len(t.data) > 0 {
			return t.file.name
		}
	}
	return ""
}

// release gives back the memory of the answer.
func (b *batch) release() {
	if b.answer != nil {
		b.answer.Release()
		b.answer = nil
	}
}

var newline = []byte{'\n'}
