// How much memory the broker takes, whatever its clients do.

package test

import (
	"bytes"
	"context"
	bin "encoding/binary"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// wantResident is for a broker without the race detector, which takes its own.
func wantResident(t *testing.T, p *process, most int64) {
	t.Helper()
	n := resident(t, p)
	t.Logf("the broker had at most %.1f MB resident", float64(n)/1e6)
	if n > most && os.Getenv("TRAWL_RACE") == "" {
		t.Errorf("that is more than %.1f MB", float64(most)/1e6)
	}
}

// dealer connects from this process.
func (f *fleet) dealer(t *testing.T) *zmtp.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := zmtp.Dial(ctx, f.clients, zmtp.Options{SocketType: "DEALER", SendBytes: 1 << 30, SendMessages: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestThousandClientsInFortyMegabytes(t *testing.T) {
	connected, active, requests := lessUnderRace(1000), lessUnderRace(100), 200
	f := newFleet(t, "")
	broker := f.broker(t)
	f.worker(t, "w1", f.history(t))
	f.waitWorkers(t, 1)
	conns := make([]*zmtp.Conn, connected)
	for i := range conns {
		conns[i] = f.dealer(t)
	}
	f.waitStatus(t, "all are connected", func(s *wire.Status) bool { return s.Broker.Clients == connected+1 })
	idle := resident(t, broker)
	var asking sync.WaitGroup
	for _, c := range conns[:active] {
		asking.Go(func() {
			for i := range requests {
				if err := c.Send(nil, zmtp.NewMessage([]byte(`{"deadline_ms":60000}`), []byte(historyText), []byte(padding[:1+i*50]))); err != nil {
					t.Error(err)
					return
				}
				m, err := c.Recv()
				if err != nil || !strings.Contains(string(m.Frame(1)), "his") {
					t.Errorf("answer %q, %v", m.Frame(0), err)
					return
				}
				m.Release()
			}
		})
	}
	asking.Wait()
	t.Logf("%d connections, idle: %.1f MB", connected, float64(idle)/1e6)
	wantResident(t, broker, 40e6)
}

// half connects without libzmq and stops in the middle of a large request.
func (f *fleet) half(t *testing.T, size, send int) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(f.clients, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	greeting := make([]byte, 64)
	copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL")
	ready := "\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
	b := append(greeting, 4, byte(len(ready)))
	b = append(b, ready...)
	b = append(b, 1, 2, '{', '}', 2)
	b = bin.BigEndian.AppendUint64(b, uint64(size))
	_ = c.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.Write(append(b, make([]byte, send)...)); err != nil {
		t.Fatal(err)
	}
}

// All at once: requests that wait, requests that stop arriving, answers that are
// not read. The broker stays within its budget, refuses with busy, and a client
// that behaves gets its answers.
func TestMemoryIsBoundedWhateverClientsDo(t *testing.T) {
	f := newFleet(t, `limits: {memory: 32MiB, request: 8MiB, text: 8MiB}
broker: {expect: {rules: [nobody, nowhere]}}`)
	broker := f.broker(t)
	f.worker(t, "w1", write(t, f.dir+"/a.txt", "a\nthis\n"))
	f.waitWorkers(t, 1)

	for range 20 { // 120 MB that stop arriving
		f.half(t, 7<<20, 6<<20)
	}
	f.waitStatus(t, "the halves take what they may", func(s *wire.Status) bool { return s.Broker.BufferedBytes > 10<<20 })
	polite := f.dealer(t)
	askPolitely(t, polite)
	f.waitStatus(t, "those who stopped are closed", func(s *wire.Status) bool { return s.Broker.StalledSenders > 1 && s.Broker.BufferedBytes < 10<<20 })

	big := make([]byte, 1<<20)
	for range 20 { // 400 MB for a rule set that nobody serves, and 100 MB of answers that nobody reads
		waits, deaf := f.dealer(t), f.dealer(t)
		for range 20 {
			_ = waits.Send(nil, zmtp.NewMessage([]byte(`{"rules":"nobody","deadline_ms":600000}`), big))
		}
		for range 5 {
			_ = deaf.Send(nil, zmtp.NewMessage([]byte(`{"limit":0,"deadline_ms":600000}`), bytes.Repeat([]byte("a"), 30_000)))
		}
	}
	for range 30 { // and as much again for another one, of clients that ask once each
		_ = f.dealer(t).Send(nil, zmtp.NewMessage([]byte(`{"rules":"nowhere","deadline_ms":600000}`), big))
	}
	f.waitStatus(t, "most are refused", func(s *wire.Status) bool { return s.Broker.Answers["busy"] > 200 })

	askPolitely(t, polite)
	s := f.status(t)
	t.Logf("pending %d of %d bytes, held %d, answers %v, held back %d, stalled %d, closed as they did not read %d", s.Broker.Pending, s.Broker.PendingBytes, s.Broker.BufferedBytes, s.Broker.Answers, s.Broker.ClientsThrottled, s.Broker.StalledSenders, s.Broker.SlowConsumers)
	if s.Broker.PendingBytes > 32<<20 {
		t.Errorf("%d bytes of requests are pending", s.Broker.PendingBytes)
	}
	wantResident(t, broker, 128e6) // four times the budget; see DESIGN.md of the broker
}

// askPolitely asks one thing after the other, again while the broker is busy, and
// gets every answer.
func askPolitely(t *testing.T, c *zmtp.Conn) {
	t.Helper()
	busy, until := 0, time.Now().Add(patience)
	for i := 0; i < 200; i++ {
		if err := c.Send(nil, zmtp.NewMessage(fmt.Appendf(nil, `{"id":"%d","deadline_ms":60000}`, i), []byte(historyText))); err != nil {
			t.Fatal(err)
		}
		m, err := c.Recv()
		if err != nil {
			t.Fatal(err)
		}
		h, err := wire.ParseAnswerHeader(m.Frame(0))
		m.Release()
		switch {
		case err != nil:
			t.Fatal(err)
		case h.Error == nil:
		case h.Error.Code == wire.Busy && time.Now().Before(until):
			busy++
			i--
			time.Sleep(10 * time.Millisecond) // as clients should
		default:
			t.Fatalf("request %d: %v", i, h.Error)
		}
	}
	t.Logf("asked 200 times, busy %d times", busy)
}
