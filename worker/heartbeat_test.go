package worker

import (
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// lonely is a worker's end of a connection whose clock goes by the hour.
func lonely(t *testing.T) (b *heartbeats, timer *time.Timer) {
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
	b = &heartbeats{conn: conn, heard: make(chan struct{}, 1), done: make(chan struct{})}
	b.interval.Store(int64(time.Hour))
	return b, time.NewTimer(time.Hour)
}

func TestHeartbeatOfTheBrokerIsAnswered(t *testing.T) {
	b, timer := lonely(t)
	b.answer([]byte("B"))
	b.answer([]byte("B")) // a second one at once is one
	if !b.await(timer, time.Now().Add(-time.Hour/2)) {
		t.Error("nothing is due after a heartbeat of the broker")
	}
	if !b.isAnswering || len(b.heard) > 0 {
		t.Errorf("beats %v, %d heartbeats left", b.isAnswering, len(b.heard))
	}
}

func TestHeartbeatsInQuickSuccessionAreNotAnswered(t *testing.T) {
	b, timer := lonely(t)
	ended := make(chan bool)
	go func() { ended <- b.await(timer, time.Now()) }()
	for range 100 {
		select {
		case b.heard <- struct{}{}:
		case <-ended:
			t.Fatal("answered though one was sent just now")
		}
	}
	close(b.done)
	if <-ended {
		t.Error("a heartbeat is due at the end")
	}
}

func TestWorkerSendsHeartbeatsByItsOwnClock(t *testing.T) {
	b, timer := lonely(t)
	b.isAnswering = true // until now
	b.interval.Store(int64(time.Millisecond))
	if !b.await(timer, time.Now()) || b.isAnswering {
		t.Errorf("no heartbeat without one of the broker; beats %v", b.isAnswering)
	}
}

// The broker of a growing fleet names longer intervals, that of a shrinking one shorter ones.
func TestHeartbeatOfTheBrokerChangesTheInterval(t *testing.T) {
	b, timer := lonely(t)
	b.answer(wire.HeartbeatControl(time.Hour / 4))
	if !b.await(timer, time.Now().Add(-time.Hour/2)) || b.every() != time.Hour/4 {
		t.Errorf("heartbeats every %b", b.every())
	}
	for _, none := range []string{"B", "B\x00", "B\x00\x00\x00\x00", "B\xff\xff\xff\xff"} {
		if b.answer([]byte(none)); b.every() != time.Hour/4 {
			t.Errorf("%q changes the interval to %b", none, b.every())
		}
	}
	<-b.heard
	b.answer(wire.HeartbeatControl(time.Millisecond)) // answered by now, or by the clock in a millisecond
	if !b.await(timer, time.Now()) || b.every() != time.Millisecond {
		t.Errorf("heartbeats every %b", b.every())
	}
}
