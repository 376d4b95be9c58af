package zmtp

// Builder: makes a Message frame by frame, without an intermediate copy.

import "encoding/binary"

// Builder assembles a single message. The zero Builder is ready for use. A Builder is for a single
// goroutine; abandon one that will not be finished with Discard.
//
//	b := zmtp.NewBuilder(len(body) + 32)
//	b.AppendFrame(nil)  // a frame from a slice
//	b.Begin()           // a frame written in place
//	json.NewEncoder(b).Encode(answer)
//	b.End()
//	conn.Send(nil, b.Message())
type Builder struct {
	buf    *buffer
	frames int
	last   int // where the header of the latest frame is
	open   bool
}

// NewBuilder returns a Builder with room for about sizeHint bytes; it grows
// past that as needed.
func NewBuilder(sizeHint int) *Builder {
	b := new(Builder)
	b.Grow(sizeHint)
	return b
}

// Grow makes room for n more bytes in wire form.
func (b *Builder) Grow(n int) {
	if b.buf == nil {
		b.buf = newBuffer(n)
		return
	}
	b.buf = b.buf.reserve(n)
}

// AppendFrame adds a frame with a copy of body.
func (b *Builder) AppendFrame(body []byte) {
	b.startFrame(longHeader + len(body))
	b.buf.b = append(appendHeader(b.buf.b, 0, len(body)), body...)
}

// Begin starts a frame whose body Write appends and End completes.
func (b *Builder) Begin() {
	b.startFrame(longHeader)
	b.open = true
	b.buf.b = b.buf.b[:len(b.buf.b)+longHeader] // filled in by End
}

// Write appends p to the frame that Begin started. It never fails.
func (b *Builder) Write(p []byte) (int, error) {
	b.mustBeOpen(true)
	b.Grow(len(p))
	b.buf.b = append(b.buf.b, p...)
	return len(p), nil
}

// WriteString is Write for a string.
func (b *Builder) WriteString(s string) (int, error) {
	b.mustBeOpen(true)
	b.Grow(len(s))
	b.buf.b = append(b.buf.b, s...)
	return len(s), nil
}

// AvailableBuffer returns the free room behind what was written, as an empty
// slice to append to and pass to the next Write, which then copies nothing as
// long as the room sufficed.
func (b *Builder) AvailableBuffer() []byte {
	b.mustBeOpen(true)
	return b.buf.b[len(b.buf.b):]
}

// End completes the frame that Begin started.
func (b *Builder) End() {
	b.mustBeOpen(true)
	b.open = false
	w := b.buf.b[b.last:]
	n := len(w) - longHeader
	if n > shortMax {
		w[0] = flagLong
		binary.BigEndian.PutUint64(w[1:], uint64(n))
		return
	}
	w[0], w[1] = 0, byte(n)
	copy(w[shortHeader:], w[longHeader:])
	b.buf.b = b.buf.b[:len(b.buf.b)-(longHeader-shortHeader)]
}

// Message returns what was built; the caller owns it. The Builder is empty
// again. Without frames the result is the zero Message.
func (b *Builder) Message() Message {
	b.mustBeOpen(false)
	if b.frames == 0 {
		b.Discard()
		return Message{}
	}
	m := Message{buf: b.buf, frames: b.frames}
	*b = Builder{}
	return m
}

// Discard drops what was built so far and the memory.
func (b *Builder) Discard() {
	if b.buf != nil {
		b.buf.release()
	}
	*b = Builder{}
}

// startFrame makes room for n bytes and links the frame before, now known not to be the last, to
// the new frame.
func (b *Builder) startFrame(n int) {
	b.mustBeOpen(false)
	b.Grow(n)
	if b.frames > 0 {
		b.buf.b[b.last] |= flagMore
	}
	b.frames++
	b.last = len(b.buf.b)
}

// mustBeOpen panics when the calls of a frame are out of order: a bug of the
// caller that would send a broken message.
func (b *Builder) mustBeOpen(open bool) {
	if b.open != open {
		if open {
			panic("zmtp: Builder: write outside of Begin and End")
		}
		panic("zmtp: Builder: frame begun and not ended")
	}
}
