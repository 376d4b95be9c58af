package zmtp

// Refused peers: why, and how many.

import (
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
	Handshaking int               // handshakes in progress, and done ones waiting for Accept
}

// refusal is an error of a handshake, with its Reason.
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

// refusals keeps account of a listener's refused peers.
type refusals struct {
	log      *slog.Logger // limited
	endpoint string

	mu      sync.Mutex
	counts  map[Reason]uint64
	repeats repeats
}

// add counts a refused peer and logs it, unless an equal refusal was logged a moment ago. Peers
// that connect and leave, like port scans and health checks, are worth a debug line only; a refused
// key or password is worth a warning.
func (r *refusals) add(peer string, err error) {
	reason, why := reasonOf(err), handshakeError(err)
	r.count(reason)
	log, times := r.log.Info, 1
	switch reason {
	case ReasonLeft:
		log = r.log.Debug
	case ReasonSecurity, ReasonApplication:
		log = r.log.Warn
	}
	if reason != ReasonLeft { // who reads debug lines wants them all
		var pass bool
		if times, pass = r.repeats.pass(peer, why, time.Now()); !pass {
			return
		}
	}
	about := []any{"peer", peer, "endpoint", r.endpoint, "reason", why}
	if times > 1 {
		about = append(about, "times", times)
	}
	log("peer refused", about...)
}

func (r *refusals) count(reason Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[Reason]uint64)
	}
	r.counts[reason]++
}

func (r *refusals) stats() map[Reason]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}
