package worker

// Heartbeats: signs of life to and from a broker.

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// heartbeats sends heartbeats to a broker and ends the connection when the broker is silent. Start,
// answer and stop are for the reader of the connection.
type heartbeats struct {
	conn         *zmtp.Conn
	link         *link
	welcomeTimer *time.Timer // ends the connection if the broker's welcome does not come
	unwelcome    atomic.Bool // the welcome did not come
	lost         atomic.Bool // the broker was silent

	interval    atomic.Int64  // time between heartbeats, in ns, as the broker said it last
	heard       chan struct{} // the broker has sent a heartbeat; capacity 1
	isAnswering bool          // the broker's heartbeats come in time; for the sending goroutine
	done        chan struct{} // closed by stop; nil before start
	ended       sync.WaitGroup
}

// newHeartbeats waits for the broker's welcome. stop must follow.
func newHeartbeats(l *link, conn *zmtp.Conn) *heartbeats {
	b := &heartbeats{conn: conn, link: l}
	b.welcomeTimer = time.AfterFunc(l.worker.options.welcomeTime, func() {
		b.unwelcome.Store(true)
		_ = conn.Close()
	})
	return b
}

// start sends heartbeats every interval, until a heartbeat of the broker says another interval. A
// second welcome is ignored.
//
// The worker answers each heartbeat of the broker: the broker of a large fleet then wakes up once for
// many workers, rather than for each worker at another time. If the broker's heartbeat is late by up
// to an eighth of interval, the worker waits. After that, the worker sends by its own clock.
func (b *heartbeats) start(interval time.Duration) {
	if b.done != nil {
		return
	}
	b.welcomeTimer.Stop()
	b.interval.Store(int64(interval))
	b.heard, b.done = make(chan struct{}, 1), make(chan struct{})
	b.ended.Go(func() {
		timer := time.NewTimer(interval)
		defer timer.Stop()
		var costs costsFrame
		for {
			l := b.link
			l.active.Store(l.requested.Swap(false))
			sendHeartbeat(b.conn, costs.appendTo([][]byte{l.stats()}, l.worker.sets)...)
			if !b.await(timer, time.Now()) {
				return
			}
			if time.Since(b.conn.LastReceived()) > wire.MissedHeartbeats*b.every() {
				b.lost.Store(true)
				_ = b.conn.Close()
			}
		}
	})
}

// await waits until the next heartbeat is due; sent is the time of the worker's latest heartbeat. The
// result is false after the end. A heartbeat of the broker soon after the worker's own, as may happen
// at the beginning, is not answered.
func (b *heartbeats) await(timer *time.Timer, sent time.Time) bool {
	for {
		interval := b.every()
		pause := interval
		if b.isAnswering {
			pause += interval / 8
		}
		timer.Reset(pause)
		select {
		case <-b.done:
			return false
		case <-b.conn.Done():
			return false
		case <-timer.C:
			b.isAnswering = false
			return true
		case <-b.heard:
			b.isAnswering = true
			if time.Since(sent) >= b.every()/8 {
				return true
			}
		}
	}
}

// every returns the time between heartbeats.
func (b *heartbeats) every() time.Duration { return time.Duration(b.interval.Load()) }

// answer makes the worker answer a heartbeat of the broker, and takes the interval from control, the
// heartbeat's frame. A heartbeat before the welcome, or without an interval, changes nothing.
func (b *heartbeats) answer(control []byte) {
	if interval, ok := wire.ParseHeartbeatControl(control); ok && b.done != nil {
		b.interval.Store(int64(interval))
	}
	select {
	case b.heard <- struct{}{}:
	default: // before the welcome, or the heartbeat before is not answered yet
	}
}

// stop ends the sending goroutine.
func (b *heartbeats) stop() {
	b.welcomeTimer.Stop()
	if b.done != nil {
		close(b.done)
		b.ended.Wait()
	}
}

// explain returns why the connection ended, in place of the error after Close.
func (b *heartbeats) explain(err error) error {
	if b.unwelcome.Load() {
		return fmt.Errorf("the broker did not answer our hello within %v", b.link.worker.options.welcomeTime)
	}
	if b.lost.Load() {
		return fmt.Errorf("the broker was silent for %d heartbeats", wire.MissedHeartbeats)
	}
	return err
}

// sendHeartbeatNow sends a heartbeat out of turn, if there is a connection.
func (l *link) sendHeartbeatNow() {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		sendHeartbeat(conn, l.stats())
	}
}

func sendHeartbeat(conn *zmtp.Conn, frames ...[]byte) {
	_ = conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindHeartbeat), true), zmtp.NewMessage(frames...))
}

// stats returns the frame of a heartbeat with the worker's counters.
func (l *link) stats() []byte {
	s := l.worker.stats()
	s.Window = l.worker.windowShare()
	return wire.JSONFrame(s)
}

// windowShare returns how much of the worker's window each broker may use. Brokers sending requests
// at present share the window; 0: at most one broker sends, and may use the whole window.
func (w *worker) windowShare() int {
	sending := 0
	for _, l := range w.links {
		if l.active.Load() || l.requested.Load() {
			sending++
		}
	}
	if sending < 2 {
		return 0
	}
	return max(1, wire.WindowPerSlot*w.options.Slots/sending)
}
