package client

import (
	"errors"
	"net"
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// link is the connection to one broker, made again for ever. Client.mu guards
// it.
type link struct {
	broker   string
	conn     *zmtp.Conn // nil while down
	settled  time.Time  // from when on it is preferred in its turn
	draining bool       // its broker says so, on this connection
	problem  error      // why the latest connection or attempt failed; nil: none did
	hopeless int        // failed attempts in a row of which the same would come again; see down
}

// choose returns the link for the next request, nil if none but those to skip
// is up: of the settled ones the first, or with Spread the next in turn; if
// none is settled, the one that will be soonest; one whose broker is draining
// only if there is no other. c.mu is held.
func (c *Client) choose(skip []*link) *link {
	var best *link
	now := time.Now()
	rank := func(l *link) time.Time { // less is better
		if l.settled.Before(now) {
			return time.Time{}
		}
		return l.settled
	}
	for i := range c.links {
		l := c.links[i]
		if c.options.Spread {
			l = c.links[(c.turn+i)%len(c.links)]
		}
		switch {
		case l.conn == nil || slices.Contains(skip, l):
		case best == nil,
			best.draining && !l.draining,
			best.draining == l.draining && rank(l).Before(rank(best)):
			best = l
		}
	}
	if c.options.Spread && best != nil {
		c.turn = slices.Index(c.links, best) + 1
	}
	return best
}

// serve owns one connection: everything that waits is asked on it, answers
// are handed out, and when it ends its open calls are asked elsewhere.
func (c *Client) serve(l *link, conn *zmtp.Conn) error {
	c.up(l, conn)
	for {
		m, err := conn.Recv()
		if err != nil {
			c.lost(l, err)
			return err
		}
		if err := refusal(m); err != nil {
			m.Release()
			c.turnedAway(l, err)
			return err
		}
		c.deliver(l, conn, m)
	}
}

// up notes a new connection.
func (c *Client) up(l *link, conn *zmtp.Conn) {
	c.options.Log.Debug("connected", "broker", l.broker)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	wasThere := l.settled.IsZero() && now.Sub(c.start) < startTime
	l.settled = now
	if !wasThere && c.anyUp() {
		l.settled = now.Add(c.options.Settle)
	}
	l.conn, l.draining, l.problem, l.hopeless = conn, false, nil, 0
	for _, call := range c.calls {
		if call.link == nil {
			call.refused = slices.DeleteFunc(call.refused, func(r *link) bool { return r == l }) // it is another connection
			c.send(call)
		}
	}
}

func (c *Client) anyUp() bool {
	return slices.ContainsFunc(c.links, func(l *link) bool { return l.conn != nil })
}

// lost asks again, on another link or once one is up, what was on its way on
// l.
func (c *Client) lost(l *link, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.conn, l.problem = nil, err
	for _, call := range c.calls {
		switch {
		case call.link != l:
		case call.request.NoRetry:
			c.finish(call, result{err: &LostError{Broker: l.broker, Err: err}})
		default:
			call.refused, call.refusal = nil, nil // what was refused before may be taken now
			c.send(call)
		}
	}
}

// refusal is what a broker tells a peer that it takes for a worker: this is the wrong
// endpoint. Nil if m is something else.
func refusal(m zmtp.Message) *wire.Error {
	if wire.KindOf(m.Frame(0)) != wire.KindRefused {
		return nil
	}
	h, err := wire.ParseAnswerHeader(m.Frame(1))
	if err != nil {
		return nil
	}
	return h.Error
}

// turnedAway asks elsewhere what was sent on l, which was done by nobody, or says why
// it was not taken.
func (c *Client) turnedAway(l *link, err *wire.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.conn, l.problem = nil, err
	for _, call := range c.calls {
		if call.link == l && !c.send(call) {
			c.finish(call, result{err: err})
		}
	}
}

// deliver hands an answer to the call that waits for it on this connection. Any
// other is dropped: a result is delivered once.
func (c *Client) deliver(l *link, conn *zmtp.Conn, m zmtp.Message) {
	a, err := parseAnswer(m)
	if err != nil {
		c.options.Log.Warn("unreadable answer dropped", "broker", l.broker, "error", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.calls[a.Header.ID]
	if c.traces {
		c.options.Log.Debug("answer received", "id", a.Header.ID, "worker", a.Header.Worker, "failed", a.Header.Error != nil, "waited_for", call != nil)
	}
	switch {
	case call == nil || call.conn != conn:
		c.stats.Late++
		a.Release()
	case a.Header.Error != nil:
		a.Release()
		c.refuse(call, l, a.Header.Error)
	case len(a.Results) < call.request.results():
		a.Release()
		c.finish(call, result{err: wire.Errorf(wire.Internal, "worker %q answered %d of %d texts; see its log, or what it was written with", a.Header.Worker, len(a.Results), len(call.request.Texts))})
	default:
		c.finish(call, result{answer: a})
	}
}

// maxUnknown is how many times in a row the resolver may say that there is no such
// host, before that is believed.
const maxUnknown = 2

// down notes why there is no connection. Once all brokers refuse us as we are, or have
// no address, calls that wait for one are told so: to wait longer is of no use. A
// broker that is merely away is waited for.
func (c *Client) down(l *link, err error, retryIn time.Duration) {
	c.options.Log.Debug("not connected", "broker", l.broker, "error", err, "retry_in", retryIn)
	var unknown *net.DNSError
	c.mu.Lock()
	defer c.mu.Unlock()
	l.problem = err
	switch {
	case zmtp.IsRefusal(err):
		l.hopeless = maxUnknown
	case errors.As(err, &unknown) && unknown.IsNotFound:
		l.hopeless++
	default:
		l.hopeless = 0
	}
	if slices.ContainsFunc(c.links, func(l *link) bool { return l.conn != nil || l.hopeless < maxUnknown }) {
		return
	}
	for _, call := range c.calls {
		if call.link == nil {
			c.finish(call, result{err: &NoBrokerError{Problems: c.problems()}})
		}
	}
}
