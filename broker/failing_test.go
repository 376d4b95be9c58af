package broker

import (
	"fmt"
	"testing"
	"time"
)

// An error of the worker's own another worker may not have: it gets the request, once.
func TestAnInternalErrorIsTriedOnceElsewhere(t *testing.T) {
	d := newDirect(t, Options{RuleSets: map[string]RulePolicy{"impure": {Impure: true}}})
	a, c := d.worker("a", 1, true, "default", "impure"), d.client()
	d.send(c, "alone", "x")
	a.receive(d)
	a.failHere(d, 0)
	if got := fmt.Sprint(c.answers()); got != "map[alone:[internal]]" {
		t.Errorf("with no other worker: %s", got)
	}
	b := d.worker("b", 1, true, "default", "impure")
	for _, request := range [][2]string{{"pure", `{}`}, {"impure", `{"rules":"impure"}`}, {"named", `{"worker":"a"}`}} { // in this order neither keeps failing before
		id := request[0]
		d.send(c, id, request[1], "x")
		for _, w := range []*directWorker{a, b} {
			if w.receive(d); len(w.has) > 0 {
				w.failHere(d, 0)
				break
			}
		}
		a.receive(d)
		b.receive(d)
		if again := len(a.has) + len(b.has); (again == 1) != (id == "pure") {
			t.Errorf("%s: %d workers have it after the first has failed, answers %v", id, again, c.answers())
		}
		for _, w := range []*directWorker{a, b} {
			if len(w.has) > 0 {
				w.failHere(d, 0)
			}
		}
		if got := c.answers()[id]; fmt.Sprint(got) != "[internal]" {
			t.Errorf("%s: answered %v", id, got)
		}
	}
	d.check()
}

// A worker that keeps failing gets a request now and then, to see whether it is well again, as
// long as others serve the same.
func TestAWorkerThatKeepsFailingIsAvoided(t *testing.T) {
	d := newDirect(t, Options{})
	bad, good, c := d.worker("bad", 1, true), d.worker("good", 1, true), d.client()
	sick, failed, sent := true, 0, 0
	work := func() {
		for bad.receive(d); len(bad.has) > 0; bad.receive(d) {
			if sick {
				failed++
				bad.failHere(d, 0)
			} else {
				bad.answer(d, 0, false)
			}
		}
		for good.receive(d); len(good.has) > 0; good.receive(d) {
			good.answer(d, 0, false)
		}
	}
	second := func() {
		for range 40 {
			sent++
			d.send(c, fmt.Sprint(sent), "x")
			sent++
			d.send(c, fmt.Sprint(sent), "x")
			work()
			d.check()
			bad.port.heard, good.port.heard = d.now, d.now
			d.advance(tick)
		}
	}
	for range 10 {
		second()
	}
	for id, a := range c.answers() {
		if fmt.Sprint(a) != "[ok]" {
			t.Fatalf("request %s was answered %v", id, a)
		}
	}
	if failed < 5 || failed > failuresBorne+12 {
		t.Errorf("it failed %d requests in 10 s, want one a heartbeat", failed)
	}
	if s := bad.state(d.now); s != "failing" {
		t.Errorf("it is %s", s)
	}
	sick = false
	d.advance(time.Second)
	second()
	if s := bad.state(d.now); s != "ready" || bad.answered < 30 {
		t.Errorf("well again it is %s and has answered %d", s, bad.answered)
	}
	sick = true
	d.lose(good)
	d.send(c, "last", "x")
	work()
	if got := fmt.Sprint(c.answers()["last"]); got != "[internal]" {
		t.Errorf("a worker that is the only one is not avoided: answered %s", got)
	}
}

// A request that waits for another worker than the one that has failed it goes back to that
// one if no other is left.
func TestARequestThatWaitsForAnotherWorkerGoesBackToTheOnlyOneLeft(t *testing.T) {
	d := newDirect(t, Options{})
	a, b, c := d.worker("a", 1, true), d.worker("b", 1, true), d.client()
	for i := range 20 {
		d.send(c, fmt.Sprint(i), `{"deadline_ms":60000}`, "x")
	}
	a.receive(d)
	b.receive(d)
	a.failHere(d, 0) // waits in front, as b has no room
	for a.receive(d); len(a.has) > 0; a.receive(d) {
		a.answer(d, 0, false)
	}
	if d.r.avoiding != 1 {
		t.Fatalf("%d requests wait for another worker", d.r.avoiding)
	}
	d.r.drains(b.worker, wireDrain(), d.out())
	for range 3 {
		a.port.heard, b.port.heard = d.now, d.now
		d.advance(time.Second)
		for a.receive(d); len(a.has) > 0; a.receive(d) {
			a.answer(d, 0, false)
		}
	}
	waits := 0
	for i := range 20 {
		if len(c.answers()[fmt.Sprint(i)]) == 0 {
			waits++
		}
	}
	if waits != b.worker.held.n || d.r.avoiding != 0 {
		t.Errorf("%d requests have no answer, and b holds %d", waits, b.worker.held.n)
	}
	d.check()
}
