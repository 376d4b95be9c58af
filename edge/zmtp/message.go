package zmtp

// Message: one ZeroMQ message in wire form, and who owns the memory.

import "iter"

// Message is a ZeroMQ message in wire form (the frames with the headers) in a pooled,
// reference-counted buffer. Message is a small value: a copy does not retain. The content never
// changes: any number of goroutines may read the content; a goroutine keeping a Message longer than
// the lent reference must Retain.
//
// The zero Message has no frames and no memory.
type Message struct {
	buf    *buffer
	off    int // where the first frame starts in buf; the last ends with buf
	frames int
}

// NewMessage copies frames into a new message that the caller owns. Without
// frames it returns the zero Message.
func NewMessage(frames ...[]byte) Message {
	size := 0
	for _, f := range frames {
		size += longHeader + len(f)
	}
	var b Builder
	b.Grow(size)
	for _, f := range frames {
		b.AppendFrame(f)
	}
	return b.Message()
}

// NumFrames returns the number of frames.
func (m Message) NumFrames() int { return m.frames }

// Size returns the number of bytes on the wire, headers included.
func (m Message) Size() int { return len(m.wire()) }

// IsZero reports whether m is the zero Message.
func (m Message) IsZero() bool { return m.buf == nil }

// Frame returns the body of frame i, counted from 0, as a view that lives as
// long as the caller's reference; nil if there is no such frame. The cost grows
// with i: to visit all frames of a long message use Frames.
func (m Message) Frame(i int) []byte {
	if i < 0 || i >= m.frames {
		return nil
	}
	body, rest := cutFrame(m.wire())
	for ; i > 0; i-- {
		body, rest = cutFrame(rest)
	}
	return body
}

// Frames visits the frames' numbers and bodies in order. The bodies are views,
// as those of Frame.
func (m Message) Frames() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		rest := m.wire()
		for i := range m.frames {
			var body []byte
			if body, rest = cutFrame(rest); !yield(i, body) {
				return
			}
		}
	}
}

// Tail returns m without the first n frames: a view sharing buffer and reference with m, so exactly
// one of the two is released. At least one frame stays: n is cut to NumFrames-1.
func (m Message) Tail(n int) Message {
	for n = min(n, m.frames-1); n > 0; n-- {
		_, rest := cutFrame(m.wire())
		m.off = len(m.buf.b) - len(rest)
		m.frames--
	}
	return m
}

// Retain adds a reference and returns m.
func (m Message) Retain() Message {
	if m.buf != nil {
		m.buf.retain()
	}
	return m
}

// Release gives up a reference. The last one returns the buffer to the pool: all views into it die.
// Releasing the zero Message does nothing; releasing more often than retaining panics.
func (m Message) Release() {
	if m.buf != nil {
		m.buf.release()
	}
}

// Retained returns how many bytes of memory the message keeps, with what was cut off by Tail and
// with what the buffer has beyond the frames.
func (m Message) Retained() int64 {
	if m.buf == nil {
		return 0
	}
	return int64(cap(m.buf.b))
}

// Budgeted returns how many of the bytes of Retained a Budget counts already: all or
// none.
func (m Message) Budgeted() int64 {
	if m.buf == nil || m.buf.budget == nil {
		return 0
	}
	return int64(cap(m.buf.b))
}

// wire returns the message as it goes to a peer.
func (m Message) wire() []byte {
	if m.buf == nil {
		return nil
	}
	return m.buf.b[m.off:]
}

// cutFrame splits valid wire form after the first frame. The capacity of body ends with the frame:
// an append to body cannot reach the next frame.
func cutFrame(wire []byte) (body, rest []byte) {
	h, _ := decodeHeader(wire)
	end := h.size + int(h.len)
	return wire[h.size:end:end], wire[end:]
}
