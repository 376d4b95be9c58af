package zmtp

// Liveness: the watch over a silent peer. A timer looks at the connection a few
// times before the peer is taken for dead. It costs nothing per message and no
// goroutine while the connection is idle.

import (
	"fmt"
	"sync/atomic"
	"time"
)

// looksPerLimit is how many times, at least, a connection is looked at before the peer is taken for
// dead.
const looksPerLimit = 3

// epoch is the beginning of the times in this file: a time since epoch fits into an atomic integer.
var epoch = time.Now()

// heardStream is a stream that notes when bytes arrive.
type heardStream struct {
	stream
	lazy lazySource   // stream, if it is one; else nil
	last atomic.Int64 // nanoseconds since epoch
}

func (s *heardStream) Read(p []byte) (int, error) {
	n, err := s.stream.Read(p)
	if n > 0 {
		s.note()
	}
	return n, err
}

func (s *heardStream) readInto(m readMemory) (n int, err error) {
	if s.lazy != nil {
		n, err = s.lazy.readInto(m)
	} else {
		n, err = s.stream.Read(m.room())
	}
	if n > 0 {
		s.note()
	}
	return n, err
}

func (s *heardStream) note() {
	now := time.Since(epoch)
	s.last.Store(int64(now))
	if scheduler.enabled.Load() {
		scheduler.noteRead(now)
	}
}

// LastReceived returns when the latest bytes arrived, whatever they were part
// of. At first that is the end of the handshake.
func (c *Conn) LastReceived() time.Time {
	return epoch.Add(time.Duration(c.heard.last.Load()))
}

// liveness is what the watch knows of a peer. Conn.mu guards it. All times are
// since epoch.
type liveness struct {
	Heartbeat
	pingable bool          // ZMTP 3.1, or has sent a PING
	ttl      time.Duration // silence after which the peer wants to be taken for dead; 0: never

	timer    *time.Timer   // nil while there is nothing to watch for
	due      time.Duration // when it fires
	nextPing time.Duration
	counted  time.Duration // silence before this does not count
}

// pings reports whether PINGs are sent.
func (l *liveness) pings() bool { return l.Interval > 0 && l.pingable }

// limit is the silence that ends the connection; 0: none does.
func (l *liveness) limit() time.Duration {
	if l.pings() && l.Timeout > 0 && (l.ttl == 0 || l.Timeout < l.ttl) {
		return l.Timeout
	}
	return l.ttl
}

// period is the time between two looks; 0: there is nothing to watch for.
func (l *liveness) period() time.Duration {
	period := l.limit() / looksPerLimit
	if l.pings() && (period == 0 || l.Interval < period) {
		return l.Interval
	}
	return period
}

// watch begins to watch, or to look more often, as what is known of the peer
// wants it. c.mu is held.
func (c *Conn) watch() {
	l, now := &c.live, time.Since(epoch)
	period := l.period()
	switch {
	case period == 0 || c.cause != nil:
	case l.timer == nil:
		l.counted, l.nextPing, l.due = now, now+l.Interval, now+period
		l.timer = time.AfterFunc(period, c.tick)
	case l.due > now+period:
		l.due = now + period
		l.timer.Reset(period)
	}
}

// SetHeartbeat changes Options.Heartbeat, a listener's for all connections, for this connection:
// the zero Heartbeat ends the PINGs to a peer giving signs of life without PINGs. A time to live in
// PINGs of the peer still counts.
func (c *Conn) SetHeartbeat(h Heartbeat) error {
	if err := h.check(); err != nil {
		return fmt.Errorf("zmtp: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.live
	l.Heartbeat = h.withDefaults()
	if l.timer != nil {
		l.timer.Stop() // if it calls tick at this moment, that finds what is new
		l.timer = nil
	}
	c.watch()
	return nil
}

func (l *liveness) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// pinged notes that the peer has sent a PING with ttl.
func (c *Conn) pinged(ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live.pingable, c.live.ttl = true, ttl
	c.watch()
}

// tick runs when the timer fires: it ends the connection of a peer silent for too long, else sends
// a PING when a PING is due.
func (c *Conn) tick() {
	nobodyReads := c.recvMu.TryLock()
	if nobodyReads {
		c.recvMu.Unlock()
	}
	if silence, dead := c.checkSilence(nobodyReads); dead {
		c.end(fmt.Errorf("zmtp: %w: nothing received from %s for %v", ErrSilent, c.peer.RemoteAddr, silence.Round(time.Millisecond)))
		return
	}
	c.Flush() // the PING
}

// checkSilence returns for how long the peer has been silent and whether the peer is dead. For a
// live peer it queues a PING when due, and winds up the timer. Silence does not count while nobody
// reads, or while the process itself stood still: then the signs of life may be waiting in the
// socket.
func (c *Conn) checkSilence(nobodyReads bool) (silence time.Duration, dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, now := &c.live, time.Since(epoch)
	if c.cause != nil || c.draining {
		return 0, false
	}
	if l.period() == 0 {
		l.timer = nil
		return 0, false
	}
	if stoodStill := now-l.due > l.period()/2; nobodyReads || stoodStill {
		l.counted = now
	}
	wait := l.period()
	silence = now - max(l.counted, time.Duration(c.heard.last.Load()))
	if limit := l.limit(); limit > 0 {
		if silence >= limit {
			return silence, true
		}
		wait = min(wait, limit-silence)
	}
	if l.pings() && now >= l.nextPing {
		c.out.putCommand(cmdPing, l.ping())
		l.nextPing = now + l.Interval
	}
	l.due = now + wait
	l.timer.Reset(wait)
	return silence, false
}
