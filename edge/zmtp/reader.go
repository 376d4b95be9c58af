// Reading messages off a byte stream within limits. Memory for a frame grows
// only as its bytes really arrive.

package zmtp

import (
	"fmt"
	"io"
	"sync/atomic"
)

const (
	// readBuffer is the size of a connection's own read buffer, in bytes: room
	// for a few dozen small messages per system call, and little enough to stay
	// resident for many idle connections.
	readBuffer = 16 << 10

	// burstBuffer is the size of the pooled buffer that takes its place for as
	// long as every read fills it, in bytes.
	burstBuffer = 64 << 10

	// readStep is how much memory a frame gets on the word of its header
	// alone, in bytes. From there it doubles as it fills.
	readStep = 64 << 10

	// commandView is how much of a command is looked at, in bytes. Longer ones
	// can only be unknown; they are skipped.
	commandView = 512
)

// reader cuts a stream into messages and commands. It is for one goroutine.
type reader struct {
	src   io.Reader
	own   []byte
	burst *buffer // nil while own is in use
	buf   []byte  // own, or all of burst
	r, w  int     // buf[r:w] is read from src and not yet used
	full  bool    // the latest read filled the buffer

	maxFrame, maxMessage, maxCommand uint64
	maxFrames                        int
	keep                             uint64 // of a message; 0: all

	budget  *Budget
	counted atomic.Int64 // what the budget was told of the message in progress
	opened  int64        // of that: frames that were encrypted

	// command is called with the (start of the) body of each command between
	// frames. Its error ends the reading.
	command func(body []byte) error

	sealed sealedReader // in use if it has an opener
}

func newReader(src io.Reader, o *Options, command func([]byte) error) *reader {
	own := make([]byte, readBuffer)
	return &reader{
		src:        src,
		own:        own,
		buf:        own,
		maxFrame:   uint64(o.MaxFrame),
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
	defer r.count(0)
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

// next reads one command, or one frame into m. It reports whether m needs more.
func (r *reader) next(m *Message) (more bool, err error) {
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
		m.buf = newBuffer(h.size + min(int(h.len), readStep))
	}
	return h.more(), r.readFrame(h, m)
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
	case uint64(m.Size()+h.size)+uint64(m.Cut())+h.len > r.maxMessage:
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
			room := min(left, max(readStep, len(b.b)))
			if !r.budget.allows(r.opened+int64(len(b.b)+room), r.counted.Load()) {
				r.cut(m, before, h.size+int(h.len))
				return r.skip(left)
			}
			b = b.reserve(room)
			m.buf = b
		}
		if r.r == r.w {
			r.count(r.opened + int64(cap(b.b))) // it may have to wait
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

// fill sees to it that n bytes are buffered; n is far below the buffer's size.
// At the end of the stream it says io.EOF if there are none at all.
func (r *reader) fill(n int) error {
	for r.w-r.r < n {
		if r.r == r.w {
			r.r, r.w = 0, 0
			r.chooseBuffer()
		} else if r.r+n > len(r.buf) {
			r.w = copy(r.buf, r.buf[r.r:r.w])
			r.r = 0
		}
		k, err := r.src.Read(r.buf[r.w:])
		r.w += k
		r.full = r.w == len(r.buf)
		if err != nil && r.w-r.r < n {
			if r.w > r.r {
				err = unexpectedEOF(err)
			}
			return err
		}
	}
	return nil
}

// chooseBuffer takes the burst buffer after a read that filled the buffer, and
// gives it back after one that did not: so an idle connection has only its own.
// Nothing is buffered when it is called.
func (r *reader) chooseBuffer() {
	switch {
	case r.full && r.burst == nil:
		r.burst = newBuffer(burstBuffer)
		r.buf = r.burst.b[:burstBuffer]
	case !r.full && r.burst != nil:
		r.burst.release()
		r.burst, r.buf = nil, r.own
	}
}

// read fills some of p: from the buffer, else straight from the stream when p
// is as large as the buffer.
func (r *reader) read(p []byte) (int, error) {
	if r.r == r.w {
		if len(p) >= len(r.buf) {
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
