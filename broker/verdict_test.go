package broker

// What a run of the model must have come to.

import "time"

// judge: nothing was answered twice, and in the end nothing was not.
func (m *model) judge(c *modelClient, end bool) {
	m.t.Helper()
	answers := c.answers()
	for _, id := range c.asked {
		n := len(answers[id])
		delete(answers, id)
		if n > 1 || end && n == 0 {
			m.t.Fatalf("request %s was answered %d times", id, n)
		}
	}
	if len(answers) > 0 {
		m.t.Fatalf("answers to what was never asked: %v", answers)
	}
}

// end lets everything come to rest and looks at what is left.
func (m *model) end() {
	for _, c := range m.clients {
		c.port.unread = 0
	}
	for range 30 { // the longest deadline is 10 s
		for _, w := range append([]*modelWorker{}, m.workers...) {
			w.stopped, w.port.full = false, false
			m.r.beat(m.out())
			if w.port.closed {
				continue
			}
			for w.receive(m.direct); w.at(0) >= 0 && m.rng.IntN(3) > 0; {
				w.answer(m.direct, w.at(0), false)
			}
		}
		m.advance(500 * time.Millisecond)
		m.beatHearts()
		m.check()
		if m.r.throttled.n > 0 {
			m.t.Fatal("a client that has read everything is held back")
		}
	}
	for _, c := range m.clients {
		m.judge(c, true)
	}
	for _, w := range m.workers {
		if w.receive(m.direct); len(w.asks.open) > 0 {
			m.t.Fatalf("worker %s never got the answers to %d of what it has asked", w.name, len(w.asks.open))
		}
	}
	m.rest()
}

// rest: nothing is held any more, and the counters add up.
func (m *model) rest() {
	r := m.r
	if r.pending != 0 || r.bytes != 0 {
		m.t.Fatalf("%d requests of %d bytes are left", r.pending, r.bytes)
	}
	for _, t := range r.targets {
		if t.queue.n != 0 || t.queue.cost != 0 || t.hedge.running.n != 0 {
			m.t.Fatalf("%q is not at rest", t.key.name)
		}
		if !t.known() {
			m.t.Fatalf("%q is kept though nobody knows it", t.key.name)
		}
	}
	answered := r.ok
	for _, n := range r.outcomes {
		answered += n
	}
	if answered != int64(m.sent) || r.requests != int64(m.sent) {
		m.t.Fatalf("%d requests, %d counted, with %d outcomes", m.sent, r.requests, answered)
	}
}
