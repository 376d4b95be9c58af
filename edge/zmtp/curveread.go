package zmtp

// The reader of a connection with CURVE. Only the opened box tells whether a frame is the last of
// the message. So Buffered opens the frames in the buffer, and a completed message waits here for
// Recv.

import "fmt"

// sealedReader is what a reader keeps between calls when frames are encrypted.
type sealedReader struct {
	*opener
	m     Message // the message in progress
	whole bool    // m is complete
	err   error   // ends the reading
}

// sealedMessage is message for encrypted frames.
func (r *reader) sealedMessage() (Message, error) {
	s := &r.sealed
	for !s.whole && s.err == nil {
		r.nextSealed()
	}
	m := s.m
	s.m, s.whole, r.opened = Message{}, false, 0
	if s.err != nil {
		m.Release()
		return Message{}, s.err
	}
	return m, nil
}

// sealedComplete is complete for encrypted frames.
func (r *reader) sealedComplete() bool {
	s := &r.sealed
	for !s.whole && s.err == nil && r.frameBuffered() {
		r.nextSealed()
	}
	return s.whole || s.err != nil
}

// frameBuffered reports whether a whole frame, or a header that is an error, is
// in the buffer.
func (r *reader) frameBuffered() bool {
	h, ok := decodeHeader(r.buf[r.r:r.w])
	return ok && (h.check() != nil || h.len <= uint64(r.w-r.r-h.size))
}

// nextSealed reads and opens one MESSAGE.
func (r *reader) nextSealed() {
	s := &r.sealed
	r.countBetweenFrames(&s.m)
	h, err := r.header()
	if err == nil {
		err = r.readSealed(h)
	} else if s.m.frames > 0 {
		err = unexpectedEOF(err)
	}
	s.err = err
}

func (r *reader) readSealed(h header) error {
	if h.more() {
		return protocolError("MESSAGE with the MORE flag outside of its box")
	}
	if most := max(r.maxFrame, r.maxCommand) + uint64(sealOverhead); h.len > most {
		return protocolError(fmt.Sprintf("MESSAGE of %d bytes; at most %d are allowed", h.len, most))
	}
	// Up to half a read buffer the MESSAGE is opened from there; a larger MESSAGE is gathered
	// first, if to be kept.
	if size := h.size + int(h.len); size <= readBuffer/2 {
		if err := r.fill(size); err != nil {
			return unexpectedEOF(err)
		}
		message := r.buf[r.r+h.size : r.r+size]
		r.r += size
		return r.openMessage(message)
	}
	if r.tooLong(header{size: longHeader, len: h.len - uint64(sealOverhead)}, &r.sealed.m) {
		return r.skipSealed(h, new(Message))
	}
	gathered := Message{buf: newBuffer(min(h.size+int(h.len), r.budget.step()))}
	gathered.buf.charge(r.budget)
	defer func() { gathered.Release() }()
	if err := r.readFrame(h, &gathered); err != nil || gathered.IsZero() {
		return err
	}
	if more := int64(h.len); !r.budget.allows(int64(r.sealed.m.Size())+more, r.counted, more) {
		return r.skipSealed(h, &gathered)
	}
	return r.openMessage(gathered.buf.b[h.size:])
}

// openMessage adds the frame in message to the message in progress, or carries out the command in
// it. The flags in the box come to lie where the last octet of the frame's header belongs, and the
// body stays in place.
func (r *reader) openMessage(message []byte) error {
	s := &r.sealed
	inner := header{size: shortHeader}
	if n := len(message) - sealOverhead; n > shortMax {
		inner.size = longHeader
	}
	m := &s.m
	if m.buf == nil {
		m.buf = newBuffer(inner.size + len(message))
	}
	before := len(m.buf.b)
	if size := before + inner.size + len(message); size > cap(m.buf.b) && size > bufferClasses[len(bufferClasses)-1] {
		r.budget.collect(size)
	}
	m.buf = m.buf.reserve(inner.size + len(message))
	m.buf.charge(r.budget)
	r.opened = int64(cap(m.buf.b))
	plain, err := s.open(m.buf.b[:before+inner.size-sealedInBox], message)
	if err != nil {
		return err
	}
	flags, body := plain[before+inner.size-sealedInBox], plain[before+inner.size:]
	if flags == sealedCommand {
		return r.openedCommand(body)
	}
	inner.flags, inner.len = flags, uint64(len(body))
	if err := r.checkLimits(inner, m); err != nil {
		return err
	}
	s.whole = !inner.more()
	if r.tooLong(inner, m) || !r.budget.allows(int64(len(plain)), r.counted, 0) {
		r.truncate(m, before, inner.size+len(body))
		return nil
	}
	appendHeader(plain[:before], flags, len(body))
	m.buf.b = plain
	m.frames++
	return nil
}

func (r *reader) openedCommand(body []byte) error {
	if uint64(len(body)) > r.maxCommand {
		return protocolError(fmt.Sprintf("command of %d bytes; at most %d are allowed", len(body), r.maxCommand))
	}
	return r.command(body[:min(len(body), commandView)])
}
