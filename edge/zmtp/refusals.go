// Refused peers: why, how many, and how much of it goes to the log.

package zmtp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"sync"
	"syscall"
	"time"
)

// Reason says why a listener has refused a peer, in a word for counters.
type Reason string

const (
	ReasonLeft        Reason = "left"        // the peer hung up
	ReasonError       Reason = "error"       // it sent ERROR
	ReasonTimeout     Reason = "timeout"     // it did not finish the handshake in time
	ReasonOverload    Reason = "overload"    // it gave way to another handshake
	ReasonProtocol    Reason = "protocol"    // it broke the protocol or a limit, or cannot talk to us
	ReasonSecurity    Reason = "security"    // wrong mechanism, key or password
	ReasonApplication Reason = "application" // Options.Announce did not want it
	ReasonNetwork     Reason = "network"     // anything else
)

// Stats counts what a listener has seen since it began to listen.
type Stats struct {
	Accepted    uint64            // connections handed over by Accept
	Refused     map[Reason]uint64 // peers whose handshake failed; only reasons that occurred
	Handshaking int               // handshakes in progress, and done ones that wait for Accept
}

// refusal is an error of a handshake that knows its reason.
type refusal struct {
	reason Reason
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// reasonOf returns the reason to count the error of a handshake under.
func reasonOf(err error) Reason {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r.reason
	case errors.Is(err, ErrProtocol):
		return ReasonProtocol
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ReasonLeft
	case errors.Is(err, net.ErrClosed):
		return ReasonOverload
	case isTimeout(err):
		return ReasonTimeout
	}
	return ReasonNetwork
}

const (
	// refusalLines is how many refused peers a listener logs one by one in each
	// refusalWindow. The others it only counts.
	refusalLines  = 20
	refusalWindow = 10 * time.Second

	// sameRefusal is how often a peer that comes again and is refused for the same
	// reason is logged: one whose key is not allowed tries every few seconds for ever.
	sameRefusal = time.Minute
	// maxSame bounds how many such peers are remembered.
	maxSame = 256
)

// refusals keeps account of a listener's refused peers.
type refusals struct {
	log      *slog.Logger
	endpoint string

	mu         sync.Mutex
	counts     map[Reason]uint64
	same       map[sameKey]*repeated
	logged     int         // in this window
	suppressed int         // in this window
	window     *time.Timer // ends the window; nil while there is none
	closed     bool
}

// sameKey tells refused peers apart that are logged each by itself: host and reason.
type sameKey struct{ host, reason string }

// repeated is a peer that was refused, and maybe comes again.
type repeated struct {
	logged time.Time // the last time
	times  int       // it was refused since then
}

// add counts a refused peer and logs it, if there is room in the window and the same
// was not logged a moment ago. Peers that connect and leave, as port scans and health
// checks do, are not worth more than a debug line; those that are refused for their key
// or password are worth a warning.
func (r *refusals) add(peer string, err error) {
	reason := reasonOf(err)
	level := slog.LevelInfo
	switch reason {
	case ReasonLeft:
		level = slog.LevelDebug
	case ReasonSecurity, ReasonApplication:
		level = slog.LevelWarn
	}
	why := handshakeError(err)
	times, ok := r.count(reason, sameKey{hostOf(peer), why.Error()}, time.Now())
	if !ok {
		return
	}
	attributes := []any{"peer", peer, "endpoint", r.endpoint, "reason", why}
	if times > 1 {
		attributes = append(attributes, "times", times)
	}
	r.log.Log(context.Background(), level, "peer refused", attributes...)
}

// hostOf cuts the port off an address: another one with each connection.
func hostOf(peer string) string {
	if host, _, err := net.SplitHostPort(peer); err == nil {
		return host
	}
	return peer
}

// count counts and reports whether a line may be logged, and for how many refusals of
// that peer it stands.
func (r *refusals) count(reason Reason, key sameKey, now time.Time) (times int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[Reason]uint64)
	}
	r.counts[reason]++
	if reason == ReasonLeft {
		return 1, true // who reads debug lines wants them all
	}
	known := r.same[key]
	if known != nil {
		if known.times++; now.Sub(known.logged) < sameRefusal {
			return 0, false
		}
	}
	if r.window == nil && !r.closed {
		r.window = time.AfterFunc(refusalWindow, r.endWindow)
	}
	if r.logged == refusalLines {
		r.suppressed++
		return 0, false
	}
	r.logged++
	if known == nil {
		if r.same == nil || len(r.same) == maxSame {
			r.same = make(map[sameKey]*repeated)
		}
		known = &repeated{times: 1}
		r.same[key] = known
	}
	times, known.logged, known.times = known.times, now, 0
	return times, true
}

func (r *refusals) stats() map[Reason]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// endWindow says how many lines were suppressed, and allows new ones.
func (r *refusals) endWindow() {
	r.mu.Lock()
	suppressed := r.suppressed
	r.logged, r.suppressed, r.window = 0, 0, nil
	r.mu.Unlock()
	if suppressed > 0 {
		r.log.Warn("more peers were refused than logged", "endpoint", r.endpoint, "suppressed", suppressed, "within", refusalWindow)
	}
}

// close ends the window. What it has suppressed is said; of peers that came again for
// the same reason only the counts tell.
func (r *refusals) close() {
	r.mu.Lock()
	r.closed = true
	window := r.window
	r.mu.Unlock()
	if window != nil && window.Stop() {
		r.endWindow()
	}
}
