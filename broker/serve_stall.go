package broker

// Peers that stop, or nearly stop, in the middle of a message: it takes memory that
// others need. The rule holds for clients and for workers.

import (
	"time"

	"trawl/edge/wire"
)

const (
	// Of a message that is arriving stallLeast bytes have to come within stallTime.
	// While memory for such messages is short, the time is stallTimeCrowded, and a
	// sixteenth of what is there has to come, too: a large message then takes a minute at most.
	stallTime        = 30 * time.Second
	stallTimeCrowded = 3 * time.Second
	stallLeast       = 64 << 10
	stallShare       = 16
)

// arrival watches how a message arrives.
type arrival struct {
	message uint64 // which one
	bytes   int64  // of it that were there at a time
	since   time.Time
}

// stalled reports whether the message with a number, of which so many bytes have come,
// does not go on. It is asked now and then; no bytes mean that none is arriving.
func (a *arrival) stalled(now time.Time, bytes int64, message uint64, crowded bool) bool {
	least, most := int64(stallLeast), stallTime
	if crowded {
		least, most = max(stallLeast, bytes/stallShare), stallTimeCrowded
	}
	switch {
	case bytes == 0:
		*a = arrival{}
	case a.since.IsZero(), message != a.message, bytes-a.bytes >= least: // the first, or another message, or it goes on
		*a = arrival{message: message, bytes: bytes, since: now}
	default:
		return now.Sub(a.since) > most
	}
	return false
}

// closeStalled closes the connections whose messages do not go on. It is called with
// every heartbeat, by one goroutine.
func (b *Broker) closeStalled(now time.Time) {
	// After a pause of our own (the process was stopped, the board suspended) nothing
	// seems to go on.
	slept := now.Sub(b.stallsAt) > wire.MissedHeartbeats*b.options.Heartbeat
	b.stallsAt = now
	b.mu.Lock()
	var stalled []*connection
	for _, d := range b.doors() {
		crowded := d.budget.Crowded()
		for _, c := range d.conns {
			if slept {
				c.arrival = arrival{}
			}
			bytes, message := c.conn.Partial()
			if c.arrival.stalled(now, bytes, message, crowded) {
				stalled = append(stalled, c)
			}
		}
	}
	b.mu.Unlock()
	for _, c := range stalled {
		b.options.Log.Warn("peer stopped in the middle of a message: closed", "address", c.conn.Peer().RemoteAddr,
			"bytes", c.arrival.bytes, "for", now.Sub(c.arrival.since).Round(time.Second))
		_ = c.conn.Close()
	}
	b.router.noteStalled(len(stalled))
}

func (r monitor) noteStalled(n int) {
	if n == 0 {
		return
	}
	r.lock()
	defer r.unlock()
	r.stalledSenders += int64(n)
}
