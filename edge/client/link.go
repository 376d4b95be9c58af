package client

// Links: the connections to brokers, from the choice for a request to answers and lost connections.

import (
	"errors"
	"net"
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// link is the connection to one broker, made again after each end. Client.mu guards all fields.
type link struct {
	broker    string     // endpoint
	conn      *zmtp.Conn // nil while there is no connection
	settledAt time.Time  // from then on the place in the list counts
	draining  bool       // the broker is stopping, as an answer on this connection said
	problem   error      // why the latest connection or attempt failed; nil: none did
	permanent int        // failures in a row for a reason unlikely to pass; see setProblem
}

// chooseLocked returns the link for the next request: the first settled link, or with Spread the
// next in turn. If no link is settled, the link closest to settling is chosen. A draining broker
// is chosen last. The result is nil if no link outside of skip is up.
func (c *Client) chooseLocked(skip []*link) *link {
	var best *link
	now := time.Now()
	rank := func(l *link) time.Time { // the earlier the better
		if l.settledAt.Before(now) {
			return time.Time{}
		}
		return l.settledAt
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

// serve reads a connection until its end. At the beginning, waiting calls are sent on the
// connection. At the end, open calls move to another link.
func (c *Client) serve(l *link, conn *zmtp.Conn) error {
	c.attach(l, conn)
	for {
		m, err := conn.Recv()
		if err != nil {
			c.detach(l, err)
			return err
		}
		if err := parseRefusal(m); err != nil {
			m.Release()
			c.leaveWrongEndpoint(l, err)
			return err
		}
		c.deliver(l, conn, m)
	}
}

// attach notes a new connection and sends the waiting calls.
func (c *Client) attach(l *link, conn *zmtp.Conn) {
	c.options.Log.Debug("connected", "broker", l.broker)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	wasThere := l.settledAt.IsZero() && now.Sub(c.start) < startTime
	l.settledAt = now
	if !wasThere && c.isAnyUpLocked() {
		l.settledAt = now.Add(c.options.Settle)
	}
	l.conn, l.draining, l.problem, l.permanent = conn, false, nil, 0
	for _, call := range c.calls {
		if call.link == nil {
			call.tried = slices.DeleteFunc(call.tried, func(t *link) bool { return t == l }) // a new connection may take the call
			c.sendLocked(call)
		}
	}
}

func (c *Client) isAnyUpLocked() bool {
	return slices.ContainsFunc(c.links, func(l *link) bool { return l.conn != nil })
}

// detach notes the end of l's connection. Open calls of l are sent on another link, or wait.
func (c *Client) detach(l *link, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.conn, l.problem = nil, err
	for _, call := range c.calls {
		switch {
		case call.link != l:
		case call.request.NoRetry:
			c.finishLocked(call, result{err: &LostError{Broker: l.broker, Err: err}})
		default:
			call.tried, call.refusal = nil, nil // any broker may take the call now
			c.sendLocked(call)
		}
	}
}

// parseRefusal returns the error in m if m is a refusal for workers: the client is connected to an
// endpoint for workers. For any other message parseRefusal returns nil.
func parseRefusal(m zmtp.Message) *wire.Error {
	if wire.KindOf(m.Frame(0)) != wire.KindRefused {
		return nil
	}
	h, err := wire.ParseAnswerHeader(m.Frame(1))
	if err != nil {
		return nil
	}
	return h.Error
}

// leaveWrongEndpoint handles err, the refusal of an endpoint for workers. No call of l was done: each
// is sent on another link, or finished with err.
func (c *Client) leaveWrongEndpoint(l *link, err *wire.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.conn, l.problem = nil, err
	for _, call := range c.calls {
		if call.link == l && !c.sendLocked(call) {
			c.finishLocked(call, result{err: err})
		}
	}
}

// deliver hands an answer to the call waiting on this connection. Stale answers are dropped, so each
// result is delivered once. The message belongs to deliver.
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
		c.stats.Stale++
		a.Release()
	case a.Header.Error != nil:
		a.Release()
		c.handleErrorLocked(call, l, a.Header.Error)
	case len(a.Results) < call.request.results():
		a.Release()
		c.finishLocked(call, result{err: wire.Errorf(wire.Internal, "worker %q answered %d of %d texts; see its log, or what it was written with", a.Header.Worker, len(a.Results), len(call.request.Texts))})
	default:
		c.finishLocked(call, result{answer: a})
	}
}

// maxUnknown is how often in a row the resolver must deny a host before the client believes the
// resolver.
const maxUnknown = 2

// setProblem notes why there is no connection. Once every broker refuses this client or has no
// address, waiting calls fail at once. For brokers merely away, calls go on waiting.
func (c *Client) setProblem(l *link, err error, retryIn time.Duration) {
	c.options.Log.Debug("not connected", "broker", l.broker, "error", err, "retry_in", retryIn)
	var unknown *net.DNSError
	c.mu.Lock()
	defer c.mu.Unlock()
	l.problem = err
	switch {
	case zmtp.IsRefusal(err):
		l.permanent = maxUnknown
	case errors.As(err, &unknown) && unknown.IsNotFound:
		l.permanent++
	default:
		l.permanent = 0
	}
	if slices.ContainsFunc(c.links, func(l *link) bool { return l.conn != nil || l.permanent < maxUnknown }) {
		return
	}
	for _, call := range c.calls {
		if call.link == nil {
			c.finishLocked(call, result{err: &NoBrokerError{Problems: c.problemsLocked()}})
		}
	}
}
