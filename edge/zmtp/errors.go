// The errors a caller may want to tell apart.

package zmtp

import "errors"

var (
	// ErrFull says that a connection's send queue is at a high-water mark: the
	// peer reads more slowly than it is written to. The message was not queued.
	ErrFull = errors.New("zmtp: send queue is full")

	// ErrClosed says that the connection or listener was closed by this side.
	ErrClosed = errors.New("zmtp: closed")

	// ErrSilent is wrapped by the error of a connection whose peer gave no sign
	// of life for the time in Options.Heartbeat, or that it promised itself.
	ErrSilent = errors.New("peer is silent")

	// ErrProtocol is wrapped by every error about a peer that broke the
	// protocol or one of the limits in Options.
	ErrProtocol = errors.New("protocol error")
)

// violation is a protocol error with its one-line reason.
type violation struct{ reason string }

func (v *violation) Error() string { return ErrProtocol.Error() + ": " + v.reason }
func (v *violation) Unwrap() error { return ErrProtocol }

func protocolError(reason string) error { return &violation{reason} }
