package zmtp

// The send queue: its bounds, and that a slow peer is nobody else's problem.

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQueueSaysFullAtEitherMark(t *testing.T) {
	for name, test := range map[string]struct {
		o    Options
		fits int
	}{
		"messages":             {Options{SendMessages: 3}, 3},
		"bytes":                {Options{SendBytes: 3 * 10_009}, 3},
		"bytes, one too few":   {Options{SendBytes: 3*10_009 - 1}, 2},
		"one larger than all":  {Options{SendBytes: 5000}, 1},
		"the lower of the two": {Options{SendMessages: 2, SendBytes: 3 * 10_009}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := pair(t, "inproc://"+t.Name(), test.o, Options{})
			m := NewMessage(make([]byte, 10_000))
			defer m.Release()
			for i := range test.fits {
				if err := c.Queue(nil, m.Retain()); err != nil {
					t.Fatalf("message %d: %v", i+1, err)
				}
			}
			if err := c.Queue(nil, m.Retain()); err != ErrFull {
				t.Errorf("message %d: %v, want ErrFull", test.fits+1, err)
			}
			if n, bytes := c.Queued(); n != test.fits || bytes != test.fits*m.Size() {
				t.Errorf("Queued = %d, %d; want %d, %d", n, bytes, test.fits, test.fits*m.Size())
			}
			if refs := int(m.buf.refs.Load()); refs != 1+test.fits {
				t.Errorf("%d references with %d queued", refs, test.fits)
			}
			c.Close()
			if refs := m.buf.refs.Load(); refs != 1 {
				t.Errorf("%d references after Close, want 1", refs)
			}
		})
	}
}

func TestQueueRefusesTheZeroMessage(t *testing.T) {
	c, _ := pair(t, "inproc://"+t.Name(), Options{}, Options{})
	if err := c.Queue(AppendFrame(nil, []byte("prefix"), true), Message{}); err == nil {
		t.Error("no error")
	}
	if n, bytes := c.Queued(); n != 0 || bytes != 0 {
		t.Errorf("Queued = %d, %d", n, bytes)
	}
}

func TestQueueIsEmptyAgainAfterWriting(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint, Options{}, Options{})
		for range 100 {
			b.Queue(nil, msg("x", repeat("y", 5000)))
			b.Send(nil, msg("z"))
		}
		for range 200 {
			recvFrames(t, a)
		}
		waitUntil(t, func() bool {
			messages, bytes := b.Queued()
			return messages == 0 && bytes == 0
		})
	})
}

// waitUntil polls for what no event tells.
func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("did not happen in time")
		}
	}
}

func TestPeerThatNeverReadsBlocksNobody(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		l := mustListen(t, endpoint, Options{SocketType: "DEALER", SendBytes: 1 << 20})
		dialed := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"}) // never calls Recv
		deaf := mustAccept(t, l)
		other := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
		served := mustAccept(t, l)
		for full := false; !full; {
			full = deaf.Send(nil, NewMessage(make([]byte, 20_000))) == ErrFull
		}
		for range 100 {
			deaf.Send(nil, msg("more"))
			mustEcho(t, served, other)
		}
		if _, bytes := deaf.Queued(); bytes > 1<<20 {
			t.Errorf("%d bytes are queued", bytes)
		}
		recvFrames(t, dialed) // it can still catch up
	})
}

func TestPeerThatTakesNothingIsClosedAfterTheWriteTimeout(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		var log logBuffer
		c, _ := pair(t, endpoint, Options{WriteTimeout: 50 * time.Millisecond, Log: log.logger()}, Options{})
		for full := false; !full; {
			full = c.Send(nil, NewMessage(make([]byte, 100_000))) != nil
		}
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Fatal("still open")
		}
		if _, err := c.Recv(); err == nil || !strings.Contains(err.Error(), "taken nothing for 50ms") {
			t.Errorf("Recv: %v", err)
		}
		if !strings.Contains(log.String(), "taken nothing") {
			t.Errorf("log: %s", log.String())
		}
	})
}

func TestWriteTimeoutDoesNotOutliveTheWait(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		t.Parallel()
		const timeout = time.Second
		a, b := pair(t, endpoint, Options{}, Options{WriteTimeout: timeout})
		m := NewMessage(make([]byte, 8<<20)) // more than the socket takes at once
		b.Send(nil, m)
		recvFrames(t, a)
		time.Sleep(timeout + 50*time.Millisecond) // let a deadline that was left behind pass
		mustEcho(t, a, b)
	})
}

func TestManySendersShareAConnection(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		const senders, each = 8, 300
		a, b := pair(t, endpoint, Options{}, Options{SendMessages: senders * each, SendBytes: 1 << 30})
		var sending sync.WaitGroup
		for s := range senders {
			sending.Go(func() {
				for i := range each {
					size := 10
					if i%10 == 0 {
						size = 30_000
					}
					if err := b.Send(nil, NewMessage([]byte{byte(s)}, make([]byte, size))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		counts := make([]int, senders)
		for range senders * each {
			counts[recvFrames(t, a)[0][0]]++
		}
		sending.Wait()
		for s, n := range counts {
			if n != each {
				t.Errorf("sender %d: %d of %d messages arrived", s, n, each)
			}
		}
	})
}

// The queue hands out exactly the bytes that were put in, whatever the pieces
// in which they are written, and its counts follow.
func TestOutboxKeepsContentAndCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := outbox{maxMessages: 20, maxBytes: 100_000}
		var want, got []byte
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "put") {
				size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(3000, 30_000)).Draw(t, "size")
				prefix := AppendFrame(nil, []byte("number"), true)[:rapid.SampledFrom([]int{0, 8}).Draw(t, "prefix")]
				m := NewMessage(bytes.Repeat([]byte{byte(size)}, size))
				wire := append(bytes.Clone(prefix), m.wire()...)
				full := o.messages > 0 && (o.messages == o.maxMessages || int(o.bytes)+len(wire) > 100_000)
				err := o.put(prefix, m)
				if full != (err == ErrFull) {
					t.Fatalf("put: %v with %d messages, %d bytes", err, o.messages, o.bytes)
				}
				if err != nil {
					m.Release()
					continue
				}
				want = append(want, wire...)
			} else if bufs := o.take(); bufs != nil {
				all := bytes.Join(bufs, nil)
				n := rapid.IntRange(0, len(all)).Draw(t, "written")
				got = append(got, all[:n]...)
				o.wrote(n)
			}
			if int(o.bytes) != len(want)-len(got) {
				t.Fatalf("%d bytes queued, says %d", len(want)-len(got), o.bytes)
			}
		}
		for bufs := o.take(); bufs != nil; bufs = o.take() {
			all := bytes.Join(bufs, nil)
			got = append(got, all...)
			o.wrote(len(all))
		}
		if !bytes.Equal(got, want) || o.messages != 0 || o.bytes != 0 {
			t.Fatalf("%d of %d bytes came out, %d messages and %d bytes counted", len(got), len(want), o.messages, o.bytes)
		}
	})
}

func TestIdleOutboxHoldsNoMemory(t *testing.T) {
	o := outbox{maxMessages: 1000, maxBytes: 1 << 30}
	for range 1000 {
		o.put(nil, NewMessage(make([]byte, coalesceMax)))
	}
	for bufs := o.take(); bufs != nil; bufs = o.take() {
		o.wrote(size(bufs))
	}
	for _, v := range o.vectors[:cap(o.vectors)] {
		if v != nil {
			t.Fatal("still points to what was written")
		}
	}
	if n := cap(o.sending) + cap(o.pending); n > 2*maxVectors {
		t.Errorf("room for %d chunks is kept", n)
	}
}

func TestReserveCountsNothingThatItRefuses(t *testing.T) {
	b := &Budget{Partial: 100}
	if !b.Reserve(60) || b.Reserve(50) || !b.Reserve(40) {
		t.Fatalf("60 and 40 of 100 must pass, 50 more must not; held %d", b.Held())
	}
	b.Reserve(-100)
	if b.Held() != 0 {
		t.Errorf("%d bytes held by nobody", b.Held())
	}
}

// What a message has counted already is part of its size, not room taken by another.
func TestAllowsCountsAMessageOnce(t *testing.T) {
	b := &Budget{Partial: 300 << 10}
	b.Reserve(200 << 10)
	if !b.allows(290<<10, 200<<10, 90<<10) {
		t.Error("a message of 290 KiB does not fit into 300 KiB")
	}
	if b.allows(310<<10, 200<<10, 110<<10) || b.allows(110<<10, 0, 110<<10) {
		t.Error("310 KiB fit into 300 KiB")
	}
}
