package zmtp

// Reading messages off a byte stream within limits. Memory for a frame grows only as the bytes
// really arrive.

import (
	"fmt"
	"io"
	"sync/atomic"
)

const (
	// readBuffer is the size of a read buffer, in bytes: room for a few dozen
	// small messages per system call.
	readBuffer = 16 << 10

	// burstBuffer is the size in bytes of the larger buffer in use while every read fills the
	// buffer.
	burstBuffer = 64 << 10

	// readStep is how much memory a frame gets on the word of the header alone, in bytes; less if
	// there are many connections. From there the memory doubles as bytes arrive.
	readStep = 64 << 10

	// commandView is how much of a command is looked at, in bytes. Longer ones
	// can only be unknown; they are skipped.
	commandView = 512
)

// reader cuts a stream into messages and commands. It is for a single goroutine.
//
// The read buffer is pooled: a reader that waits for the stream keeps only the memory of unused
// bytes, mostly none.
type reader struct {
	src    io.Reader
	lazy   lazySource // src, if it can wait without a buffer; else nil
	pooled *buffer    // nil while there is no read buffer
	buf    []byte     // all of pooled
	r, w   int        // buf[r:w] is read from src and not yet used
	need   int        // how many bytes fill waits for
	full   bool       // the latest read filled the buffer
	size   int        // readBuffer, but in tests

	maxFrame, maxMessage, maxCommand uint64
	mostFrame                        uint64 // maxFrame without SetMaxMessage
	maxFrames                        int
	keep                             uint64 // of a message; 0: all

	budget  *Budget
	counted int64         // what the budget was told of the message in progress
	arrived atomic.Int64  // how many of the counted bytes are there, if reading had to wait
	number  atomic.Uint64 // of messages that had to be waited for
	opened  int64         // the part of counted for encrypted frames

	// command is called with the (start of the) body of each command between
	// frames. Its error ends the reading.
	command func(body []byte) error

	sealed sealedReader // in use if it has an opener
}

func newReader(src io.Reader, o *Options, command func([]byte) error) *reader {
	lazy, _ := src.(lazySource)
	return &reader{
		src:        src,
		lazy:       lazy,
		size:       readBuffer,
		maxFrame:   uint64(min(o.MaxFrame, o.MaxMessage)),
		mostFrame:  uint64(o.MaxFrame),
		maxMessage: uint64(o.MaxMessage),
		maxCommand: uint64(o.MaxHandshake),
		maxFrames:  o.MaxFrames,
		keep:       uint64(o.KeepMessage),
		budget:     o.Budget,
		command:    command,
	}
}

// message returns the next message, which the caller owns. At the end of the
// stream the error is io.EOF between and io.ErrUnexpectedEOF within messages.
func (r *reader) message() (Message, error) {
	defer r.count(0, 0)
	if r.sealed.opener != nil {
		return r.sealedMessage()
	}
	var m Message
	for {
		more, err := r.next(&m)
		if err != nil {
			m.Release()
			if m.frames > 0 {
				err = unexpectedEOF(err)
			}
			return Message{}, err
		}
		if !more {
			return m, nil
		}
	}
}

// next reads a single command, or a single frame into m. It reports whether m needs more.
func (r *reader) next(m *Message) (more bool, err error) {
	r.countBetweenFrames(m)
	h, err := r.header()
	if err != nil {
		return false, err
	}
	if h.command() {
		return true, r.readCommand(h)
	}
	if err := r.checkLimits(h, m); err != nil {
		return false, err
	}
	if r.tooLong(h, m) {
		return h.more(), r.skipFrame(h, m)
	}
	if m.buf == nil {
		m.buf = newBuffer(min(h.size+int(h.len), r.budget.step()))
		m.buf.charge(r.budget)
	}
	return h.more(), r.readFrame(h, m)
}

// countBetweenFrames is count for m, of which frames are still to come, if they have to
// be waited for.
func (r *reader) countBetweenFrames(m *Message) {
	if r.r == r.w && m.buf != nil {
		r.count(int64(cap(m.buf.b)), len(m.buf.b))
	}
}

// header returns the next header without using it up.
func (r *reader) header() (header, error) {
	if err := r.fill(shortHeader); err != nil {
		return header{}, err
	}
	if err := r.fill(headerSize(r.buf[r.r])); err != nil {
		return header{}, unexpectedEOF(err)
	}
	h, _ := decodeHeader(r.buf[r.r:r.w])
	return h, h.check()
}

// checkLimits holds the frame under h, to come next in m, against the limits.
func (r *reader) checkLimits(h header, m *Message) error {
	switch {
	case h.len > r.maxFrame:
		return protocolError(fmt.Sprintf("frame of %d bytes; at most %d are allowed", h.len, r.maxFrame))
	case uint64(m.Size()+h.size)+uint64(m.Truncated())+h.len > r.maxMessage:
		return protocolError(fmt.Sprintf("message of more than %d bytes", r.maxMessage))
	case m.frames == r.maxFrames:
		return protocolError(fmt.Sprintf("message of more than %d frames", r.maxFrames))
	}
	return nil
}

// readFrame moves the frame under h, header and body, from the stream to m. If
// there is no memory for it, it is thrown away and m is cut.
func (r *reader) readFrame(h header, m *Message) error {
	before := len(m.buf.b)
	for left := h.size + int(h.len); left > 0; {
		b := m.buf
		if len(b.b) == cap(b.b) {
			room := min(left, max(r.budget.step(), len(b.b)))
			if !r.budget.allows(r.opened+int64(len(b.b)+room), r.counted, int64(room)) {
				return r.noRoom(h, m, before, left)
			}
			if size := len(b.b) + room; size > bufferClasses[len(bufferClasses)-1] {
				r.budget.collect(size)
			}
			b = b.grow(room)
			b.charge(r.budget)
			m.buf = b
		}
		if r.r == r.w { // it may have to wait
			r.count(r.opened+int64(cap(b.b)), int(r.opened)+len(b.b))
		}
		n, err := r.read(b.b[len(b.b):min(cap(b.b), len(b.b)+left)])
		b.b = b.b[:len(b.b)+n]
		left -= n
		if err != nil {
			return unexpectedEOF(err)
		}
	}
	m.frames++
	return nil
}

// noRoom throws the frame under h away, of which left bytes are to come and which
// starts before bytes into m: m is cut.
func (r *reader) noRoom(h header, m *Message, before, left int) error {
	if r.sealed.opener != nil {
		return r.skipSealed(h, m)
	}
	arrived := len(m.buf.b)
	r.truncate(m, before, h.size+int(h.len))
	r.count(int64(cap(m.buf.b)), arrived)
	return r.skipBody(left)
}

// readCommand uses up the command under h.
func (r *reader) readCommand(h header) error {
	if h.len > r.maxCommand {
		return protocolError(fmt.Sprintf("command of %d bytes; at most %d are allowed", h.len, r.maxCommand))
	}
	r.r += h.size
	left := int(h.len)
	view := min(left, commandView)
	if err := r.fill(view); err != nil {
		return unexpectedEOF(err)
	}
	if err := r.command(r.buf[r.r : r.r+view]); err != nil {
		return err
	}
	return r.skip(left)
}

// complete reports whether message will return without reading from src.
func (r *reader) complete() bool {
	if r.sealed.opener != nil {
		return r.sealedComplete()
	}
	for rest := r.buf[r.r:r.w]; ; {
		h, ok := decodeHeader(rest)
		if !ok {
			return false
		}
		if h.check() != nil {
			return true
		}
		if h.len > uint64(len(rest)-h.size) {
			return false
		}
		if !h.command() && !h.more() {
			return true
		}
		rest = rest[h.size+int(h.len):]
	}
}

// fill makes sure that n bytes are buffered; n is at most half of readBuffer. At the end of the
// stream the error is io.EOF if no byte is buffered.
func (r *reader) fill(n int) error {
	for r.w-r.r < n {
		r.need = n
		k, err := r.readMore()
		if k > 0 {
			r.w += k
			r.full = r.w == len(r.buf)
		}
		if err != nil && r.w-r.r < n {
			if r.w > r.r {
				err = unexpectedEOF(err)
			}
			return err
		}
	}
	return nil
}

// readMore reads behind what is buffered.
func (r *reader) readMore() (int, error) {
	if r.lazy != nil {
		return r.lazy.readInto(r)
	}
	return r.src.Read(r.room())
}

// room returns the free part of the read buffer: at least one byte, and at least need. A read that
// filled the buffer is followed by a large buffer, any other read by a small buffer.
func (r *reader) room() []byte {
	if r.r == r.w {
		r.r, r.w = 0, 0
	}
	size := r.size
	if r.full && r.size == readBuffer {
		size = burstBuffer
	}
	switch {
	case len(r.buf) < size || r.w == 0 && len(r.buf) >= burstBuffer && !r.full:
		r.move(newBuffer(size))
	case r.r+r.need > len(r.buf):
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	return r.buf[r.w:]
}

// park gives the read buffer up except for the unused bytes. A lazySource calls park when there is
// nothing to read.
func (r *reader) park() {
	n := r.w - r.r
	switch {
	case r.pooled == nil:
		return
	case n == 0:
		r.drop()
		return
	case len(r.buf) > 2*n && len(r.buf) > bufferClasses[0]:
		r.move(newBuffer(n))
	}
	r.pooled.charge(r.budget)
}

// move makes b the read buffer and takes what is buffered along.
func (r *reader) move(b *buffer) {
	all := b.b[:cap(b.b)]
	r.w = copy(all, r.buf[r.r:r.w])
	r.r = 0
	if r.pooled != nil {
		r.pooled.release()
	}
	r.pooled, r.buf = b, all
}

// drop throws away what is buffered, with the buffer.
func (r *reader) drop() {
	if r.pooled != nil {
		r.pooled.release()
	}
	r.pooled, r.buf, r.r, r.w = nil, nil, 0, 0
}

// close gives back all memory. After it message returns what src says.
func (r *reader) close() {
	r.drop()
	r.sealed.m.Release()
	r.sealed.m, r.sealed.whole, r.opened = Message{}, false, 0
	r.count(0, 0)
}

// read reads some of p: from the buffer, else straight from the stream when p is as
// large as the buffer would be.
func (r *reader) read(p []byte) (int, error) {
	if r.r == r.w {
		if len(p) >= r.size && len(p) >= len(r.buf) {
			r.drop()
			return r.src.Read(p)
		}
		if err := r.fill(1); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf[r.r:r.w])
	r.r += n
	return n, nil
}
