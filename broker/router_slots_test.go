package broker

import (
	"fmt"
	"strings"
	"testing"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// A worker whose board is strained says that it works on fewer requests at once.

func TestFewerSlotsGetFewerRequests(t *testing.T) {
	d := newDirect(t, Options{})
	c := d.client()
	a, b := d.worker("a", 4, true), d.worker("b", 4, true)
	a.saySlots(d, 1)
	a.works = 1
	for i := range 5 {
		d.send(c, fmt.Sprint(i), "x")
	}
	if a.held.n != 1 || b.held.n != 4 {
		t.Errorf("a holds %d, b %d; want 1 and 4, as they have slots", a.held.n, b.held.n)
	}
	if a.slots != 1 || a.window != 2 {
		t.Errorf("a has %d slots and a window of %d", a.slots, a.window)
	}
	d.check()
}

// However large requests are, a worker has one for each slot and one more.
func TestLargeRequestsFillTheWindowByTheirBytes(t *testing.T) {
	d := newDirect(t, Options{})
	w, c := d.worker("w", 2, true), d.client()
	for i := range 5 {
		d.send(c, fmt.Sprint(i), strings.Repeat("x", windowBytes*3/4))
	}
	if n := w.held.n; n != 3 {
		t.Errorf("it holds %d requests, want 3", n)
	}
	d.check()
}

func TestMoreSlotsTakeWhatWaits(t *testing.T) {
	d := newDirect(t, Options{})
	c := d.client()
	w := d.worker("w", 4, true)
	w.saySlots(d, 1)
	for i := range 10 {
		d.send(c, fmt.Sprint(i), "x")
	}
	if w.held.n != 2 {
		t.Fatalf("holds %d of a window of %d", w.held.n, w.window)
	}
	w.saySlots(d, 4)
	if w.held.n != 8 {
		t.Errorf("holds %d, want what its window has room for, 8", w.held.n)
	}
	d.check()
}

func TestSlotsStayWithinWhatTheHelloSaid(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 2, true)
	for n, want := range map[int]int{-5: 1, 1: 1, 2: 2, 3: 2, 1 << 30: 2} {
		w.saySlots(d, n)
		if w.slots != want {
			t.Errorf("%d slots when it says %d, want %d", w.slots, n, want)
		}
	}
	w.saySlots(d, 1)
	w.saySlots(d, 0) // says nothing about them
	if w.slots != 1 {
		t.Errorf("%d slots", w.slots)
	}
}

// What was begun before the slots became fewer counts when the worker is lost,
// what was not does not.
func TestLossWhileSlotsBecomeFewer(t *testing.T) {
	d := newDirect(t, Options{})
	c := d.client()
	w := d.worker("w", 3, true)
	for i := range 6 {
		d.send(c, fmt.Sprint(i), "x")
	}
	w.receive(d) // begins 3
	w.works = 1
	w.saySlots(d, 1)
	w.answer(d, 0, false)
	var before []*request
	for h := w.held.first(); h != nil; h = w.held.after(h) {
		before = append(before, h.request)
	}
	d.lose(w)
	var losses []int
	for _, q := range before {
		losses = append(losses, q.losses)
	}
	if got := fmt.Sprint(losses); got != "[1 1 0 0 0]" {
		t.Errorf("losses %s: two were being worked on", got)
	}
}

func TestHeartbeatsOfAllKinds(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 2, true)
	beat := func(frames ...string) error {
		bs := [][]byte{wire.ControlFrame(wire.KindHeartbeat)}
		for _, f := range frames {
			bs = append(bs, []byte(f))
		}
		return d.b.fromWorker(w.worker, zmtp.NewMessage(bs...), d.out())
	}
	for _, stats := range []string{"", "no JSON", "[]", `{"slots":"many"}`, `{"health":7}`, `{"health":null}`, `{"health":{"load":"x"}}`} {
		if err := beat(stats); err != nil {
			t.Errorf("%q: %v", stats, err)
		}
	}
	if err := beat(); err != nil || w.health != nil || w.slots != 2 {
		t.Errorf("%v, health %v", err, w.health)
	}
	if err := beat(`{"health":{"load":2,"later":"versions say more"}}`); err != nil || w.health == nil || w.health.Load != 2 || string(w.stats.Health) != `{"load":2}` {
		t.Errorf("%v, health %v", err, w.health)
	}
	if beat(`{"x":"`+strings.Repeat("x", maxHeartbeat)+`"}`) == nil {
		t.Error("a heartbeat without end is taken")
	}
}
