package zmtp

// Messages too large to keep: the rest is read and thrown away, so that the peer can be told.

// placeholder is the frame that stands for all frames thrown away: one byte, and no MORE.
var placeholder = []byte{0, 1, 0}

// Truncated returns how many bytes of the message, frame headers included, were read but not kept,
// because of Options.KeepMessage or Options.Budget; 0: the message is whole. The frames before the
// first not kept are there; a last frame of one byte stands for all others.
func (m Message) Truncated() int64 {
	if m.buf == nil {
		return 0
	}
	return m.buf.truncated
}

// tooLong reports whether the frame under h, to come next in m, is not kept.
func (r *reader) tooLong(h header, m *Message) bool {
	return m.Truncated() > 0 || r.keep > 0 && uint64(m.Size()+h.size)+h.len > r.keep
}

// skipFrame reads the frame under h, header and body, and throws it away.
func (r *reader) skipFrame(h header, m *Message) error {
	if m.buf == nil {
		m.buf = newBuffer(len(placeholder))
	}
	r.truncate(m, len(m.buf.b), h.size+int(h.len))
	return r.skipBody(h.size + int(h.len))
}

// truncate makes m end after the first keep bytes, with the placeholder; size is the size of the
// frame not kept.
func (r *reader) truncate(m *Message, keep, size int) {
	if m.buf.truncated == 0 {
		m.buf.b = m.buf.b[:keep]
		if cap(m.buf.b) > 2*(keep+bufferClasses[0]) {
			m.buf = m.buf.grow(len(placeholder)) // into one that fits
		} else {
			m.buf = m.buf.reserve(len(placeholder))
		}
		m.buf.b = append(m.buf.b, placeholder...)
		m.frames++
	}
	m.buf.truncated += int64(size)
}

// skipBody throws n bytes of a frame away. Partial shows the progress.
func (r *reader) skipBody(n int) error {
	for n > 0 {
		if err := r.skip(min(n, readBuffer)); err != nil {
			return err
		}
		r.arrived.Store(r.arrived.Load() + int64(min(n, readBuffer)))
		n -= min(n, readBuffer)
	}
	return nil
}

// skip throws n bytes of the stream away.
func (r *reader) skip(n int) error {
	for {
		k := min(n, r.w-r.r)
		r.r += k
		if n -= k; n == 0 {
			return nil
		}
		if err := r.fill(1); err != nil {
			return unexpectedEOF(err)
		}
	}
}
