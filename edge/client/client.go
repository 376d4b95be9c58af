package client

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

// Options say whom to ask. The zero value of every field but Brokers is a
// sane default.
type Options struct {
	// Brokers are client endpoints, tcp://host:port, ipc://path or inproc://name,
	// the preferred one first. A connection to each is kept.
	Brokers []string
	// Spread gives each request to the next broker in turn, in place of all to
	// the preferred one.
	Spread bool
	// Heartbeat is the time between signs of life that are asked of a broker; it
	// is lost when it was silent for three of them. Default 1 s.
	Heartbeat time.Duration
	// Settle is how long a broker that came (back) while another was up must
	// have been up before it is preferred to that one: until then its workers
	// find it again. Default 6 s, as workers try every 5 s at least.
	Settle time.Duration
	// Security is the client side of the connections to all of them.
	Security zmtp.Security
	// Log gets what happens to connections and, at level debug, to every
	// request, by the id that the broker logs, too; nil: nothing.
	Log *slog.Logger

	sendBytes int64 // what may wait to be sent to a broker; 256 MiB but in tests
}

const (
	defaultHeartbeat = time.Second
	defaultSettle    = 6 * time.Second

	// startTime is how long after New brokers that come up need not settle: they
	// were there before.
	startTime = time.Second
	// maxBackoff bounds the pause between two attempts to connect to a broker.
	// It is short, because requests may wait.
	maxBackoff = 2 * time.Second
)

// Client asks one of several brokers. Safe for concurrent use.
type Client struct {
	options Options
	start   time.Time
	traces  bool // log the life of every request
	cancel  context.CancelFunc
	dialers sync.WaitGroup

	mu     sync.Mutex // guards what follows, links' fields too; taken before a Conn's own lock
	links  []*link    // as Options.Brokers
	calls  map[string]*call
	lastID uint64
	turn   int // of spreading
	stats  Stats
	closed bool
}

// Stats counts since New.
type Stats struct {
	Sent  int64 // requests, each time that they were sent
	Moved int64 // of them, those sent again: their connection was lost, or the broker refused
	Late  int64 // answers that nobody waited for any more, dropped
}

// New starts to connect, for ever, to all brokers. It does not wait for them:
// Do does. The error is about the endpoints' syntax.
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
	if !strings.HasPrefix(l.broker, "inproc://") { // such a broker lives as long as we do
		o.Heartbeat = zmtp.Heartbeat{Interval: c.options.Heartbeat, Timeout: wire.MissedHeartbeats * c.options.Heartbeat}
	}
	d := &zmtp.Dialer{Endpoint: l.broker, Options: o, Down: func(err error, retryIn time.Duration) { c.down(l, err, retryIn) }}
	_ = d.Run(ctx, func(ctx context.Context, conn *zmtp.Conn) error {
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		return c.serve(l, conn)
	})
}

// Close ends the connections; calls under way return ErrClosed.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	for _, call := range c.calls {
		c.finish(call, result{err: ErrClosed})
	}
	c.mu.Unlock()
	c.cancel()
	c.dialers.Wait()
	return nil
}

// Do sends r and waits for its answer: until ctx ends, at most for the
// header's Deadline. It waits for a broker, and asks another one when the
// connection is lost or the broker says that another may do it, by itself and
// with the time that is left; the package's documentation says when. The texts
// must not change before it returns.
//
// An answer that is an error is returned as *wire.Error, no broker in time as
// *NoBrokerError, a request with NoRetry whose connection was lost as *LostError.
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

// Stats returns the counters.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// answerGrace is how long after a deadline the broker's own answer, which
// says why, is waited for.
const answerGrace = 500 * time.Millisecond

// ask is one round of Do.
func (c *Client) ask(ctx context.Context, r *Request) (*Answer, error) {
	until, _ := ctx.Deadline()
	call, err := c.begin(r, until)
	if err != nil {
		return nil, err
	}
	grace := time.NewTimer(time.Until(until) + answerGrace)
	defer grace.Stop()
	select {
	case res := <-call.done:
		return res.answer, res.err
	case <-ctx.Done():
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return c.give(call, func() error { return ctx.Err() })
		}
	}
	// The broker answers a request whose time is up: give that answer the time to arrive.
	late := func() error { return c.late(call) }
	if !c.sent(call) {
		return c.give(call, late)
	}
	select {
	case res := <-call.done:
		return res.answer, res.err
	case <-grace.C:
		return c.give(call, late)
	}
}
