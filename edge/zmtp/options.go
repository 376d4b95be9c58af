package zmtp

// Options of listeners and dialers, with the defaults and units.

import (
	"log/slog"
	"math"
	"os"
	"time"
)

// Options configure a Listener, Dial or a Dialer. The zero value of every field
// but SocketType is a sane default.
type Options struct {
	// SocketType is what we announce: REQ, REP, DEALER, ROUTER, PUSH or PULL.
	// It may be empty only for a listener with Announce.
	SocketType string

	// Announce, for listeners, chooses the announced socket type by the peer's: a broker is DEALER
	// to a REP and ROUTER to a DEALER. The listener then waits for the peer's READY before sending
	// READY. An error refuses the peer and is logged. Announce is called from many goroutines at
	// once and must not block.
	Announce func(peer Peer) (socketType string, err error)

	// Identity is announced to the peer; at most 255 bytes, default none.
	Identity []byte

	// HandshakeTimeout bounds greeting and handshake together. Default 5 s.
	HandshakeTimeout time.Duration

	// MaxHandshakes is the most handshakes that a listener runs at once. At the limit, the oldest
	// handshake that is silent for 250 ms gives way to the next connection. Default 256.
	MaxHandshakes int

	// Limits on what a peer sends. Crossing one closes the connection.
	MaxFrame     int64 // bytes of a single frame's body; default 64 MiB
	MaxMessage   int64 // bytes of a single message in wire form; default 65 MiB
	MaxFrames    int   // frames of a single message; default 70,000
	MaxHandshake int   // bytes of a single command; default 8 KiB

	// High-water marks of a connection's send queue. At either of them Queue
	// says ErrFull; a message larger than SendBytes still passes while nothing
	// else is queued.
	SendMessages int   // default 10,000 messages
	SendBytes    int64 // in wire form; default 16 MiB; the memory behind it is at most about twice that

	// KeepMessage, if it is not 0, is how many bytes of a message are kept. The
	// frames that would go beyond are read and thrown away, up to the limits
	// above, and the message is cut: see Message.Truncated.
	KeepMessage int64

	// Budget, if there is one, is told what the connections hold, and says when
	// large messages are not kept.
	Budget *Budget

	// WriteTimeout closes a connection whose peer takes no byte of the queue during this time.
	// Default 30 s; negative: never.
	WriteTimeout time.Duration

	// Heartbeat watches over peers that can be asked for signs of life. Off by default: the type
	// Heartbeat says for which peers to use it.
	Heartbeat Heartbeat

	// SocketMode is the permissions of the socket file of an ipc endpoint. Who
	// may write to the file may connect. Default 0o660.
	SocketMode os.FileMode

	// Security protects connections. Default: not at all.
	Security Security

	// RefusalHold is how long a listener keeps the connection of a peer refused for a curable
	// reason (a key not allowed, a wrong password or mechanism, an error of Announce), to keep the
	// peer from coming back at once. A held connection counts as a handshake and gives way to
	// others. Default 1 s; negative: not at all.
	RefusalHold time.Duration

	// DialTimeout bounds a single attempt to connect, without the handshake. Default 5 s.
	DialTimeout time.Duration

	// BackoffMin and BackoffMax bound a Dialer's pause between attempts, which
	// doubles after each failure and is shortened at random by up to a half.
	// Defaults 100 ms and 5 s.
	BackoffMin, BackoffMax time.Duration

	// SocketBuffer is how many bytes of a TCP connection the system's kernel keeps in each
	// direction, at most about twice the value; a fourth from the 257th connection with a common
	// Budget on. For listeners; default: the system's choice.
	SocketBuffer int

	// Log receives refused and misbehaving peers with the reason, within the limits of
	// LimitLog. Default: discarded.
	Log *slog.Logger
}

// withDefaults returns o with every zero field filled in.
func (o Options) withDefaults() Options {
	orDefault(&o.HandshakeTimeout, 5*time.Second)
	orDefault(&o.MaxHandshakes, 256)
	orDefault(&o.MaxFrame, 64<<20)
	orDefault(&o.MaxMessage, 65<<20)
	orDefault(&o.MaxFrames, 70_000)
	orDefault(&o.MaxHandshake, 8<<10)
	orDefault(&o.SendMessages, 10_000)
	orDefault(&o.SendBytes, 16<<20)
	orDefault(&o.WriteTimeout, 30*time.Second)
	o.Heartbeat = o.Heartbeat.withDefaults()
	orDefault(&o.SocketMode, 0o660)
	o.Security = o.Security.withDefaults()
	orDefault(&o.RefusalHold, time.Second)
	orDefault(&o.DialTimeout, 5*time.Second)
	orDefault(&o.BackoffMin, 100*time.Millisecond)
	orDefault(&o.BackoffMax, 5*time.Second)
	o.BackoffMax = max(o.BackoffMax, o.BackoffMin)

	// A message lives in one slice: on 32-bit systems keep twice the size, which a growing buffer
	// may ask for, within an int.
	o.MaxMessage = min(o.MaxMessage, math.MaxInt/4)
	o.MaxFrame = min(o.MaxFrame, math.MaxInt/4)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = LimitLog(o.Log)
	return o
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
