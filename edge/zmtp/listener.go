package zmtp

// Listener: accepts connections and runs each one's handshake in a goroutine
// of its own.

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Listener is a bound endpoint. Its methods are for any goroutine.
type Listener struct {
	o          Options
	src        acceptor
	handshakes *handshakes
	refusals   *refusals
	accepted   chan *Conn
	handedOver atomic.Uint64 // connections, by Accept
	closed     chan struct{}
	closeOnce  sync.Once
	goroutines sync.WaitGroup
}

// Listen binds endpoint, as tcp://127.0.0.1:5555, tcp://*:5555, tcp://[::1]:5555, tcp://eth0:5555
// (the first address of a network interface, see BindHost), ipc:///run/name, ipc://@name (Linux) or
// inproc://name; port 0 or * lets the system choose a port. The error says why the endpoint is
// wrong, or that the endpoint is taken.
func Listen(endpoint string, o Options) (*Listener, error) {
	e, err := parseEndpoint(endpoint, true)
	if err != nil {
		return nil, err
	}
	if err := o.check(true); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	src, err := e.listen(&o)
	if err != nil {
		return nil, listenError(endpoint, err)
	}
	l := &Listener{
		o:          o,
		src:        src,
		handshakes: newHandshakes(o.MaxHandshakes),
		refusals:   &refusals{log: o.Log, endpoint: src.endpoint()},
		accepted:   make(chan *Conn),
		closed:     make(chan struct{}),
	}
	l.goroutines.Go(l.run)
	return l, nil
}

// Endpoint returns the bound endpoint with the real port, fit for dialing from this machine.
func (l *Listener) Endpoint() string { return l.src.endpoint() }

// Accept waits for the next connection with a completed handshake; the caller owns the connection.
// After Close the error is ErrClosed; there is no other error.
func (l *Listener) Accept() (*Conn, error) {
	select {
	case c := <-l.accepted:
		l.handedOver.Add(1)
		return c, nil
	case <-l.closed:
		return nil, ErrClosed
	}
}

// Stats returns the listener's counters.
func (l *Listener) Stats() Stats {
	return Stats{
		Accepted:    l.handedOver.Load(),
		Refused:     l.refusals.stats(),
		Handshaking: l.handshakes.count(),
	}
}

// Close stops accepting and ends the handshakes in progress; accepted connections live on. It
// returns when the endpoint is free and all of the listener's goroutines are gone. Closing again
// does nothing.
func (l *Listener) Close() error {
	var err error
	l.closeOnce.Do(func() {
		close(l.closed)
		err = l.src.Close()
		l.handshakes.closeAll()
	})
	l.goroutines.Wait()
	FlushLog(l.o.Log)
	return err
}

// acceptErrorEvery is how often a failure to accept is logged while it lasts.
const acceptErrorEvery = 10 * time.Second

// run accepts until Close.
func (l *Listener) run() {
	var pause time.Duration
	var logged time.Time
	for l.handshakes.waitForRoom(l.closed) {
		s, err := l.src.accept()
		if err == nil {
			pause = 0
			if socket, ok := s.(*socketStream); ok && l.o.SocketBuffer > 0 && l.o.Budget.step() < readStep {
				socket.shrinkBuffers(l.o.SocketBuffer / 4)
			}
			l.start(s)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// Out of descriptors or memory, most likely: it passes.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		if time.Since(logged) > acceptErrorEvery {
			l.o.Log.Warn("cannot accept connections; trying again and again", "endpoint", l.Endpoint(), "error", err)
			logged = time.Now()
		}
		if !sleep(pause, l.closed) {
			return
		}
	}
}

// start runs the handshake of s and hands the connection to Accept.
func (l *Listener) start(s stream) {
	slot := l.handshakes.begin(s)
	l.goroutines.Go(func() {
		defer l.handshakes.end(slot)
		c, err := connect(s, &l.o, true)
		if err != nil {
			addr, _ := s.remote()
			l.refusals.add(addr, err)
			l.delayClose(slot, err)
			s.Close()
			return
		}
		l.handshakes.settle(slot)
		select {
		case l.accepted <- c:
		case <-l.closed:
			c.Close()
		}
	})
}

// check reports what is wrong with o for a listener or a dialer.
func (o Options) check(listener bool) error {
	announced := listener && o.Announce != nil // the socket type may be left open
	if o.SocketType != "" || !announced {
		if err := checkSocketType(o.SocketType); err != nil {
			return fmt.Errorf("zmtp: %w", err)
		}
	}
	if err := o.Security.check(listener); err != nil {
		return fmt.Errorf("zmtp: %w", err)
	}
	if err := o.Heartbeat.check(); err != nil {
		return fmt.Errorf("zmtp: %w", err)
	}
	if len(o.Identity) > maxIdentity {
		return fmt.Errorf("zmtp: identity of %d bytes; at most %d are allowed", len(o.Identity), maxIdentity)
	}
	return nil
}

// sleep waits for d and reports true, or false at once when stop is closed.
func sleep(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}
