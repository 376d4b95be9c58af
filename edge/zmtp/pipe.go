package zmtp

// A stream in memory, under inproc:// connections. Unlike net.Pipe the stream buffers: a writer
// need not wait for the reader.

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeSize is how many bytes a pipe holds in each direction before the writer has to wait. The
// memory comes from the buffer pool and goes back when the pipe is empty.
const pipeSize = 64 << 10

// newPipe returns the two ends of a stream; name is the endpoint's.
func newPipe(name string) (a, b stream) {
	there, back := newPipeHalf(), newPipeHalf()
	return &pipeStream{in: back, out: there, name: name}, &pipeStream{in: there, out: back, name: name}
}

// pipeStream is one end of a pipe.
type pipeStream struct {
	in, out *pipeHalf
	name    string
}

func (s *pipeStream) Read(p []byte) (int, error) { return s.in.read(p) }
func (s *pipeStream) readInto(m readMemory) (int, error) {
	return s.in.readInto(m)
}

func (s *pipeStream) write(bufs [][]byte, wait bool) (int, error) {
	return s.out.write(bufs, wait)
}
func (s *pipeStream) remote() (string, bool) { return s.name, true }

func (s *pipeStream) CloseWrite() error {
	s.out.update(func(h *pipeHalf) { h.ended = true })
	return nil
}

func (s *pipeStream) Close() error {
	s.out.update(func(h *pipeHalf) { h.ended = true })
	s.in.update(func(h *pipeHalf) { h.abandoned = true; h.drop() })
	return nil
}

func (s *pipeStream) SetDeadline(t time.Time) error {
	s.in.setDeadline(&s.in.readBy, t)
	return s.SetWriteDeadline(t)
}

func (s *pipeStream) SetWriteDeadline(t time.Time) error {
	s.out.setDeadline(&s.out.writeBy, t)
	return nil
}

// pipeHalf is one direction of a pipe.
type pipeHalf struct {
	mu              sync.Mutex
	changed         sync.Cond // any of the below
	buf             *buffer   // nil while empty
	r               int       // buf.b[r:] is unread
	ended           bool      // by the writer: nothing more will come
	abandoned       bool      // by the reader: nobody will read
	readBy, writeBy pipeDeadline
}

type pipeDeadline struct {
	timer *time.Timer
	over  bool
}

func newPipeHalf() *pipeHalf {
	h := new(pipeHalf)
	h.changed.L = &h.mu
	return h
}

func (h *pipeHalf) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.waitReadable(); err != nil {
		return 0, err
	}
	return h.copyTo(p), nil
}

func (h *pipeHalf) readInto(m readMemory) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.buf == nil {
		m.park()
	}
	if err := h.waitReadable(); err != nil {
		return 0, err
	}
	return h.copyTo(m.room()), nil
}

// waitReadable waits until something is unread. h.mu is held.
func (h *pipeHalf) waitReadable() error {
	for h.buf == nil && !h.ended && !h.abandoned && !h.readBy.over {
		h.changed.Wait()
	}
	switch {
	case h.abandoned:
		return net.ErrClosed
	case h.readBy.over:
		return os.ErrDeadlineExceeded
	case h.buf == nil:
		return io.EOF
	}
	return nil
}

// copyTo moves unread bytes to p. h.mu is held.
func (h *pipeHalf) copyTo(p []byte) int {
	n := copy(p, h.buf.b[h.r:])
	if h.r += n; h.r == len(h.buf.b) {
		h.drop()
	}
	h.changed.Broadcast()
	return n
}

func (h *pipeHalf) write(bufs [][]byte, wait bool) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for wait && h.room() == 0 && !h.ended && !h.abandoned && !h.writeBy.over {
		h.changed.Wait()
	}
	switch {
	case h.ended:
		return 0, net.ErrClosed
	case h.abandoned:
		return 0, io.ErrClosedPipe
	case h.writeBy.over:
		return 0, os.ErrDeadlineExceeded
	}
	total := 0
	for _, b := range bufs {
		n := min(len(b), h.room())
		h.append(b[:n])
		total += n
	}
	h.changed.Broadcast()
	return total, nil
}

func (h *pipeHalf) room() int {
	if h.buf == nil {
		return pipeSize
	}
	return pipeSize - (len(h.buf.b) - h.r)
}

// append adds b, which fits, behind the unread bytes.
func (h *pipeHalf) append(b []byte) {
	if len(b) == 0 {
		return
	}
	if h.buf == nil {
		h.buf = newBuffer(pipeSize)
	}
	if len(h.buf.b)+len(b) > cap(h.buf.b) {
		h.buf.b = h.buf.b[:copy(h.buf.b, h.buf.b[h.r:])]
		h.r = 0
	}
	h.buf.b = append(h.buf.b, b...)
}

// drop gives the memory back.
func (h *pipeHalf) drop() {
	if h.buf != nil {
		h.buf.release()
	}
	h.buf, h.r = nil, 0
}

// update changes h and wakes who waits on it.
func (h *pipeHalf) update(change func(*pipeHalf)) {
	h.mu.Lock()
	change(h)
	h.mu.Unlock()
	h.changed.Broadcast()
}

// setDeadline sets d, one of h's two; the zero time clears it.
func (h *pipeHalf) setDeadline(d *pipeDeadline, t time.Time) {
	h.update(func(*pipeHalf) {
		if d.timer != nil {
			d.timer.Stop()
		}
		d.timer, d.over = nil, false
		if t.IsZero() {
			return
		}
		var timer *time.Timer
		timer = time.AfterFunc(time.Until(t), func() {
			h.update(func(*pipeHalf) { d.over = d.over || d.timer == timer })
		})
		d.timer = timer
	})
}
