package zmtp

// The errors a caller may want to tell apart.

import (
	"errors"
	"fmt"
)

var (
	// ErrFull says that a connection's send queue is at a high-water mark: the
	// peer reads more slowly than it is written to. The message was not queued.
	ErrFull = errors.New("zmtp: send queue is full")

	// ErrClosed says that the connection or listener was closed by this side.
	ErrClosed = errors.New("zmtp: closed")

	// ErrSilent is wrapped by the error of a connection whose peer gave no sign of life for the
	// time in Options.Heartbeat, or for the time that the peer promised.
	ErrSilent = errors.New("peer is silent")

	// ErrProtocol is wrapped by every error about a peer that broke the
	// protocol or one of the limits in Options.
	ErrProtocol = errors.New("protocol error")
)

// violation is a protocol error with a one-line reason.
type violation struct{ reason string }

func (v *violation) Error() string { return ErrProtocol.Error() + ": " + v.reason }
func (v *violation) Unwrap() error { return ErrProtocol }

func protocolError(reason string) error { return &violation{reason} }

// MechanismError says that the two ends of a connection are set up for different
// mechanisms of security.
type MechanismError struct{ Ours, Theirs string }

func (e *MechanismError) Error() string {
	return fmt.Sprintf("%v: peer wants security mechanism %s; this endpoint speaks only %s", ErrProtocol, e.Theirs, e.Ours)
}

// Unwrap returns ErrProtocol.
func (e *MechanismError) Unwrap() error { return ErrProtocol }

// failedHandshake is the error of a dialer that reached somebody.
type failedHandshake struct{ err error }

func (f *failedHandshake) Error() string { return f.err.Error() }
func (f *failedHandshake) Unwrap() error { return f.err }

// IsRefusal reports whether err, from Dial or given to Dialer.Down, says that somebody is there and
// does not take this side as it is: another mechanism of security, a key or password not allowed,
// another protocol. Trying again is of use only after a change.
func IsRefusal(err error) bool {
	var failed *failedHandshake
	var known *refusal
	var away *turnedAway
	switch {
	case !errors.As(err, &failed):
		return false
	case errors.As(err, &away), errors.Is(err, ErrProtocol):
		return true
	case errors.As(err, &known):
		return known.reason == ReasonSecurity || known.reason == ReasonApplication || known.reason == ReasonError
	}
	return false
}
