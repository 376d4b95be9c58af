package broker

import (
	"fmt"
	"testing"
	"time"
)

// hang lets seconds pass in which workers beat, and answer nothing.
func (d *direct) hang(seconds int, workers ...*directWorker) {
	for range seconds {
		for _, w := range workers {
			w.port.heard = d.now
			w.receive(d)
		}
		d.advance(time.Second)
	}
	for _, w := range workers {
		w.receive(d)
	}
}

// A worker that only sends heartbeats gets nothing new, and what it has others
// do, too; whoever answers first. Then it is one of them again.
func TestHungWorkerIsStoodInFor(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprint("plain: ", plain), func(t *testing.T) {
			d := newDirect(t, Options{})
			var hung *directWorker
			if plain {
				hung = d.plainWorker("hung", "default")
				hung.window = 2
			} else {
				hung = d.worker("hung", 1, true)
			}
			c := d.client()
			const long = `{"deadline_ms":60000}`
			d.send(c, "begun", long, "begun")
			d.send(c, "behind", long, "behind")
			hung.receive(d)
			good := d.worker("good", 1, true)
			d.hang(9, hung, good)
			if !plain {
				good.answer(d, 0, false) // what waited behind went to it at once
			}
			if len(good.has) > 0 {
				t.Fatal("it was given up too early")
			}
			d.hang(3, hung, good)
			if want := len(hung.has); len(good.has) != want || want == 0 {
				t.Fatalf("the good worker has %d requests, want all %d", len(good.has), want)
			}
			if s := hung.state(d.now); s != "silent" {
				t.Errorf("it counts as %s", s)
			}
			d.send(c, "new", long, "new")
			d.check()
			if n := hung.held.n; n > 2 {
				t.Errorf("it has %d requests", n)
			}
			for len(good.has) > 0 {
				good.answer(d, 0, false)
			}
			hung.say(d, hung.held.first().number, false, "late") // it wakes
			if a := c.answers(); len(a["begun"]) != 1 || len(a["behind"]) != 1 {
				t.Errorf("answers %v, want one each", a)
			}
			if s := hung.state(d.now); s != "ready" {
				t.Errorf("after its answer it is %s", s)
			}
			d.check()
		})
	}
}

// If the first is only slow, its answer counts.
func TestSilentWorkerGetsNothingNewUntilItAnswers(t *testing.T) {
	d := newDirect(t, Options{})
	w, c := d.worker("w", 2, true), d.client()
	d.send(c, "1", "first")
	w.receive(d)
	for range 11 { // its heartbeats come
		w.port.heard = d.now
		d.advance(time.Second)
	}
	d.send(c, "2", "second")
	if w.receive(d); len(w.has) != 1 {
		t.Fatal("it got another request")
	}
	w.answer(d, 0, false)
	if w.receive(d); len(w.has) != 1 || w.has[0].text != "second" {
		t.Error("it has answered, and gets nothing")
	}
}

// A connection that takes nothing more is tried again after an answer, which frees a
// place, and with the next heartbeat.
func TestFullConnectionIsTriedAgain(t *testing.T) {
	d := newDirect(t, Options{})
	w, c := d.worker("w", 4, true), d.client()
	d.send(c, "1", "first")
	w.receive(d)
	w.port.full = true
	d.send(c, "2", "second")
	w.port.full = false
	w.answer(d, 0, false)
	if len(w.has) != 1 || w.has[0].text != "second" {
		t.Fatal("it got nothing after its answer")
	}
	w.port.full = true
	d.send(c, "3", "third")
	w.port.full, w.port.heard = false, d.now
	d.advance(d.b.options.Heartbeat)
	if w.receive(d); len(w.has) != 2 {
		t.Error("it got nothing after a heartbeat")
	}
	d.check()
}

func TestSlowWorkersOwnAnswerCounts(t *testing.T) {
	d := newDirect(t, Options{})
	slow := d.plainWorker("slow", "default")
	c := d.client()
	d.send(c, "x", `{"deadline_ms":60000}`, "x")
	slow.receive(d)
	other := d.worker("other", 1, true)
	d.hang(12, slow, other)
	if len(other.has) != 1 || d.r.hedgedSilent != 1 {
		t.Fatalf("the other has %d", len(other.has))
	}
	slow.answer(d, 0, false)
	other.receive(d)
	if !other.has[0].stop {
		t.Error("the copy goes on though nobody waits for it")
	}
	other.answer(d, 0, true)
	if a := c.answers()["x"]; len(a) != 1 || a[0] != "ok" {
		t.Errorf("answers %v", a)
	}
	d.check()
}

// A pause of the broker itself is no silence of its workers.
func TestBrokerThatSleptDoesNotLoseItsWorkers(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 1, true)
	d.hang(3, w)
	d.now = d.now.Add(time.Hour)
	d.r.beat(d.out())
	if w.port.closed {
		t.Fatal("lost")
	}
	d.advance(time.Second) // and says nothing now
	if !w.port.closed {
		t.Error("never lost")
	}
}

// One that does not even answer a reclaim is stood in for all the same.
func TestWorkerThatIgnoresReclaimsIsStoodInFor(t *testing.T) {
	d := newDirect(t, Options{})
	hung := d.worker("hung", 1, true)
	c := d.client()
	for i := range 2 {
		d.send(c, fmt.Sprint(i), `{"deadline_ms":60000}`, fmt.Sprint(i))
	}
	for range 15 {
		hung.port.heard = d.now
		d.advance(time.Second)
	}
	good := d.worker("good", 2, true)
	d.hang(1, good)
	for range 2 {
		hung.port.heard = d.now
		d.hang(1, good)
	}
	if len(good.has) != 2 {
		t.Fatalf("the good worker has %d requests, want both", len(good.has))
	}
	good.answer(d, 0, false)
	good.answer(d, 0, false)
	hung.receive(d) // now it gives back, and has nothing that counts
	if a := c.answers(); len(a["0"]) != 1 || len(a["1"]) != 1 {
		t.Errorf("answers %v", a)
	}
	d.check()
}
