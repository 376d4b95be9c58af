package worker

import (
	"testing"
	"time"

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
	return &heartbeats{conn: conn, heard: make(chan struct{}, 1), done: make(chan struct{})}, time.NewTimer(time.Hour)
}

func TestHeartbeatOfTheBrokerIsAnswered(t *testing.T) {
	b, timer := lonely(t)
	b.answer()
	b.answer() // a second one at once is one
	if !b.await(timer, time.Hour, time.Now().Add(-time.Hour/2)) {
		t.Error("nothing is due after a heartbeat of the broker")
	}
	if !b.isAnswering || len(b.heard) > 0 {
		t.Errorf("beats %v, %d heartbeats left", b.isAnswering, len(b.heard))
	}
}

func TestHeartbeatsInQuickSuccessionAreNotAnswered(t *testing.T) {
	b, timer := lonely(t)
	ended := make(chan bool)
	go func() { ended <- b.await(timer, time.Hour, time.Now()) }()
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
	if !b.await(timer, time.Millisecond, time.Now()) || b.isAnswering {
		t.Errorf("no heartbeat without one of the broker; beats %v", b.isAnswering)
	}
}
