// Budget: what connections together hold in memory for their peers.

package zmtp

import "sync/atomic"

// Budget counts the bytes that the connections of one or more listeners hold:
// what waits in their send queues, and received messages of which a part is
// still to come. The zero Budget is ready for use; all methods are safe for
// concurrent use.
type Budget struct {
	held atomic.Int64
}

// Held returns the number of bytes; each connection may hold 4 KiB more than it
// has told.
func (b *Budget) Held() int64 { return b.held.Load() }
