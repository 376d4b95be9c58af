package client

// Client: options, New and Close, and Do, where callers wait for answers.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Options say which brokers to ask, and how. The zero value of every field but Brokers is a default.
type Options struct {
	// Brokers are endpoints for clients, tcp://host:port, ipc://path or inproc://name, in the order
	// of preference. A connection to each is kept.
	Brokers []string
	// Spread gives each request to the next broker in turn. Without Spread all requests go to the
	// preferred broker.
	Spread bool
	// Heartbeat is the time between PINGs to a broker. A broker silent for three heartbeats is lost.
	// Default 1 s.
	Heartbeat time.Duration
	// Settle is how long a returning broker must have been up before its place in the list counts
	// again. Meanwhile its workers connect, which takes them up to 5 s. Default 6 s.
	Settle time.Duration
	// Security is the client side of the connections to all brokers.
	Security zmtp.Security
	// Log gets the events of connections and, at level debug, of every request, with the id in the
	// broker's log. Nil: nothing is logged.
	Log *slog.Logger

	sendBytes int64 // max bytes waiting to be sent to a broker; 0: 256 MiB; set in tests
}

const (
	defaultHeartbeat = time.Second
	defaultSettle    = 6 * time.Second

	// startTime is how long after New brokers need not settle: they were up before the client.
	startTime = time.Second
	// maxBackoff bounds the pause between two attempts to connect to a broker. The bound is short,
	// because requests may wait.
	maxBackoff = 2 * time.Second
	// answerGrace is how long after a deadline Do waits for the broker's own answer, with the reason
	// for the delay.
	answerGrace = 500 * time.Millisecond
)

// Client sends requests to brokers. Safe for concurrent use.
type Client struct {
	options Options
	start   time.Time
	traces  bool // log the life of every request
	cancel  context.CancelFunc
	dialers sync.WaitGroup

	mu     sync.Mutex // guards the fields below and all links; taken before the lock of a Conn
	links  []*link    // in the order of Options.Brokers
	calls  map[string]*call
	lastID uint64
	turn   int // index of the next link with Spread
	stats  Stats
	closed bool
}

// Stats counts since New.
type Stats struct {
	Sent  int64 // sendings of requests
	Moved int64 // sendings after the first: the connection was lost, or a broker refused
	Stale int64 // answers dropped because nobody waited for them
}

// New starts connecting to all brokers, and goes on trying until Close. New does not wait for
// connections; Do does. The error is about the syntax of the endpoints.
func New(o Options) (*Client, error) {
	if len(o.Brokers) == 0 {
		return nil, errors.New("client: no broker given")
	}
	for i, b := range o.Brokers {
		if err := zmtp.CheckEndpoint(b); err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		for _, other := range o.Brokers[:i] {
			if b == other {
				return nil, fmt.Errorf("client: the broker %s is given twice", b)
			}
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = zmtp.LimitLog(o.Log)
	if o.Heartbeat <= 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.Settle <= 0 {
		o.Settle = defaultSettle
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{options: o, start: time.Now(), traces: o.Log.Enabled(ctx, slog.LevelDebug), cancel: cancel, calls: make(map[string]*call)}
	for _, broker := range o.Brokers {
		c.links = append(c.links, &link{broker: broker})
	}
	for _, l := range c.links {
		c.dialers.Go(func() { c.connect(ctx, l) })
	}
	return c, nil
}

// connect keeps the connection of l up until ctx ends.
func (c *Client) connect(ctx context.Context, l *link) {
	o := zmtp.Options{
		SocketType: "DEALER", SendMessages: 1 << 16, SendBytes: cmp.Or(c.options.sendBytes, 256<<20),
		BackoffMax: maxBackoff, Security: c.options.Security, Log: c.options.Log,
	}
	if !strings.HasPrefix(l.broker, "inproc://") { // a broker in this process lives as long as the client
		o.Heartbeat = zmtp.Heartbeat{Interval: c.options.Heartbeat, Timeout: wire.MissedHeartbeats * c.options.Heartbeat}
	}
	d := &zmtp.Dialer{Endpoint: l.broker, Options: o, Down: func(err error, retryIn time.Duration) { c.setProblem(l, err, retryIn) }}
	_ = d.Run(ctx, func(ctx context.Context, conn *zmtp.Conn) error {
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		return c.serve(l, conn)
	})
}

// Close ends the connections. Pending calls of Do return ErrClosed.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	for _, call := range c.calls {
		c.finishLocked(call, result{err: ErrClosed})
	}
	c.mu.Unlock()
	c.cancel()
	c.dialers.Wait()
	return nil
}

// Do sends r and waits for the answer until ctx ends, at most for the header's Deadline. Do waits
// for a broker if none is up. After a lost connection, and after some error answers, Do asks another
// broker with the remaining time; the package documentation has the table. The texts must not change
// before Do returns.
//
// An error answer is returned as *wire.Error. A *NoBrokerError means: no broker could be reached in
// time, or all brokers refuse this client (for its key, say) or have unknown host names. A
// *LostError means: the connection was lost under a request with NoRetry.
func (c *Client) Do(ctx context.Context, r *Request) (*Answer, error) {
	if len(r.Texts) == 0 {
		return nil, wire.Errorf(wire.BadRequest, "a request needs a text")
	}
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

// ask sends r once, to one broker after another if need be.
func (c *Client) ask(ctx context.Context, r *Request) (*Answer, error) {
	deadline, _ := ctx.Deadline()
	call, err := c.begin(r, deadline)
	if err != nil {
		return nil, err
	}
	grace := time.NewTimer(time.Until(deadline) + answerGrace)
	defer grace.Stop()
	select {
	case res := <-call.done:
		return res.answer, res.err
	case <-ctx.Done():
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return c.giveUp(call, func() error { return ctx.Err() })
		}
	}
	timeout := func() error { return c.timeoutErrorLocked(call) }
	if !c.isSent(call) {
		return c.giveUp(call, timeout)
	}
	select {
	case res := <-call.done:
		return res.answer, res.err
	case <-grace.C:
		return c.giveUp(call, timeout)
	}
}

// Stats returns the counters.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}
