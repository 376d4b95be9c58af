package broker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// What workers ask, without sockets and goroutines.

// asking is what a directWorker has asked.
type asking struct {
	last uint64
	open map[uint64]*doing // by number
	got  map[uint64][]string
}

// ask asks for the sake of request x, which the worker has, and returns the number.
func (w *directWorker) ask(d *direct, x *doing, frames ...string) uint64 {
	if w.asks.open == nil {
		w.asks.open, w.asks.got = make(map[uint64]*doing), make(map[uint64][]string)
	}
	w.asks.last++
	w.asks.open[w.asks.last] = x
	x.waits++
	w.port.heard = d.now
	c := wire.SubRequestControl{Number: w.asks.last, Parent: x.number}
	bs := [][]byte{c.Append(nil)}
	for _, f := range frames {
		bs = append(bs, []byte(f))
	}
	if err := d.b.fromWorker(w.worker, zmtp.NewMessage(bs...), d.out()); err != nil {
		d.t.Fatal(err)
	}
	return w.asks.last
}

// heard takes an answer to what the worker has asked.
func (w *directWorker) heard(d *direct, m []string) {
	c, ok := wire.ParseReplyControl([]byte(m[0]))
	x := w.asks.open[c.Number]
	if !ok || x == nil {
		d.t.Fatalf("worker %s got an answer %q to what it has not asked, or for the second time", w.name, m)
	}
	delete(w.asks.open, c.Number)
	x.waits--
	what := "ok"
	if h, err := wire.ParseAnswerHeader([]byte(m[1])); err == nil && h.Error != nil {
		what = string(h.Error.Code)
	}
	w.asks.got[c.Number] = []string{what, m[len(m)-1]}
}

// begin begins what there are slots for: what waits takes none.
func (w *directWorker) begin() {
	free := w.works
	for _, x := range w.has {
		if x.begun && x.waits == 0 {
			free--
		}
	}
	for _, x := range w.has {
		if !x.begun && free > 0 {
			x.begun = true
			free--
		}
	}
}

// at is the index of the n-th request that is worked on and waits for nothing, -1
// if there are fewer.
func (w *directWorker) at(n int) int {
	for i, x := range w.has {
		if x.begun && x.waits == 0 {
			if n--; n < 0 {
				return i
			}
		}
	}
	return -1
}

// A circle of two workers with a slot each goes on until it has hops left for nothing
// more; then all of it is answered.
func TestCircleOfWorkersEnds(t *testing.T) {
	d := newDirect(t, Options{})
	c := d.client()
	ws := []*directWorker{d.worker("a", 1, true), d.worker("b", 1, true)}
	d.send(c, "x", `{"worker":"a"}`, "text")
	for hop := range wire.MaxHops + 1 {
		w, other := ws[hop%2], ws[1-hop%2]
		w.receive(d)
		i := slices.IndexFunc(w.has, func(x *doing) bool { return x.waits == 0 })
		if i < 0 || !w.has[i].begun {
			t.Fatalf("hop %d: worker %s has nothing to do", hop, w.name)
		}
		n := w.ask(d, w.has[i], fmt.Sprintf(`{"worker":%q}`, other.name), "text")
		d.check()
		if hop == wire.MaxHops {
			w.receive(d)
			if got := w.asks.got[n]; got == nil || got[0] != string(wire.TooManyHops) {
				t.Fatalf("the ask beyond the last hop was answered %q", got)
			}
		}
	}
	for hop := wire.MaxHops; hop >= 0; hop-- {
		w := ws[hop%2]
		w.receive(d)
		w.answer(d, w.at(0), false)
		d.check()
	}
	if got := c.answers()["x"]; len(got) != 1 || got[0] != "ok" {
		t.Errorf("the client was answered %q", got)
	}
}

// parentScene is a request "x" that worker a has, for whose sake it has asked b.
type parentScene struct {
	*direct
	client *directClient
	a, b   *directWorker
	number uint64
}

func newParentScene(t *testing.T, header string) *parentScene {
	d := newDirect(t, Options{})
	s := &parentScene{direct: d, client: d.client(), a: d.worker("a", 1, true, "light"), b: d.worker("b", 1, true, "heavy")}
	d.send(s.client, "x", header, "text")
	s.a.receive(d)
	s.number = s.a.ask(d, s.a.has[0], `{"rules":"heavy","deadline_ms":60000}`, "text")
	s.b.receive(d)
	d.check()
	if len(s.b.has) != 1 {
		t.Fatalf("b has %d requests, want 1", len(s.b.has))
	}
	return s
}

// stopped reports whether b was told that nobody waits for what it does.
func (s *parentScene) stopped() bool {
	s.b.receive(s.direct)
	return s.b.has[0].stop
}

func TestWhatWorkersAskEndsWithTheRequest(t *testing.T) {
	t.Run("client gone", func(t *testing.T) {
		s := newParentScene(t, `{"rules":"light"}`)
		s.r.removeClient(s.client.client, s.out())
		s.check()
		if !s.stopped() {
			t.Error("b still works")
		}
	})
	t.Run("deadline", func(t *testing.T) {
		s := newParentScene(t, `{"rules":"light","deadline_ms":500}`)
		s.advance(time.Second)
		s.check()
		if s.a.receive(s.direct); s.a.asks.got[s.number][0] != string(wire.Deadline) || s.client.answers()["x"][0] != string(wire.Deadline) {
			t.Errorf("a was answered %v, the client %q", s.a.asks.got, s.client.answers())
		}
	})
	t.Run("answered without waiting", func(t *testing.T) {
		s := newParentScene(t, `{"rules":"light"}`)
		s.a.answer(s.direct, 0, false)
		s.check()
		if !s.stopped() {
			t.Error("b still works")
		}
	})
	t.Run("asking worker lost", func(t *testing.T) {
		s := newParentScene(t, `{"rules":"light"}`)
		s.lose(s.a)
		s.check()
		if !s.stopped() {
			t.Error("b still works")
		}
		again := s.worker("c", 1, true, "light")
		again.receive(s.direct)
		if len(again.has) != 1 {
			t.Fatal("another worker did not get the request")
		}
		again.answer(s.direct, 0, false)
		if got := s.client.answers()["x"]; len(got) != 1 || got[0] != "ok" {
			t.Errorf("the client was answered %q", got)
		}
	})
	t.Run("asked worker lost", func(t *testing.T) {
		s := newParentScene(t, `{"rules":"light"}`)
		s.lose(s.b)
		s.check()
		other := s.worker("c", 1, true, "heavy")
		other.receive(s.direct)
		other.answer(s.direct, 0, false)
		if s.a.receive(s.direct); s.a.asks.got[s.number][0] != "ok" {
			t.Errorf("a was answered %v", s.a.asks.got)
		}
	})
	t.Run("broker stops", func(t *testing.T) {
		s := newParentScene(t, `{"rules":"light"}`)
		idle := s.r.stopTaking()
		n := s.a.ask(s.direct, s.a.has[0], `{"rules":"heavy"}`, "more") // belongs to what it still does
		s.b.answer(s.direct, 0, false)
		s.b.answer(s.direct, 0, false)
		if s.a.receive(s.direct); s.a.asks.got[n][0] != "ok" {
			t.Errorf("a was answered %v", s.a.asks.got)
		}
		s.a.answer(s.direct, 0, false)
		select {
		case <-idle:
		default:
			t.Error("the broker still waits for something")
		}
	})
}

// What breaks the protocol, or is not a worker's business.
func TestWhatWorkersMayNotAsk(t *testing.T) {
	for request, code := range map[[2]string]wire.Code{
		{`{"op":"stop"}`, ""}:       wire.BadRequest,
		{`{"op":"status"}`, ""}:     wire.BadRequest,
		{`{"foo":1}`, "text"}:       wire.BadRequest,
		{`no header`, "text"}:       wire.BadRequest,
		{`{"worker":"nob"}`, "tex"}: wire.UnknownWorker,
	} {
		s := newParentScene(t, `{"rules":"light"}`)
		s.a.port.heard, s.b.port.heard = s.now.Add(11*time.Second), s.now.Add(11*time.Second)
		s.advance(11 * time.Second)
		s.send(s.client, "y", `{"rules":"light"}`, "text")
		s.a.receive(s.direct)
		n := s.a.ask(s.direct, s.a.has[len(s.a.has)-1], request[0], request[1])
		if s.a.receive(s.direct); s.a.asks.got[n] == nil || s.a.asks.got[n][0] != string(code) {
			t.Errorf("%q was answered %q, want %s", request, s.a.asks.got[n], code)
		}
		s.check()
	}
	s := newParentScene(t, `{"rules":"light"}`)
	n := s.a.ask(s.direct, &doing{number: 12345}, `{"rules":"heavy"}`, "text")
	if s.a.receive(s.direct); s.a.asks.got[n][0] != string(wire.Deadline) {
		t.Errorf("an ask for the sake of nothing was answered %q", s.a.asks.got[n])
	}
	n = s.a.ask(s.direct, s.a.has[0], "a bare text")
	if s.a.receive(s.direct); s.a.asks.got[n][0] != string(wire.BadRequest) {
		t.Errorf("an ask in bare form was answered %q", s.a.asks.got[n])
	}
}

// A worker that has asked for the sake of a request has begun it, so it cannot give it back.
func TestWhatHasAskedIsNotGivenBack(t *testing.T) {
	s := newParentScene(t, `{"rules":"light"}`)
	s.a.worker.reclaims = []int{1} // as if it had been asked for, before the worker asked
	gave := wire.AppendDispatch(wire.BeginReclaim(nil, wire.KindReclaim), s.a.has[0].number)
	if err := s.direct.b.fromWorker(s.a.worker, zmtp.NewMessage(gave), s.out()); err != nil {
		t.Fatal(err)
	}
	if n := s.a.held.n; n != 1 || s.r.reclaimed != 0 {
		t.Errorf("the broker thinks that the worker has %d requests, and gave back %d", n, s.r.reclaimed)
	}
	s.check()
}

// However many requests wait at a worker for what they have asked, it takes what
// workers ask; but new ones of clients wait at the broker.
func TestCrowdedWorkerTakesOnlyWhatWorkersAsk(t *testing.T) {
	d := newDirect(t, Options{})
	a, b, c := d.worker("a", 1, true, "light"), d.worker("b", 1, true, "heavy"), d.client()
	const n = waitingPerSlot + 20
	for i := range n {
		d.send(c, fmt.Sprint(i), `{"rules":"light"}`, "outer")
	}
	for a.receive(d); a.at(0) >= 0; a.receive(d) {
		a.ask(d, a.has[a.at(0)], `{"rules":"heavy"}`, "inner")
		d.check()
	}
	// What it had in its window when it became crowded can ask, too.
	if a.waiting < waitingPerSlot || a.waiting > waitingPerSlot+a.window || len(a.has) != a.waiting {
		t.Fatalf("%d of %d requests wait at the worker, want about %d", a.waiting, len(a.has), waitingPerSlot)
	}
	b.receive(d)
	b.ask(d, b.has[0], `{"worker":"a","rules":"light"}`, "back")
	if a.receive(d); a.at(0) < 0 || a.has[a.at(0)].text != "back" {
		t.Fatal("the crowded worker did not get what a worker asks it")
	}
	for d.r.pending > 0 {
		worked := false
		for _, w := range []*directWorker{a, b} {
			if w.receive(d); w.at(0) >= 0 {
				w.answer(d, w.at(0), false)
				worked = true
			}
			d.check()
		}
		if !worked {
			t.Fatalf("nobody has anything to do, with %d requests pending", d.r.pending)
		}
	}
	if got := c.answers(); len(got) != n {
		t.Errorf("%d of %d answered", len(got), n)
	}
}
