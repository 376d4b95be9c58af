package broker

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// maxHTTPConns is how many connections the HTTP port has at once: each costs
// about 20 KiB. While so many are open, the one that has waited longest for its
// next request gives way to a new one; if all of them are busy, new ones wait.
const maxHTTPConns = 128

// httpConns is the listener of the HTTP port: it bounds the connections. Its
// note is the server's ConnState.
type httpConns struct {
	net.Listener

	mu     sync.Mutex
	change sync.Cond              // a connection has ended, waits, or the listener is closed
	open   map[net.Conn]time.Time // since when it waits for a request; zero: it does not
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
// One that waits for a request is closed only if another connection is there
// to take its place: that is not known before Accept, so a place is kept free.
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
	defer c.change.Signal()
	if s == http.StateClosed || s == http.StateHijacked {
		delete(c.open, conn)
		return
	}
	_, known := c.open[conn]
	if !known && s != http.StateNew {
		return // made room already
	}
	if since := c.open[conn]; s == http.StateActive {
		c.open[conn] = time.Time{}
	} else if since.IsZero() {
		c.open[conn] = time.Now()
	}
}

func (c *httpConns) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.change.Broadcast()
	return c.Listener.Close()
}
