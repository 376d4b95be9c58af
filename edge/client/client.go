package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Options say whom to ask.
type Options struct {
	// Brokers are client endpoints, tcp://host:port or inproc://name. A
	// connection to each is kept; the first that is up is asked.
	Brokers []string
	// Security is the client side of the connections to all of them.
	Security zmtp.Security
	// Log gets what happens to connections; nil: nothing.
	Log *slog.Logger
}

// ErrClosed is returned by calls on a closed Client.
var ErrClosed = errors.New("client: closed")

// NoBrokerError says that no broker could be reached in time.
type NoBrokerError struct {
	Brokers []string
	Err     error // the last failure; nil if none was seen yet
}

func (e *NoBrokerError) Error() string {
	at := e.Brokers[0]
	for _, b := range e.Brokers[1:] {
		at += ", " + b
	}
	if e.Err == nil {
		return "no broker answered at " + at
	}
	return fmt.Sprintf("no broker at %s: %v", at, e.Err)
}

func (e *NoBrokerError) Unwrap() error { return e.Err }

// Client is a connection to one of several brokers. Safe for concurrent use.
type Client struct {
	options Options
	cancel  context.CancelFunc
	dialers sync.WaitGroup

	mu      sync.Mutex   // guards what follows; taken before a Conn's own lock
	links   []*zmtp.Conn // by broker, nil while down
	calls   map[string]*call
	lastID  uint64
	lastErr error // of the newest failed dial
	closed  bool
}

// call is one request on its way. Its link is the connection that it was last
// sent on; nil means that it waits for one to come up.
type call struct {
	id      string
	request *Request
	until   time.Time
	link    *zmtp.Conn
	done    chan result // of one
}

type result struct {
	answer *Answer
	err    error
}

// New starts to connect, for ever, to the brokers. It does not wait for them:
// Do does. The error is about the endpoints' syntax.
func New(o Options) (*Client, error) {
	if len(o.Brokers) == 0 {
		return nil, errors.New("client: no broker given")
	}
	for _, b := range o.Brokers {
		if err := zmtp.CheckEndpoint(b); err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{
		options: o, cancel: cancel,
		links: make([]*zmtp.Conn, len(o.Brokers)),
		calls: make(map[string]*call),
	}
	for i, endpoint := range o.Brokers {
		d := &zmtp.Dialer{
			Endpoint: endpoint,
			Options:  zmtp.Options{SocketType: "DEALER", SendMessages: 1 << 16, SendBytes: 256 << 20, Security: o.Security, Log: o.Log},
			Down:     func(err error, retryIn time.Duration) { c.down(endpoint, err, retryIn) },
		}
		c.dialers.Go(func() {
			_ = d.Run(ctx, func(ctx context.Context, conn *zmtp.Conn) error {
				defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
				return c.serve(i, conn)
			})
		})
	}
	return c, nil
}

// Close ends the connections; calls under way return ErrClosed.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	for id, call := range c.calls {
		delete(c.calls, id)
		call.done <- result{err: ErrClosed}
	}
	c.mu.Unlock()
	c.cancel()
	c.dialers.Wait()
	return nil
}

// Do sends r and waits for its answer: until ctx ends, at most for the
// header's Deadline. It connects, and after a lost connection asks again, by
// itself. The texts must not change before it returns. An answer that is an
// error is returned as *wire.Error, no broker in time as *NoBrokerError.
func (c *Client) Do(ctx context.Context, r *Request) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Header.Deadline)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		a, err := c.ask(ctx, r)
		if err == nil || !r.retries(err) {
			return a, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

func (c *Client) ask(ctx context.Context, r *Request) (*Answer, error) {
	until, _ := ctx.Deadline()
	call := &call{request: r, until: until, done: make(chan result, 1)}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	c.lastID++
	call.id = strconv.FormatUint(c.lastID, 36)
	c.calls[call.id] = call
	c.send(call)
	c.mu.Unlock()

	grace := time.NewTimer(time.Until(until) + answerGrace)
	defer grace.Stop()
	select {
	case res := <-call.done:
		return res.answer, res.err
	case <-ctx.Done():
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return c.give(call, ctx.Err())
		}
	}
	// The broker answers a request whose time is up: give that answer the time to arrive.
	if !c.sent(call) {
		return c.give(call, c.noBroker())
	}
	select {
	case res := <-call.done:
		return res.answer, res.err
	case <-grace.C:
		return c.give(call, wire.Errorf(wire.Deadline, "no answer from the broker within the deadline"))
	}
}

// answerGrace is how long after a deadline the broker's own answer, which
// says why, is waited for.
const answerGrace = 500 * time.Millisecond

// give gives a call up with err, unless its answer came meanwhile.
func (c *Client) give(call *call, err error) (*Answer, error) {
	c.mu.Lock()
	delete(c.calls, call.id)
	c.mu.Unlock()
	select {
	case res := <-call.done:
		return res.answer, res.err
	default:
		return nil, err
	}
}

func (c *Client) sent(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return call.link != nil
}

func (c *Client) noBroker() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &NoBrokerError{Brokers: c.options.Brokers, Err: c.lastErr}
}

// send puts call on the first link that is up; with none it waits for one.
// c.mu is held.
func (c *Client) send(call *call) {
	call.link = nil
	for _, link := range c.links {
		if link == nil {
			continue
		}
		switch err := link.Send(nil, call.message()); {
		case err == nil:
			call.link = link
			return
		case errors.Is(err, zmtp.ErrFull):
			delete(c.calls, call.id)
			call.done <- result{err: wire.Errorf(wire.Busy, "the connection to the broker is full")}
			return
		}
	}
}

// serve owns one connection: everything that waits is asked on it, answers
// are handed out, and when it ends its open calls are asked elsewhere.
func (c *Client) serve(i int, conn *zmtp.Conn) error {
	c.mu.Lock()
	c.links[i] = conn
	c.resend(nil)
	c.mu.Unlock()
	c.options.Log.Debug("connected", "broker", c.options.Brokers[i])
	for {
		m, err := conn.Recv()
		if err != nil {
			c.mu.Lock()
			c.links[i] = nil
			c.resend(conn)
			c.mu.Unlock()
			return err
		}
		c.deliver(m)
	}
}

// resend asks again what was last sent on link. c.mu is held.
func (c *Client) resend(link *zmtp.Conn) {
	for _, call := range c.calls {
		if call.link == link {
			c.send(call)
		}
	}
}

// deliver hands an answer to the call that waits for it; one that nobody
// waits for any more is dropped.
func (c *Client) deliver(m zmtp.Message) {
	a, err := parseAnswer(m)
	if err != nil {
		c.options.Log.Warn("unreadable answer dropped", "error", err)
		return
	}
	c.mu.Lock()
	call := c.calls[a.Header.ID]
	delete(c.calls, a.Header.ID)
	c.mu.Unlock()
	switch {
	case call == nil:
		a.Release()
	case a.Header.Error != nil:
		a.Release()
		call.done <- result{err: a.Header.Error}
	default:
		call.done <- result{answer: a}
	}
}

func (c *Client) down(endpoint string, err error, retryIn time.Duration) {
	c.mu.Lock()
	c.lastErr = err
	c.mu.Unlock()
	c.options.Log.Debug("not connected", "broker", endpoint, "error", err, "retry_in", retryIn)
}
