package worker

import (
	"testing"
	"time"

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
	return &liveness{conn: conn, heard: make(chan struct{}, 1), done: make(chan struct{})}, time.NewTimer(time.Hour)
}

func TestHeartbeatOfTheBrokerIsAnswered(t *testing.T) {
	v, timer := lonely(t)
	v.answer()
	v.answer() // a second one at once is one
	if !v.await(timer, time.Hour, time.Now().Add(-time.Hour/2)) {
		t.Error("nothing is due after a heartbeat of the broker")
	}
	if !v.beats || len(v.heard) > 0 {
		t.Errorf("beats %v, %d heartbeats left", v.beats, len(v.heard))
	}
}

func TestHeartbeatsInQuickSuccessionAreNotAnswered(t *testing.T) {
	v, timer := lonely(t)
	ended := make(chan bool)
	go func() { ended <- v.await(timer, time.Hour, time.Now()) }()
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
	if !v.await(timer, time.Millisecond, time.Now()) || v.beats {
		t.Errorf("no heartbeat without one of the broker; beats %v", v.beats)
	}
}
