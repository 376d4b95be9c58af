package zmtp

// Budget: what connections together hold in memory for their peers.

import (
	"runtime"
	"sync/atomic"
)

// Budget counts the memory held for peers by the connections of one or more listeners, as retained:
// a buffer counts with the full capacity, however little is in use. A received message counts from
// the first bytes until the last reference is released, whoever holds the reference. A message in a
// send queue counts until written. Buffers of at most 4 KiB holding a single message are not
// counted: the holder of such messages counts them (see Message.Retained). The zero Budget counts
// and refuses nothing. All methods are safe for concurrent use.
type Budget struct {
	// Partial is the most bytes to keep of messages still arriving; 0: no bound. Total is the most
	// bytes to hold in all when a message grows; 0: no bound. Bytes beyond are read and thrown
	// away, and the message is cut (see Message.Truncated). The first 64 KiB of a message always
	// pass; with more than 256 connections, the first 4 KiB. Set both before use.
	Partial, Total int64

	// Parent, if set, counts in place of this budget, which then is a part of Parent with its own
	// bounds: Held of both is equal. A parent has no parent. Set Parent before use.
	Parent *Budget

	held, partial, conns atomic.Int64
	large                atomic.Int64 // bytes of unpooled buffers since the collector was run for them
}

const (
	// budgetSlack is how much a connection's queue may change before the budget is told, in bytes:
	// a peer that keeps reading costs nothing. A queue that waits for its peer counts exactly.
	budgetSlack = 8 << 10

	// manyConns is how many connections get memory for a message on the word of the header alone,
	// up to readStep bytes each. With more, that would be too much.
	manyConns = 256
)

func (b *Budget) root() *Budget {
	if b.Parent != nil {
		return b.Parent
	}
	return b
}

// Held returns the number of bytes, exact to 8 KiB a connection.
func (b *Budget) Held() int64 { return b.root().held.Load() }

// Crowded reports whether more than half of Partial is taken: a peer stopping in the middle of a
// message is in the way of others.
func (b *Budget) Crowded() bool { return b.Partial > 0 && b.partial.Load() > b.Partial/2 }

// Hold counts n bytes, less if negative, that something other than a connection of
// this package holds.
func (b *Budget) Hold(n int64) { b.root().held.Add(n) }

// Reserve counts n more bytes of a message that is arriving by other ways than a
// connection of this package; false if Partial or Total allows no more, and then
// nothing is counted. A negative n gives bytes back.
func (b *Budget) Reserve(n int64) bool {
	sum, held := b.partial.Add(n), b.root().held.Add(n)
	if n > 0 && (b.Partial > 0 && sum > b.Partial || b.Total > 0 && held > b.Total) {
		b.partial.Add(-n)
		b.Hold(-n)
		return false
	}
	return true
}

// step is how many bytes of a message are always allowed.
func (b *Budget) step() int {
	if b != nil && b.root().conns.Load() > manyConns {
		return smallBuffer
	}
	return readStep
}

// allows reports whether a message that is still arriving may grow by more bytes, to
// size. The budget was told of counted bytes of it.
func (b *Budget) allows(size, counted, more int64) bool {
	if b == nil || size <= int64(b.step()) {
		return true
	}
	return (b.Partial == 0 || b.partial.Load()-counted+size <= b.Partial) &&
		(b.Total == 0 || b.Held()+more <= b.Total)
}

// collect runs the garbage collector before unpooled buffers of half of Total have been made since
// the last collection: messages that grew or ended may leave as much garbage behind as the budget
// holds. The runtime alone tolerates that much garbage, and goes over the memory limit during a
// collection.
func (b *Budget) collect(n int) {
	if b == nil || b.root().Total == 0 {
		return
	}
	root := b.root()
	if sum := root.large.Add(int64(n)); sum > root.Total/2 && root.large.CompareAndSwap(sum, int64(n)) {
		runtime.GC()
	}
}

// connected counts connections: n is 1 for a new connection and -1 at its end.
func (b *Budget) connected(n int64) {
	if b != nil {
		b.root().conns.Add(n)
	}
}

// count tells the budget how large the memory of the message in progress is, and notes
// how much of the message is there.
func (r *reader) count(size int64, arrived int) {
	if r.budget == nil {
		return
	}
	if size != r.counted {
		r.budget.partial.Add(size - r.counted)
		r.counted = size
	}
	if before := r.arrived.Load(); before != int64(arrived) {
		if arrived == 0 {
			r.number.Add(1)
		}
		r.arrived.Store(int64(arrived))
	}
}

// Partial returns how many bytes of a message still arriving have come, 0 if no message is on the
// way; and a number that differs for each such message. Partial is for connections with a budget,
// and for messages not arriving in one piece. Any goroutine may call Partial.
func (c *Conn) Partial() (bytes int64, message uint64) {
	return c.in.arrived.Load(), c.in.number.Load()
}

// tell tells the budget what the queue holds now.
func (o *outbox) tell() {
	if o.budget != nil && o.held != o.counted {
		o.budget.Hold(o.held - o.counted)
		o.counted = o.held
	}
}

// tellChange is tell if that makes a difference.
func (o *outbox) tellChange() {
	if d := o.held - o.counted; d >= budgetSlack || -d >= budgetSlack || o.held == 0 && d != 0 {
		o.tell()
	}
}
