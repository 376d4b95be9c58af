package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

// One that sends 10,000 does not starve one that sends 1.
func TestGreedyClientDoesNotStarveAModestOne(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 2, true)
	greedy, modest := d.client(), d.client()
	for i := range 10_000 {
		d.send(greedy, fmt.Sprint(i), "t")
	}
	d.send(modest, "one", "t")
	d.check()
	if modest.answers()["one"] != nil {
		t.Fatalf("the modest client was answered %v at once", modest.answers())
	}
	done := 0
	for ; modest.answers()["one"] == nil; done++ {
		w.receive(d)
		w.answer(d, 0, false)
		d.check()
	}
	if most := 2 * w.window; done > most {
		t.Errorf("%d requests of the greedy client were answered first, want at most what the worker held: %d", done, most)
	}
	busy := 0
	for _, a := range greedy.answers() {
		if slices.Contains(a, string(wire.Busy)) {
			busy++
		}
	}
	if busy < 7000 || busy > 9000 {
		t.Errorf("%d of the greedy client's requests were answered busy, want all but half a queue and a window", busy)
	}
}

// However many there are and whatever they send, a new one gets its place, and
// the memory is not exceeded.
func TestSharesOfMemory(t *testing.T) {
	const memory = 10 << 20
	d := newDirect(t, Options{Limits: Limits{Memory: memory, Queue: 1 << 20}})
	text := strings.Repeat("x", 50_000)
	for n := range 6 {
		c := d.client()
		free := memory - d.r.bytes
		for i := range 1000 {
			d.send(c, fmt.Sprint(i), fmt.Sprintf(`{"worker":"w%d"}`, i%3), text) // three targets, so that none is full before
		}
		if d.r.bytes > memory {
			t.Fatalf("the requests take %d bytes", d.r.bytes)
		}
		if c.bytes < free/3 || c.bytes > free/2+100_000 {
			t.Errorf("client %d got %d bytes, want at most half of what was free: %d", n, c.bytes, free)
		}
	}
	d.check()
}

func TestOneRuleSetDoesNotTakeAllMemory(t *testing.T) {
	const memory = 10 << 20
	d := newDirect(t, Options{Limits: Limits{Memory: memory, Queue: 1 << 20}, ExpectRules: []string{"dead", "alive"}})
	text := strings.Repeat("x", 50_000)
	for range 50 {
		c := d.client()
		for i := range 50 {
			d.send(c, fmt.Sprint(i), `{"rules":"dead"}`, text)
		}
	}
	dead := d.r.target(targetKey{name: "dead"}).queue.cost
	if dead > memory*3/4 || dead < memory*3/4-200_000 {
		t.Errorf("%d bytes wait for the rule set that nobody serves, want three quarters of %d", dead, memory)
	}
	c := d.client()
	d.send(c, "x", `{"rules":"alive"}`, text)
	if a := c.answers()["x"]; a != nil {
		t.Errorf("a request for the other one is answered %v", a)
	}
}

// Names that nobody knows cost what they weigh, also while they are waited for.
func TestMadeUpNamesAreBoundedByMemory(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Memory: 1 << 20}})
	for n := range 20 {
		c := d.client()
		for i := range 1000 {
			d.send(c, fmt.Sprint(i), fmt.Sprintf(`{"rules":"%d-%d"}`, n, i), "")
		}
	}
	if n := len(d.r.targets); n > 1100 {
		t.Errorf("%d targets in a megabyte", n)
	}
	d.advance(11 * time.Second)
	if n := len(d.r.targets); n != 1 {
		t.Errorf("%d targets are left when the broker knows that nobody comes", n)
	}
}

func TestClientThatReadsSlowlyIsHeldBack(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 1, true)
	slow, other := d.client(), d.client()
	big := strings.Repeat("x", 1<<20)
	for i := range 100 {
		d.send(slow, fmt.Sprint(i), "t")
	}
	for i := 0; !slow.throttled; i++ {
		if i == 100 {
			t.Fatal("never held back")
		}
		w.receive(d)
		slow.port.unread += 1 << 20 // the client takes nothing
		w.has[0].text = big
		w.answer(d, 0, false)
	}
	d.check()
	sent := len(slow.port.sent)
	for len(w.has) > 0 { // what the worker has, it answers
		w.answer(d, 0, false)
	}
	if more := len(slow.port.sent) - sent; more > w.window {
		t.Errorf("%d more answers came, want at most what the worker held", more)
	}
	if slow.port.closed || d.r.pending == 0 {
		t.Fatalf("closed: %v, pending %d: its requests should wait", slow.port.closed, d.r.pending)
	}
	d.send(slow, "held", "t")
	d.send(other, "x", "t")
	w.receive(d)
	if len(w.has) != 1 {
		t.Fatalf("the worker got %d requests, want the other client's alone", len(w.has))
	}
	w.answer(d, 0, false)
	d.advance(tick)
	if w.receive(d); len(w.has) > 0 {
		t.Error("the slow client got more work done before it had read")
	}
	slow.port.unread = 0
	d.advance(tick)
	for w.receive(d); len(w.has) > 0; w.receive(d) {
		w.answer(d, 0, false)
	}
	d.check()
	if n := len(slow.answers()); n != 101 {
		t.Errorf("%d of 101 requests were answered", n)
	}
}

// While memory is short, those who take nothing are closed; not those who only
// are slow, and nobody while there is enough.
func TestDeafClientsAreClosedWhenMemoryIsShort(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Memory: 10 << 20}})
	deaf, slow, other := d.client(), d.client(), d.client()
	deaf.port.unread, slow.port.unread = 6<<20, 3<<20
	d.advance(5 * time.Second)
	if deaf.port.closed {
		t.Fatal("closed though memory is not short")
	}
	d.send(other, "x", `{"rules":"nobody"}`, strings.Repeat("x", 9<<20))
	for range 3 {
		slow.port.unread -= 1000
		d.advance(time.Second)
	}
	if !deaf.port.closed || slow.port.closed || other.port.closed {
		t.Errorf("closed: deaf %v, slow %v, other %v", deaf.port.closed, slow.port.closed, other.port.closed)
	}
}

// What was noted when memory was short the last time does not count the next time.
func TestDeafnessIsJudgedAnew(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Memory: 10 << 20}})
	c, other := d.client(), d.client()
	short := func(id string) {
		d.send(other, id, `{"rules":"nobody","deadline_ms":1000}`, strings.Repeat("x", 9<<20))
		d.advance(time.Second)
	}
	c.port.unread = 1 << 20
	short("1")
	d.advance(2 * time.Second) // the memory is free again, and c has read that and has more due
	c.port.unread = 2 << 20
	short("2")
	if c.port.closed {
		t.Error("closed for what it had not read another time")
	}
}
