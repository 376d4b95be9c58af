package broker

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// The connections of the HTTP port: how many there are, and who gives way.

const (
	// maxHTTPConns is how many connections the HTTP port has at once: each costs about
	// 20 KiB.
	maxHTTPConns = 128
	// maxHTTPMatches is how many of them may wait for matches, which can take a day.
	// The others are for health, status and metrics.
	maxHTTPMatches = maxHTTPConns - 16
	// httpSlow is how long an answer may stand still before its connection gives way.
	httpSlow = time.Second
)

// httpConns is the listener of the HTTP port. While all places are taken, a connection
// that comes gets the place of the one whose request has not been whole for longest, or
// else of the one that has not read its answer for longest: so connections that say
// nothing, never come to an end or do not read keep nobody out. Nobody gives way before
// somebody has come. If all are worked on, the new one waits.
//
// Its note is the server's ConnState. Handlers call begin or beginMatch once they have
// read what they want to of a request, and moved as their answer moves.
type httpConns struct {
	net.Listener

	mu      sync.Mutex
	change  sync.Cond // a connection has ended or waits, time has passed, or the listener is closed
	open    map[net.Conn]*httpPlace
	matches int // requests that wait for matches
	closed  bool
}

// httpPlace is what one connection is at. At most one of its times is set; with none its
// request waits for matches.
type httpPlace struct {
	awaited time.Time // since when its request is awaited
	moved   time.Time // when its answer was begun, or moved last
}

func newHTTPConns(l net.Listener) *httpConns {
	c := &httpConns{Listener: l, open: make(map[net.Conn]*httpPlace)}
	c.change.L = &c.mu
	return c
}

// Accept takes a connection, and a place for it.
func (c *httpConns) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !c.place(conn) {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return conn, nil
}

// place waits until there is a place for conn; false when the listener is closed.
func (c *httpConns) place(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) >= maxHTTPConns && !c.closed {
		if last := c.last(time.Now()); last != nil {
			_ = last.Close()
			delete(c.open, last)
			continue
		}
		later := time.AfterFunc(httpSlow/4, c.change.Broadcast) // one may be slow by then
		c.change.Wait()
		later.Stop()
	}
	if !c.closed {
		c.open[conn] = &httpPlace{awaited: time.Now()}
	}
	return !c.closed
}

// last returns the connection that is to give way first, nil if none is. c.mu is held.
func (c *httpConns) last(now time.Time) (last net.Conn) {
	var waits, slow net.Conn
	for conn, p := range c.open {
		switch {
		case !p.awaited.IsZero():
			if waits == nil || p.awaited.Before(c.open[waits].awaited) {
				waits = conn
			}
		case !p.moved.IsZero() && now.Sub(p.moved) >= httpSlow:
			if slow == nil || p.moved.Before(c.open[slow].moved) {
				slow = conn
			}
		}
	}
	if waits != nil {
		return waits
	}
	return slow
}

func (c *httpConns) note(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.open[conn]
	switch {
	case s == http.StateClosed || s == http.StateHijacked:
		delete(c.open, conn)
	case s == http.StateIdle && p != nil: // else it has given way
		*p = httpPlace{awaited: time.Now()}
	}
	c.change.Signal()
}

// begin notes that a request is whole, and its answer begun.
func (c *httpConns) begin(r *http.Request) {
	c.set(r, httpPlace{moved: time.Now()})
}

// beginMatch notes that a request is whole and waits for matches; false if as many as
// may do already. The caller calls endMatch once it has an answer, or none.
func (c *httpConns) beginMatch(r *http.Request) bool {
	c.mu.Lock()
	full := c.matches >= maxHTTPMatches
	if !full {
		c.matches++
	}
	c.mu.Unlock()
	if full {
		return false
	}
	c.set(r, httpPlace{})
	return true
}

// endMatch notes that the answer is begun.
func (c *httpConns) endMatch(r *http.Request) {
	c.mu.Lock()
	c.matches--
	c.mu.Unlock()
	c.begin(r)
}

func (c *httpConns) set(r *http.Request, at httpPlace) {
	conn, _ := r.Context().Value(httpConnKey{}).(net.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.open[conn]; p != nil {
		*p = at
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
