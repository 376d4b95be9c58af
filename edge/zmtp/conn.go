package zmtp

// Conn: one handshaken connection, its receiving side and its end.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one handshaken connection. Recv is for a single goroutine at a time; all other methods
// are for any.
type Conn struct {
	s            stream
	heard        heardStream // s, as in reads it
	peer         Peer
	log          *slog.Logger
	writeTimeout time.Duration // 0 or less: never
	done         chan struct{}
	discard      atomic.Bool // received messages are thrown away, by Drain
	deadlineSet  bool        // a write deadline stands; owned by the goroutine that set out.writing

	// Lock order: recvMu, then mu. The goroutine that set out.writing owns the write side of s
	// without a lock. Under mu nothing waits: no reading, no writing, no function of the
	// application.

	recvMu sync.Mutex // held by Recv
	in     *reader

	mu   sync.Mutex // guards everything below
	out  outbox
	live liveness
	// A connection is open, then draining (optional), then over. end sets cause, once; Drain sets
	// draining, which closes the queue. Nothing is ever unset.
	draining bool
	cause    error         // why the connection is over; nil: open or draining
	written  chan struct{} // closed when the writing in progress ends; nil if nobody waits
	short    chan struct{} // closed when at most shortAt bytes are queued; nil if nobody waits
	shortAt  int64
	fixed    int64 // bytes counted in the budget for the life of the connection
}

func newConn(s stream, o *Options, peer Peer, t traffic) *Conn {
	c := &Conn{
		s:            s,
		peer:         peer,
		log:          o.Log,
		writeTimeout: o.WriteTimeout,
		done:         make(chan struct{}),
		out:          outbox{maxMessages: o.SendMessages, maxBytes: o.SendBytes, seal: t.seal, budget: o.Budget},
	}
	c.heard.stream = s
	c.heard.lazy, _ = s.(lazySource)
	c.heard.note()
	c.in = newReader(&c.heard, o, c.command)
	c.in.sealed.opener = t.open
	c.live.Heartbeat = o.Heartbeat
	c.live.pingable = !peer.Version.before(Version{3, 1})
	o.Budget.connected(1)
	if n := peer.metadataSize(); o.Budget != nil && n > metadataFree {
		c.fixed = n
		o.Budget.Hold(n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch()
	return c
}

// Peer describes the other end. Its Identity and Metadata must not be changed.
func (c *Conn) Peer() Peer { return c.peer }

// Done is closed when the connection is over, whoever ended it.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Recv waits for the next message. The caller owns the message. Every error means that the
// connection is over and closed: io.EOF when the peer closed between messages (during Drain, too),
// ErrClosed after Close, an error wrapping ErrProtocol when the peer broke the protocol or a limit,
// ErrSilent when the peer was taken for dead, else the error of the network. Commands such as PING
// are dealt with inside and never returned.
func (c *Conn) Recv() (Message, error) {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	for {
		m, err := c.in.message()
		if err != nil {
			return Message{}, c.recvFailed(err)
		}
		if !c.discard.Load() {
			return m, nil
		}
		m.Release()
	}
}

// Buffered reports whether Recv will return without waiting for the network. A caller who flushes
// other connections only when Buffered is false writes in batches. Call Buffered from the goroutine
// of Recv.
func (c *Conn) Buffered() bool {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	return c.in.complete()
}

// recvFailed ends the connection after err from the reader and returns what Recv has to say.
func (c *Conn) recvFailed(err error) error {
	c.in.close()
	if err != io.EOF {
		err = fmt.Errorf("zmtp: receive from %s: %w", c.peer.RemoteAddr, err)
	}
	return c.end(err)
}

// command handles a command that arrived between frames.
func (c *Conn) command(body []byte) error {
	name, data, err := cutCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case cmdPing:
		ttl, context, err := parsePing(data)
		if err != nil {
			return err
		}
		c.pinged(ttl)
		c.sendCommand(cmdPong, context)
	case cmdError:
		return fmt.Errorf("peer reports an error: %s", errorReason(data))
	}
	return nil // PONG needs no answer; unknown commands are for later versions
}

// Close ends the connection at once: what is queued is dropped, calls in
// progress return ErrClosed. Closing again does nothing. The error is always nil.
func (c *Conn) Close() error {
	c.end(ErrClosed)
	if c.recvMu.TryLock() { // else there is a Recv, which fails
		c.in.close()
		c.recvMu.Unlock()
	}
	return nil
}

// SetMaxMessage changes Options.MaxMessage for this connection and also bounds the frames: a
// listener may take little until more is known of a peer. Call SetMaxMessage between two Recvs.
func (c *Conn) SetMaxMessage(bytes int64) {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	c.in.maxMessage = uint64(bytes)
	c.in.maxFrame = min(uint64(bytes), c.in.mostFrame)
}

// Drain ends the connection in good order: it closes the queue, waits until the socket has taken
// everything queued, half-closes, reads and throws away the rest from the peer, and closes. Without
// an error the peer has received everything. The error is that of ctx when ctx ended first, or why
// the connection broke.
func (c *Conn) Drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.end(fmt.Errorf("zmtp: drain %s: %w", c.peer.RemoteAddr, ctx.Err()))
	})
	defer stop()
	if err := c.drainQueue(); err != nil {
		return err
	}
	if err := c.s.CloseWrite(); err != nil {
		return c.end(fmt.Errorf("zmtp: drain %s: %w", c.peer.RemoteAddr, err))
	}
	// A Recv in progress throws away from here on and returns at the end;
	// without one this goroutine does the reading.
	c.discard.Store(true)
	if _, err := c.Recv(); err != io.EOF {
		return err
	}
	return nil
}

// drainQueue closes the queue and waits until it is written.
func (c *Conn) drainQueue() error {
	c.mu.Lock()
	c.draining = true
	c.mu.Unlock()
	for {
		c.Flush()
		c.mu.Lock()
		if c.cause != nil {
			defer c.mu.Unlock()
			return c.cause
		}
		if !c.out.writing {
			c.mu.Unlock()
			return nil
		}
		if c.written == nil {
			c.written = make(chan struct{})
		}
		written := c.written
		c.mu.Unlock()
		<-written
	}
}

// end closes the connection because of cause, unless the connection is over already. It returns the
// first cause.
func (c *Conn) end(cause error) error {
	c.mu.Lock()
	if c.cause != nil {
		defer c.mu.Unlock()
		return c.cause
	}
	c.cause = cause
	c.out.drop()
	c.live.stop()
	c.mu.Unlock()
	c.out.budget.connected(-1)
	if c.fixed > 0 {
		c.out.budget.Hold(-c.fixed)
	}
	c.s.Close()
	log := c.log.Debug
	if errors.Is(cause, ErrProtocol) || errors.Is(cause, ErrSilent) || isTimeout(cause) {
		log = c.log.Info
	}
	log("connection closed", "peer", c.peer.RemoteAddr, "reason", cause)
	close(c.done)
	return cause
}
