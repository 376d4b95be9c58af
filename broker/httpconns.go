package broker

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxHTTPConns is how many connections the HTTP port has at once: each costs
// about 20 KiB. While so many are open, the one whose request has not been whole
// for longest gives way to a new one, so that connections that say nothing, or
// never come to an end, keep nobody out; if all of them are worked on, new ones wait.
const maxHTTPConns = 128

// httpConns is the listener of the HTTP port: it bounds the connections. Its
// note is the server's ConnState; handlers call begin once they have read what
// they want to of a request.
type httpConns struct {
	net.Listener

	mu     sync.Mutex
	change sync.Cond              // a connection has ended, waits, or the listener is closed
	open   map[net.Conn]time.Time // since when its request is awaited; zero: it is worked on
	closed bool
}

func newHTTPConns(l net.Listener) *httpConns {
	c := &httpConns{Listener: l, open: make(map[net.Conn]time.Time)}
	c.change.L = &c.mu
	return c
}

// Accept waits for a place before it takes a connection.
func (c *httpConns) Accept() (net.Conn, error) {
	if !c.makeRoom() {
		return nil, net.ErrClosed
	}
	conn, err := c.Listener.Accept()
	if err == nil {
		c.note(conn, http.StateNew)
	}
	return conn, err
}

// makeRoom waits until there is a place; false when the listener is closed.
func (c *httpConns) makeRoom() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) >= maxHTTPConns && !c.closed {
		if oldest := c.oldest(); oldest != nil {
			_ = oldest.Close()
			delete(c.open, oldest)
			continue
		}
		c.change.Wait()
	}
	return !c.closed
}

// oldest returns the connection that waits longest, nil if none does.
func (c *httpConns) oldest() (oldest net.Conn) {
	for conn, since := range c.open {
		if !since.IsZero() && (oldest == nil || since.Before(c.open[oldest])) {
			oldest = conn
		}
	}
	return oldest
}

func (c *httpConns) note(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.open[conn]
	switch {
	case s == http.StateClosed || s == http.StateHijacked:
		delete(c.open, conn)
	case s == http.StateNew && !known || s == http.StateIdle && known:
		c.open[conn] = time.Now()
	}
	c.change.Signal()
}

// begin notes that a request is whole and worked on.
func (c *httpConns) begin(r *http.Request) {
	conn, _ := r.Context().Value(httpConnKey{}).(net.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.open[conn]; known { // else it has given way
		c.open[conn] = time.Time{}
	}
}

// httpConnKey is where a request's context has its connection.
type httpConnKey struct{}

func withHTTPConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, httpConnKey{}, conn)
}

func (c *httpConns) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.change.Broadcast()
	return c.Listener.Close()
}
