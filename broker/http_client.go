package broker

// A client that came by HTTP, in the place of a ZeroMQ connection.

import (
	"net/http"
	"sync"
	"time"

	"trawl/edge/zmtp"
)

// httpConn is the connection of a client that came by HTTP: it has one request
// and takes one answer.
type httpConn struct {
	peer    zmtp.Peer
	answers chan httpAnswer // of one
	budget  *zmtp.Budget
	heard   time.Time // when the request was read
	control *http.ResponseController
	moved   func() // called as the answer moves

	mu     sync.Mutex
	closed chan struct{} // by the router, for a client that does not read
	over   bool
	unread int   // bytes of the answer, until it is written
	held   int64 // what of its memory the budget was told for that time
}

// httpAnswer is an answer on its way.
type httpAnswer struct {
	plain   bool // of a plain worker: without a header, all frames are the result
	message zmtp.Message
}

func newHTTPPort(h *httpServer, w http.ResponseWriter, r *http.Request) *httpConn {
	return &httpConn{
		answers: make(chan httpAnswer, 1), closed: make(chan struct{}), budget: h.broker.options.budget, heard: time.Now(),
		control: http.NewResponseController(w), moved: func() { h.conns.begin(r) },
	}
}

// Queue takes an answer. There is no envelope, so a prefix is the header that the
// broker writes for a plain worker.
func (p *httpConn) Queue(prefix []byte, m zmtp.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return zmtp.ErrClosed
	}
	select {
	case p.answers <- httpAnswer{plain: len(prefix) > 0, message: m}:
		p.unread = m.Size()
		p.held = m.Retained() - m.Budgeted()
		p.budget.Hold(p.held)
		return nil
	default:
		return zmtp.ErrFull
	}
}

// release gives an answer's memory back.
func (p *httpConn) release(a httpAnswer) {
	p.mu.Lock()
	p.budget.Hold(-p.held)
	p.unread, p.held = 0, 0
	p.mu.Unlock()
	a.message.Release()
}

// drop ends the port: an answer that came too late is not written.
func (p *httpConn) drop() {
	_ = p.Close()
	select {
	case a := <-p.answers:
		p.release(a)
	default:
	}
}

// Close makes the request's handler give up, whether it waits or writes.
func (p *httpConn) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.over = true
		close(p.closed)
		if p.unread > 0 {
			_ = p.control.SetWriteDeadline(time.Now())
		}
	}
	return nil
}

// renew gives the answer's next piece its time; see writeBody.
func (p *httpConn) renew() bool {
	p.moved()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		_ = p.control.SetWriteDeadline(time.Now().Add(httpBodyTime))
	}
	return !p.over
}

func (p *httpConn) Queued() (messages, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.unread, 1), p.unread
}

func (p *httpConn) Flush()                  {}
func (p *httpConn) LastReceived() time.Time { return p.heard }
func (p *httpConn) Peer() zmtp.Peer         { return p.peer }
