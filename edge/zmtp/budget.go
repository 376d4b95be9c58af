// Budget: what connections together hold in memory for their peers.

package zmtp

import "sync/atomic"

// Budget counts the bytes that the connections of one or more listeners hold:
// what waits in their send queues, and received messages of which a part is
// still to come. The zero Budget counts and refuses nothing. All methods are
// safe for concurrent use.
type Budget struct {
	// Partial, if it is not 0, is how many bytes of messages that are still
	// arriving are kept. What goes beyond is read and thrown away, and the
	// message is cut (see Message.Cut); the first 64 KiB of a message always
	// pass. On a connection with CURVE, where nothing can be told from a part of
	// a frame, the connection ends instead. Set it before use.
	Partial int64

	queued, partial atomic.Int64
}

// budgetSlack is how much a connection's queue may change before the budget is
// told, in bytes: a peer that reads what it gets costs nothing.
const budgetSlack = 4 << 10

// Held returns the number of bytes, exact to 4 KiB a connection.
func (b *Budget) Held() int64 { return b.queued.Load() + b.partial.Load() }

// Crowded reports whether more than half of Partial is taken: a peer that stops in
// the middle of a message is in the way of others.
func (b *Budget) Crowded() bool { return b.Partial > 0 && b.partial.Load() > b.Partial/2 }

// Reserve counts n more bytes of a message that is arriving by other ways than a
// connection of this package; false if Partial allows no more, and then nothing
// is counted. A negative n gives bytes back.
func (b *Budget) Reserve(n int64) bool {
	if sum := b.partial.Add(n); n > 0 && b.Partial > 0 && sum > b.Partial {
		b.partial.Add(-n)
		return false
	}
	return true
}

// Hold counts n bytes, less if negative, that wait for a peer of another kind.
func (b *Budget) Hold(n int64) { b.queued.Add(n) }

// allows reports whether a message that has grown to size, of which counted
// bytes are counted already, may be kept.
func (b *Budget) allows(size, counted int64) bool {
	return b == nil || b.Partial == 0 || size <= readStep || b.partial.Load()-counted+size <= b.Partial
}

// count tells the budget what a reader holds now.
func (r *reader) count(size int64) {
	if r.budget != nil && size != r.counted.Load() {
		r.budget.partial.Add(size - r.counted.Load())
		r.counted.Store(size)
	}
}

// Partial returns how many bytes of a message that is still arriving are held;
// 0 if none is. It counts for connections with a budget only. Any goroutine may
// call it.
func (c *Conn) Partial() int64 { return c.in.counted.Load() }

// tell tells the budget what the queue holds now.
func (o *outbox) tell() {
	if o.budget != nil {
		o.budget.queued.Add(o.bytes - o.counted)
		o.counted = o.bytes
	}
}

// tellChange is tell if that makes a difference.
func (o *outbox) tellChange() {
	d := o.bytes - o.counted
	if d >= budgetSlack || -d >= budgetSlack || o.bytes == 0 && d != 0 {
		o.tell()
	}
}
