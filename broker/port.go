package broker

// What the router needs of a connection, and the messages of one go.

import (
	"slices"
	"time"

	"trawl/edge/zmtp"
)

// peerConn is what the router needs of a connection; *zmtp.Conn is one. Its
// methods never block, so they may be called under the router's lock.
type peerConn interface {
	Queue(prefix []byte, m zmtp.Message) error
	Flush()
	Close() error
	Queued() (messages, bytes int)
	LastReceived() time.Time
	Peer() zmtp.Peer
}

// batch is what a goroutine does in one go: the messages that it read at once,
// the time when it did, and the connections that got something to flush.
type batch struct {
	conns []peerConn
	at    time.Time
}

// now is the time of the batch: asking the clock for each message costs more
// than to route it.
func (b *batch) now() time.Time {
	if b.at.IsZero() {
		b.at = time.Now()
	}
	return b.at
}

func (b *batch) add(c peerConn) {
	if !slices.Contains(b.conns, c) {
		b.conns = append(b.conns, c)
	}
}

func (b *batch) flush() {
	for i, c := range b.conns {
		c.Flush()
		b.conns[i] = nil
	}
	b.conns, b.at = b.conns[:0], time.Time{}
}
