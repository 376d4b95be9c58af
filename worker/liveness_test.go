package worker

import (
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// lonely is a worker's end of a connection whose clock goes by the hour.
func lonely(t *testing.T) (v *liveness, timer *time.Timer) {
	t.Helper()
	l, err := zmtp.Listen("inproc://"+t.Name(), zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		if c, err := l.Accept(); err == nil {
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	conn, err := zmtp.Dial(t.Context(), l.Endpoint(), zmtp.Options{SocketType: "DEALER"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	<-accepted
	v = &liveness{conn: conn, heard: make(chan struct{}, 1), done: make(chan struct{})}
	v.interval.Store(int64(time.Hour))
	return v, time.NewTimer(time.Hour)
}

func TestHeartbeatOfTheBrokerIsAnswered(t *testing.T) {
	v, timer := lonely(t)
	v.answer([]byte("B"))
	v.answer([]byte("B")) // a second one at once is one
	if !v.await(timer, time.Now().Add(-time.Hour/2)) {
		t.Error("nothing is due after a heartbeat of the broker")
	}
	if !v.beats || len(v.heard) > 0 {
		t.Errorf("beats %v, %d heartbeats left", v.beats, len(v.heard))
	}
}

func TestHeartbeatsInQuickSuccessionAreNotAnswered(t *testing.T) {
	v, timer := lonely(t)
	ended := make(chan bool)
	go func() { ended <- v.await(timer, time.Now()) }()
	for range 100 {
		select {
		case v.heard <- struct{}{}:
		case <-ended:
			t.Fatal("answered though one was sent just now")
		}
	}
	close(v.done)
	if <-ended {
		t.Error("a heartbeat is due at the end")
	}
}

func TestWorkerSendsHeartbeatsByItsOwnClock(t *testing.T) {
	v, timer := lonely(t)
	v.beats = true // until now
	v.interval.Store(int64(time.Millisecond))
	if !v.await(timer, time.Now()) || v.beats {
		t.Errorf("no heartbeat without one of the broker; beats %v", v.beats)
	}
}

// The broker of a growing fleet names longer intervals, that of a shrinking one shorter ones.
func TestHeartbeatOfTheBrokerChangesTheInterval(t *testing.T) {
	v, timer := lonely(t)
	v.answer(wire.HeartbeatControl(time.Hour / 4))
	if !v.await(timer, time.Now().Add(-time.Hour/2)) || v.every() != time.Hour/4 {
		t.Errorf("heartbeats every %v", v.every())
	}
	for _, none := range []string{"B", "B\x00", "B\x00\x00\x00\x00", "B\xff\xff\xff\xff"} {
		if v.answer([]byte(none)); v.every() != time.Hour/4 {
			t.Errorf("%q changes the interval to %v", none, v.every())
		}
	}
	<-v.heard
	v.answer(wire.HeartbeatControl(time.Millisecond)) // answered by now, or by the clock in a millisecond
	if !v.await(timer, time.Now()) || v.every() != time.Millisecond {
		t.Errorf("heartbeats every %v", v.every())
	}
}
