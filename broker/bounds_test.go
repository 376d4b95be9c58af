package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestEnvelopesThatAreTooLongAreNotKept(t *testing.T) {
	r := start(t, func(o *Options) { o.ExpectRules = []string{"nobody"} })
	c := r.client()
	for _, n := range []int{1025, 100_000, 5 << 20} {
		c.send(strings.Repeat("e", n), "", `{"rules":"nobody"}`, "x")
		if message := c.wantError(wire.BadRequest); !strings.Contains(message, "envelope") && !strings.Contains(message, "header") {
			t.Errorf("an envelope of %d bytes: %s", n, message)
		}
	}
	if s := r.status(); s.Broker.Pending != 0 || s.Broker.BufferedBytes > 64<<10 {
		t.Errorf("%d requests wait, %d bytes are held", s.Broker.Pending, s.Broker.BufferedBytes)
	}
	c.send(strings.Repeat("e", 500), strings.Repeat("f", 500), "", `{"what":1}`, "x")
	if got := c.recv(); len(got) != 4 || len(got[0]) != 500 || len(got[1]) != 500 || got[2] != "" {
		t.Errorf("the answer's envelope is %d frames", len(got))
	}
}

// What counts of a request is what it retains: its whole buffer with the envelope in it.
func TestRequestsCountWhatTheyRetain(t *testing.T) {
	r := start(t, func(o *Options) { o.ExpectRules = []string{"nobody"} })
	c := r.client()
	c.send(strings.Repeat("e", 900), "", `{"rules":"nobody","id":"`+strings.Repeat("i", 50_000)+`"}`, strings.Repeat("x", 300_000))
	r.until("it waits", func(s *wire.Status) bool { return s.Broker.Pending == 1 })
	least := int64(900 + 900 + 50_000 + 50_000 + 300_000)
	if n := r.status().Broker.PendingBytes; n < least || n > 2*least {
		t.Errorf("counts %d bytes, takes %d and the slack of its buffer", n, least)
	}
	c.conn.Close()
	r.until("nothing is held", func(s *wire.Status) bool { return s.Broker.Pending == 0 && s.Broker.BufferedBytes < 64<<10 })
}

// Requests that wait for long, of however many clients and for several rule sets, leave room
// for a small one of a client that has none; but not without bound.
func TestAFullBrokerHasRoomForTheSmallRequestOfANewcomer(t *testing.T) {
	const memory = 1 << 20
	d := newDirect(t, Options{Limits: Limits{Memory: memory, Request: 64 << 10}, ExpectRules: []string{"default", "nobody", "nowhere"}})
	for range memory/2/connectionCost - 1 { // no more clients get in
		c := d.client()
		for _, size := range []int{60_000, 6000, 2500, 100} {
			for range 10 {
				for _, rules := range []string{"nobody", "nowhere"} {
					d.send(c, "w", fmt.Sprintf(`{"rules":%q,"deadline_ms":600000}`, rules), strings.Repeat("x", size))
				}
			}
		}
	}
	if free := memory - d.r.held(); free > 1000 {
		t.Fatalf("%d bytes are free: the broker is not full", free)
	}
	worker, small, large := d.worker("honest", 1, true), d.client(), d.client()
	d.send(small, "s", "{}", "text")
	d.send(large, "l", "{}", strings.Repeat("x", 5000))
	worker.receive(d)
	if len(worker.has) != 1 || len(small.answers()["s"]) != 0 {
		t.Errorf("the worker has %d requests; the newcomer's is answered %v", len(worker.has), small.answers()["s"])
	}
	if got := large.answers()["l"]; len(got) != 1 || got[0] != "busy" {
		t.Errorf("a large request is answered %v, want busy", got)
	}
	for range 1000 {
		d.send(d.client(), "n", `{"rules":"nobody","deadline_ms":600000}`, "x")
		d.send(d.client(), "n", `{"deadline_ms":600000}`, "x")
	}
	if held := d.r.held(); held > memory*5/4 {
		t.Errorf("%d bytes are held, limits.memory is %d", held, memory)
	}
}

func TestHelloIsAllThatAWorkerMaySendBeforeItIsWelcome(t *testing.T) {
	r := start(t, nil)
	for _, socketType := range []string{"DEALER", "REQ"} {
		p := r.dial(r.workers, socketType)
		_ = p.conn.Send(nil, zmtp.NewMessage([]byte("H"), make([]byte, 2<<20)))
		select {
		case <-p.conn.Done():
		case <-time.After(patience):
			t.Errorf("a %s may send 2 MiB before it is welcome", socketType)
		}
		_, _ = p.conn.Recv()
	}
	w := r.worker("w", 1)
	c := r.client()
	c.send("t")
	w.answer(w.task(), strings.Repeat("x", 3<<20))
	if got := c.recv(); len(got[0]) != 3<<20 {
		t.Errorf("a worker that is welcome answered with 3 MiB, the client got %d bytes", len(got[0]))
	}
}

// A client that is innocent gets an error in place of each answer that is too large, and all
// the others.
func TestAnswersOverTheLimitFailAlone(t *testing.T) {
	r := start(t, nil)
	w, c := r.worker("w", 16), r.client()
	const n = 8
	for i := range n {
		c.send(fmt.Sprintf(`{"id":"%d","deadline_ms":3600000}`, i), "t") // 160 MiB take long on a busy machine
	}
	for range n {
		w.answer(w.task(), "{}", strings.Repeat("x", 20<<20))
		if message := c.wantError(wire.Internal); !strings.Contains(message, "limits.answer") {
			t.Error(message)
		}
	}
	c.send("{}", "t")
	w.answer(w.task(), "{}", strings.Repeat("x", 4<<20))
	if got := c.recv(); len(got[1]) != 4<<20 {
		t.Errorf("an answer at the limit has %d bytes", len(got[1]))
	}
	if s := r.status(); s.Broker.SlowConsumers != 0 || len(s.Workers) != 1 {
		t.Errorf("closed: %d clients, %d workers left", s.Broker.SlowConsumers, len(s.Workers))
	}
}

func TestPlainWorkersAnswersHaveTheLimitToo(t *testing.T) {
	r := start(t, func(o *Options) { o.Limits.Answer = 1 << 20 })
	rep, c := r.dial(r.workers, "REP"), r.client()
	c.send("t")
	got := rep.recv()
	rep.send(got[0], "", strings.Repeat("x", 2<<20))
	c.wantError(wire.Internal)
}

// Refusals count: who does not read them is not read.
func TestRefusalsNobodyReadsAreBounded(t *testing.T) {
	for _, request := range [][]string{{`{"rules":"unheard of"}`, ""}, {`{"op":"ping"}`, ""}, {`{"op":"status"}`, ""}, {`{"what":1}`, ""}} {
		t.Run(request[0], func(t *testing.T) {
			const memory = 1 << 20
			r := start(t, func(o *Options) {
				o.Limits, o.bootTime = Limits{Memory: memory, Request: 64 << 10}, time.Millisecond
			})
			conn, err := zmtp.Dial(t.Context(), r.clients, zmtp.Options{SocketType: "DEALER", SendBytes: 1 << 30, SendMessages: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			const n = 30_000
			for range n {
				_ = conn.Send(nil, zmtp.NewMessage([]byte(request[0]), nil))
			}
			r.until("it is held back", func(s *wire.Status) bool { return s.Broker.ClientsThrottled > 0 })
			if held := r.status().Broker.BufferedBytes; held > memory {
				t.Errorf("%d bytes are held", held)
			}
			for i := range n { // once it reads, it gets them all
				m, err := conn.Recv()
				if err != nil {
					t.Fatalf("after %d answers: %v", i, err)
				}
				m.Release()
			}
		})
	}
}

func TestREQAtTheWorkersPortThatReadsNothingIsBounded(t *testing.T) {
	r := start(t, nil)
	conn, err := zmtp.Dial(t.Context(), r.workers, zmtp.Options{SocketType: "REQ", SendBytes: 1 << 30, SendMessages: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 20_000 {
		_ = conn.Send(nil, zmtp.NewMessage(nil, []byte("text")))
	}
	r.until("it is not read any more", func(*wire.Status) bool { _, n := conn.Queued(); return n > 0 })
	if held := r.status().Broker.BufferedBytes; held > 200<<10 {
		t.Errorf("%d bytes are held", held)
	}
}

// While booting any name is waited for, and each takes memory beside its request.
func TestNamesThatAreWaitedForWhileBootingCount(t *testing.T) {
	d := newDirect(t, Options{})
	before, c := d.r.held(), d.client()
	const n = 1000
	for i := range n {
		d.send(c, fmt.Sprint(i), fmt.Sprintf(`{"rules":"name %d","deadline_ms":3600000}`, i), "x")
	}
	if held := d.r.held() - before; held < n*(guessCost+requestOverhead) {
		t.Errorf("%d names with a request each count as %d bytes", n, held)
	}
	d.advance(d.b.options.bootTime)
	if held := d.r.held() - before; held != 0 {
		t.Errorf("%d bytes are held when nobody waits any more", held)
	}
}
