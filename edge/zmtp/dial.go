package zmtp

// Dialing: a single attempt, and the Dialer that keeps a connection up.

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Dial makes a single attempt to connect to endpoint, handshake included. The caller owns the
// connection, which outlives ctx.
func Dial(ctx context.Context, endpoint string, o Options) (*Conn, error) {
	e, err := parseEndpoint(endpoint, false)
	if err != nil {
		return nil, err
	}
	if err := o.check(false); err != nil {
		return nil, err
	}
	c, err := e.connect(ctx, o.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("zmtp: dial %s: %w", endpoint, err)
	}
	return c, nil
}

func (e endpoint) connect(ctx context.Context, o Options) (*Conn, error) {
	dialing, cancel := context.WithTimeout(ctx, o.DialTimeout)
	defer cancel()
	s, err := e.dial(dialing)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	c, err := connect(s, &o, false)
	if !stop() { // ctx ended and closed the stream
		if c != nil {
			c.Close()
		}
		return nil, ctx.Err()
	}
	if err != nil {
		s.Close()
		return nil, &failedHandshake{handshakeError(err)}
	}
	return c, nil
}

// Dialer keeps a connection to one endpoint up. Fill in the fields, then Run; the fields must not
// change during Run.
type Dialer struct {
	Endpoint string
	Options  Options

	// Up, if set, is called with each new connection before it is served.
	Up func(c *Conn)

	// Down, if set, is called after each failed attempt and each connection
	// that ended, with the reason and the time to the next attempt.
	Down func(err error, retryIn time.Duration)
}

// Run connects for ever: Run calls serve with each connection, closes the connection when serve
// returns, and connects again after a pause. serve owns the connection until then. The pause grows
// from failure to failure and starts over after a successful handshake. Run returns ctx's error
// when ctx has ended and serve has returned (serve has to watch ctx), or at once an error about the
// endpoint or the options.
func (d *Dialer) Run(ctx context.Context, serve func(ctx context.Context, c *Conn) error) error {
	if _, err := parseEndpoint(d.Endpoint, false); err != nil {
		return err
	}
	if err := d.Options.check(false); err != nil {
		return err
	}
	o := d.Options.withDefaults()
	backoff := o.BackoffMin
	for ctx.Err() == nil {
		c, err := Dial(ctx, d.Endpoint, d.Options)
		if err == nil {
			backoff = o.BackoffMin
			err = d.serve(ctx, c, serve)
		}
		if ctx.Err() != nil {
			break
		}
		pause := backoff - rand.N(backoff/2+1)
		if d.Down != nil {
			d.Down(err, pause)
		}
		if !sleep(pause, ctx.Done()) {
			break
		}
		backoff = min(2*backoff, o.BackoffMax)
	}
	return ctx.Err()
}

func (d *Dialer) serve(ctx context.Context, c *Conn, serve func(context.Context, *Conn) error) error {
	defer c.Close()
	if d.Up != nil {
		d.Up(c)
	}
	return serve(ctx, c)
}
