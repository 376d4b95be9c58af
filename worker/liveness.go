package worker

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// liveness sends heartbeats to a broker and ends the connection when the
// broker is silent.
type liveness struct {
	conn      *zmtp.Conn
	link      *link
	late      *time.Timer // until the broker's welcome
	unwelcome atomic.Bool // there was none
	lost      atomic.Bool
	interval  atomic.Int64  // time between heartbeats, as the broker said it last
	heard     chan struct{} // has room for one: the broker has sent a heartbeat
	beats     bool          // the broker's come in time; of the goroutine that sends ours
	done      chan struct{}
	ended     sync.WaitGroup
}

// start begins with heartbeats every interval. A second welcome is ignored. A
// heartbeat of the broker is answered with one, so that the broker of a large fleet is
// woken once for many workers, and not by each at another time. From a broker that is a little
// late the worker waits for that; else it sends one by its own clock. The interval is
// that of the welcome until a heartbeat of the broker says another one.
func (v *liveness) start(interval time.Duration) {
	if v.done != nil {
		return
	}
	v.late.Stop()
	v.interval.Store(int64(interval))
	v.heard, v.done = make(chan struct{}, 1), make(chan struct{})
	v.ended.Go(func() {
		timer := time.NewTimer(interval)
		defer timer.Stop()
		var costs costsFrame
		for {
			l := v.link
			l.active.Store(l.asked.Swap(false))
			sendHeartbeat(v.conn, costs.appendTo([][]byte{l.stats()}, l.worker.sets)...)
			if !v.await(timer, time.Now()) {
				return
			}
			if time.Since(v.conn.LastReceived()) > wire.MissedHeartbeats*v.every() {
				v.lost.Store(true)
				_ = v.conn.Close()
			}
		}
	})
}

// await waits until a heartbeat is due after that sent before; false if none is. One of the
// broker's that comes soon after ours, as at the beginning, is not answered.
func (v *liveness) await(timer *time.Timer, sent time.Time) bool {
	for {
		interval := v.every()
		pause := interval
		if v.beats {
			pause += interval / 8
		}
		timer.Reset(pause)
		select {
		case <-v.done:
			return false
		case <-v.conn.Done():
			return false
		case <-timer.C:
			v.beats = false
			return true
		case <-v.heard:
			v.beats = true
			if time.Since(sent) >= v.every()/8 {
				return true
			}
		}
	}
}

// every returns the time between heartbeats.
func (v *liveness) every() time.Duration { return time.Duration(v.interval.Load()) }

// answer lets a heartbeat of the broker be answered, and takes the interval that it names. A
// heartbeat before the welcome, or of a broker that names no interval, changes nothing.
func (v *liveness) answer(control []byte) {
	if interval, ok := wire.ParseHeartbeatControl(control); ok && v.done != nil {
		v.interval.Store(int64(interval))
	}
	select {
	case v.heard <- struct{}{}:
	default: // not welcome yet, or not answered yet
	}
}

// beat sends a heartbeat at once, if there is a connection.
func (l *link) beat() {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		sendHeartbeat(conn, l.stats())
	}
}

// sendHeartbeat sends a heartbeat with what goes with it.
func sendHeartbeat(conn *zmtp.Conn, frames ...[]byte) {
	_ = conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindHeartbeat), true), zmtp.NewMessage(frames...))
}

// stats is what goes with every heartbeat.
func (l *link) stats() []byte {
	s := l.worker.stats()
	s.Window = l.worker.share()
	return wire.JSONFrame(s)
}

// share is a broker's part of the window, which is one pool for those that send
// requests at present; 0 if there is at most one.
func (w *state) share() int {
	sending := 0
	for _, l := range w.links {
		if l.active.Load() || l.asked.Load() {
			sending++
		}
	}
	if sending < 2 {
		return 0
	}
	return max(1, wire.WindowPerSlot*w.options.Slots/sending)
}

func (v *liveness) stop() {
	v.late.Stop()
	if v.done != nil {
		close(v.done)
		v.ended.Wait()
	}
}

// explain puts the reason in place of the error that closing caused.
func (v *liveness) explain(err error) error {
	if v.unwelcome.Load() {
		return fmt.Errorf("the broker did not answer our hello within %v", v.link.worker.options.welcomeTime)
	}
	if v.lost.Load() {
		return fmt.Errorf("the broker was silent for %d heartbeats", wire.MissedHeartbeats)
	}
	return err
}
