package zmtp

// Drain: a connection that ends in good order loses nothing.

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestDrainDeliversEverythingQueued(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint, Options{}, Options{SendBytes: 1 << 30})
		const count = 50
		for range count {
			b.Queue(nil, NewMessage(make([]byte, 200_000)))
		}
		drained := make(chan error, 1)
		go func() { drained <- b.Drain(testContext(t)) }()
		for i := range count {
			a.Send(nil, msg("to be thrown away"))
			if got := recvFrames(t, a); len(got[0]) != 200_000 {
				t.Fatalf("message %d has %d bytes", i, len(got[0]))
			}
		}
		if _, err := within(t, "Recv", a.Recv); err != io.EOF {
			t.Errorf("the peer sees %v at the end", err)
		}
		if err := <-drained; err != nil {
			t.Errorf("Drain: %v", err)
		}
		if err := b.Send(nil, msg("late")); err != ErrClosed {
			t.Errorf("Send after Drain: %v", err)
		}
		<-b.Done()
	})
}

func TestDrainClosesTheQueueFirst(t *testing.T) {
	a, b := pair(t, "inproc://"+t.Name(), Options{}, Options{})
	b.Queue(nil, NewMessage(make([]byte, 10*pipeSize))) // waits for a to read
	drained := make(chan error, 1)
	go func() { drained <- b.Drain(testContext(t)) }()
	waitUntil(t, func() bool { return b.Queue(nil, msg("too late?")) == ErrClosed })
	select {
	case <-b.Done():
		t.Fatal("over before everything was delivered")
	default:
	}
	for {
		m, err := within(t, "Recv", a.Recv)
		if err != nil {
			break
		}
		m.Release()
	}
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

func TestDrainWithARecvInProgress(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint, Options{}, Options{})
		received := make(chan error, 1)
		go func() {
			_, err := b.Recv()
			received <- err
		}()
		b.Send(nil, msg("last words"))
		drained := make(chan error, 1)
		go func() { drained <- b.Drain(testContext(t)) }()
		recvFrames(t, a)
		if _, err := within(t, "Recv", a.Recv); err != io.EOF {
			t.Errorf("the peer sees %v at the end", err)
		}
		if err := <-drained; err != nil {
			t.Errorf("Drain: %v", err)
		}
		if err := <-received; err != io.EOF {
			t.Errorf("Recv during Drain: %v", err)
		}
	})
}

func TestDrainIsBoundedByItsContext(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		for name, queue := range map[string]bool{"peer that does not read": true, "peer that does not close": false} {
			a, b := pair(t, endpoint+strings.Repeat("0", len(name)%2), Options{}, Options{SendBytes: 1 << 30})
			if queue {
				b.Queue(nil, NewMessage(make([]byte, 50<<20)))
			}
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			if err := b.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			<-b.Done()
			a.Close()
		}
	})
}
