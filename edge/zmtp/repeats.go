package zmtp

// Peers refused again and again for one reason: a peer whose key is not allowed tries every few
// seconds for ever, and is logged once a minute.

import (
	"net"
	"sync"
	"time"
)

const (
	// repeatTime is how often the same host with the same reason is logged.
	repeatTime = time.Minute
	// maxRepeats bounds how many of them are remembered. Beyond, all are forgotten
	// and logged anew.
	maxRepeats = 256
)

// repeats remembers what was logged. The zero value is ready for use, by any goroutine.
type repeats struct {
	mu   sync.Mutex
	seen map[repeatKey]*repeated
}

type repeatKey struct{ host, reason string }

// repeated is a refusal that was logged, and may come again.
type repeated struct {
	logged time.Time // the last time
	times  int       // since then
}

// pass counts a refusal of a peer and reports whether it is to be logged, and for how
// many refusals that line stands.
func (r *repeats) pass(peer string, reason error, now time.Time) (times int, ok bool) {
	key := repeatKey{hostOf(peer), reason.Error()}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.seen[key]
	if known == nil {
		if r.seen == nil || len(r.seen) == maxRepeats {
			r.seen = make(map[repeatKey]*repeated)
		}
		known = new(repeated)
		r.seen[key] = known
	}
	known.times++
	if now.Sub(known.logged) < repeatTime {
		return 0, false
	}
	times, known.logged, known.times = known.times, now, 0
	return times, true
}

// hostOf cuts the port off an address: another one with each connection.
func hostOf(peer string) string {
	if host, _, err := net.SplitHostPort(peer); err == nil {
		return host
	}
	return peer
}
