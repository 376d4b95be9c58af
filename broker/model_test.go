package broker

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The promise, under everything that can happen, in random order: clients that
// ask for all kinds of things, go, and do not read; workers of both kinds that
// join, die, hang, drain, answer late, twice, or what nobody asked; connections
// that are full; time that passes.

func TestPromiseUnderRandomFaults(t *testing.T) {
	seeds := 60
	if testing.Short() {
		seeds = 20
	}
	if n, err := strconv.Atoi(os.Getenv("TRAWL_MODEL_SEEDS")); err == nil {
		seeds = n
	}
	var sum counters
	updates, avoided := 0, 0
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newModel(t, uint64(seed))
			c := m.run(1500)
			updates += m.updates
			sum.retried += c.retried
			sum.reclaimed += c.reclaimed
			sum.cancelled += c.cancelled
			sum.hedgedSilent += c.hedgedSilent
			sum.hedgedSlow += c.hedgedSlow
			sum.hedgesWon += c.hedgesWon
			sum.clientsThrottled += c.clientsThrottled
			sum.staleAnswers += c.staleAnswers
			sum.subRequests += c.subRequests
			avoided += m.avoided
			sum.slowConsumers += c.slowConsumers
		})
		if t.Failed() {
			return
		}
	}
	// A model in which something never happens proves nothing about it.
	for what, n := range map[string]int64{
		"retried": sum.retried, "reclaimed": sum.reclaimed, "cancelled": sum.cancelled, "hedged_silent": sum.hedgedSilent,
		"asked by workers": sum.subRequests, "hedged_slow": sum.hedgedSlow, "won by a copy": sum.hedgesWon, "held back": sum.clientsThrottled, "late": sum.staleAnswers,
		"updated": int64(updates), "avoided": int64(avoided),
	} {
		if n == 0 {
			t.Errorf("in no run anything was %s", what)
		}
	}
}

type model struct {
	*direct
	rng     *rand.Rand
	clients []*modelClient
	workers []*modelWorker
	names   int
	sent    int
	updates int
	avoided int // steps in which a worker kept failing while others did not
}

type modelClient struct {
	*directClient
	asked []string
}

type modelWorker struct {
	*directWorker
	sick    bool // cannot do its work, and says so
	lied    bool // answered what it was not asked
	stopped bool // a process that is stopped: neither reads nor says anything
}

func newModel(t testing.TB, seed uint64) *model {
	m := &model{rng: rand.New(rand.NewPCG(seed, 7))}
	m.direct = newDirect(t, Options{
		Limits: Limits{Queue: 40, Memory: 200_000},
		RuleSets: map[string]RulePolicy{
			"impure": {Impure: true}, "hedged_slow": {Hedge: 60}, "small": {Queue: 3},
		},
		Plain:         []Plain{{Rules: "impure"}},
		ExpectWorkers: []string{"w1"},
		patience:      2 * time.Second,
	})
	h := &m.r.target(targetKey{name: "hedged_slow"}).hedge // as after some use
	for range 2 * hedgeSamples {
		h.recent.observe(20 * time.Millisecond)
	}
	return m
}

func (m *model) run(steps int) *counters {
	for range 3 {
		m.newClient()
		m.newWorker()
	}
	for range steps {
		m.step()
		m.check()
		m.checkBegun()
		if slices.ContainsFunc(m.workers, func(w *modelWorker) bool { return w.crew != nil && w.worker.avoided() }) {
			m.avoided++
		}
	}
	m.end()
	return &m.r.counters
}

// step does one thing of those that can happen.
func (m *model) step() {
	switch p := m.rng.IntN(1000); {
	case p < 420:
		m.ask()
	case p < 760:
		m.work()
	case p < 900:
		m.advance(time.Duration(m.rng.IntN(40)) * time.Millisecond)
		m.beatHearts()
	case p < 910:
		for range 5 { // half a second to some seconds
			m.advance(time.Duration(100+m.rng.IntN(400)) * time.Millisecond)
			m.beatHearts()
		}
	case p < 925:
		if len(m.workers) < 6 {
			m.newWorker()
		}
	case p < 935:
		if w := m.anyWorker(); w != nil {
			m.loseWorker(w)
		}
	case p < 945:
		if w := m.anyWorker(); w != nil {
			w.stopped = !w.stopped
		}
	case p < 955:
		if w := m.anyWorker(); w != nil {
			if w.port.full = !w.port.full; !w.port.full {
				m.r.beat(m.out()) // which looks whether connections that were full have room
			}
		}
	case p < 960:
		if w := m.anyWorker(); w != nil && !w.plain {
			m.r.lock()
			m.r.setDraining(w.worker, m.out())
			m.r.leave(m.out())
		}
	case p < 965:
		if w := m.anyWorker(); w != nil && !w.plain {
			m.changeRules(w)
		}
	case p < 970:
		if len(m.clients) < 5 {
			m.newClient()
		}
	case p < 984:
		if w := m.anyWorker(); w != nil && !w.plain && !w.stopped && !w.port.closed {
			m.changeSlots(w)
		}
	case p < 990:
		m.loseClient(m.rng.IntN(len(m.clients)))
	default:
		c := m.clients[m.rng.IntN(len(m.clients))]
		c.port.unread = []int{0, throttleMin / 8, throttleAt, 2 * throttleAt}[m.rng.IntN(4)]
		if c.port.unread > 0 {
			c.unread = int64(c.port.unread) // as if it had been sent
		}
	}
}

// changeSlots lets a worker work on fewer or more requests at once. Fewer it
// does before it says so, more after.
func (m *model) changeSlots(w *modelWorker) {
	switch n := 1 + m.rng.IntN(w.hello.Slots); {
	case w.works != w.said:
		w.saySlots(m.direct, w.works)
	case n < w.works:
		w.works = n
	default:
		w.saySlots(m.direct, n)
		w.works = n
	}
	w.receive(m.direct)
}

func (m *model) newClient() { m.clients = append(m.clients, &modelClient{directClient: m.client()}) }

func (m *model) newWorker() {
	var w *directWorker
	m.names++
	switch rules := []string{"default", "impure", "hedged_slow", "small"}; m.rng.IntN(4) {
	case 0:
		w = m.plainWorker(fmt.Sprint("plain", m.names), rules[m.rng.IntN(3)])
	default:
		name := fmt.Sprint("w", m.names%7)
		h := hello(name, 1+m.rng.IntN(3), m.rng.IntN(4) > 0, rules...)
		if old := m.r.names[name]; old != nil { // the same process over a new connection
			h.Nonce = old.hello.Nonce
		}
		w = m.join(h, false)
		for _, old := range append([]*modelWorker{}, m.workers...) {
			if old.name == name {
				m.loseWorker(old) // its reader sees the end of its connection
			}
		}
	}
	m.workers = append(m.workers, &modelWorker{directWorker: w, sick: !w.plain && m.rng.IntN(5) == 0})
}

// changeRules lets a worker load other rules for all its sets, or go back to those
// of before.
func (m *model) changeRules(w *modelWorker) {
	rules := slices.Clone(w.hello.Rules)
	for i := range rules {
		was := rules[i].Hash
		if rules[i].Hash = strings.Repeat("cd", 32); was == rules[i].Hash {
			rules[i].Hash = strings.Repeat("ab", 32)
		}
	}
	m.updates++
	w.update(m.direct, rules)
}

func (m *model) anyWorker() *modelWorker {
	if len(m.workers) == 0 {
		return nil
	}
	return m.workers[m.rng.IntN(len(m.workers))]
}

func (m *model) loseWorker(w *modelWorker) {
	w.receive(m.direct) // nothing is answered twice
	m.lose(w.directWorker)
	for i := range m.workers {
		if m.workers[i] == w {
			m.workers = append(m.workers[:i:i], m.workers[i+1:]...)
			return
		}
	}
}

// beatHearts: those that run give signs of life; those whose connection was
// closed are gone.
func (m *model) beatHearts() {
	for _, w := range append([]*modelWorker{}, m.workers...) {
		if w.port.closed {
			m.loseWorker(w)
		} else if !w.stopped {
			w.port.heard = m.now
			w.receive(m.direct)
		}
	}
	for i := len(m.clients) - 1; i >= 0; i-- {
		if m.clients[i].port.closed {
			m.loseClient(i)
		}
	}
}

func (m *model) ask() {
	c := m.clients[m.rng.IntN(len(m.clients))]
	m.sent++
	id := fmt.Sprint("id", m.sent)
	c.asked = append(c.asked, id)
	deadline := []int{30, 300, 3000, 10_000}[m.rng.IntN(4)]
	rules := []string{"default", "impure", "hedged_slow", "hedged_slow", "small", "nobody", "default@abababababab", "impure@cdcdcdcdcdcd", "hedged@abab"}[m.rng.IntN(9)]
	text := fmt.Sprintf("%*s", 1+m.rng.IntN(3000), id)
	switch p := m.rng.IntN(10); {
	case p < 3:
		m.send(c.directClient, id, text)
	case p < 8:
		m.send(c.directClient, id, fmt.Sprintf(`{"rules":%q,"deadline_ms":%d,"priority":%d}`, rules, deadline, m.rng.IntN(10)), text)
	case p < 9:
		m.send(c.directClient, id, fmt.Sprintf(`{"worker":"w%d","deadline_ms":%d}`, m.rng.IntN(8), deadline), text)
	default:
		m.send(c.directClient, id, fmt.Sprintf(`{"rules":%q,"deadline_ms":%d,"want":"count"}`, rules, deadline), text, text)
	}
}

// work lets a worker read, and answer one of the requests that it works on.
func (m *model) work() {
	w := m.anyWorker()
	if w == nil || w.stopped || w.port.closed {
		return
	}
	w.receive(m.direct)
	switch p := m.rng.IntN(20); {
	case p == 0:
		w.say(m.direct, m.rng.Uint64(), false, "an answer that nobody asked for")
	case p == 1 && m.r.number > 10:
		w.lied = true
		w.say(m.direct, m.r.number-uint64(m.rng.IntN(10)), true, "a number of this broker's, perhaps another's")
		// It may have been its own: then it must not answer it again.
		w.forgetAnswered()
	case p == 2 && !w.plain: // not in order, and some do not wait for what they have asked
		if n := len(w.has); n > 0 {
			if i := m.rng.IntN(min(n, w.hello.Slots+w.waiting)); w.has[i].begun {
				if m.rng.IntN(2) == 0 {
					w.failHere(m.direct, i)
				} else {
					w.answer(m.direct, i, true)
				}
			}
		}
	case p < 8 && !w.plain && m.canAsk(w):
		m.workerAsks(w)
	default:
		if i := w.at(0); i >= 0 && w.sick {
			w.failHere(m.direct, i)
		} else if i >= 0 {
			w.answer(m.direct, i, false)
		}
	}
}

// canAsk bounds what workers ask, so that there is still work for others.
func (m *model) canAsk(w *modelWorker) bool { return len(w.has) > 0 && len(w.asks.open) < 6 }

// workerAsks lets a worker ask for the sake of something that it works on; now and
// then of something that has long been answered.
func (m *model) workerAsks(w *modelWorker) {
	x := w.has[m.rng.IntN(len(w.has))]
	if !x.begun {
		return
	}
	m.sent++
	rules := []string{"default", "impure", "hedged_slow", "small", "nobody"}[m.rng.IntN(5)]
	deadline := []int{30, 300, 10_000}[m.rng.IntN(3)]
	header := fmt.Sprintf(`{"rules":%q,"deadline_ms":%d}`, rules, deadline)
	if m.rng.IntN(3) == 0 {
		header = fmt.Sprintf(`{"worker":"w%d","deadline_ms":%d}`, m.rng.IntN(8), deadline)
	}
	w.ask(m.direct, x, header, fmt.Sprintf("%*s", 1+m.rng.IntN(3000), "asked"))
}

// forgetAnswered drops what the broker does not wait for any more.
func (w *modelWorker) forgetAnswered() {
	var left []*doing
	for _, x := range w.has {
		if w.held.find(x.number) != nil {
			left = append(left, x)
		}
	}
	w.has = left
}

// loseClient ends a client's connection, after a look at its answers.
func (m *model) loseClient(i int) {
	c := m.clients[i]
	m.judge(c, false)
	c.port.closed = true
	m.r.removeClient(c.client, m.out())
	m.clients = append(m.clients[:i:i], m.clients[i+1:]...)
	if len(m.clients) == 0 {
		m.newClient()
	}
}

// checkBegun: what a worker has begun the broker believes it may have: it counts
// against a request if the worker is lost.
func (m *model) checkBegun() {
	for _, w := range m.workers {
		if w.plain || w.lied {
			continue
		}
		if w.slots < 1 || w.slots > w.hello.Slots || w.worker.begun < w.slots {
			m.t.Fatalf("worker %s: %d of %d slots, %d may have begun", w.name, w.slots, w.hello.Slots, w.worker.begun)
		}
		place := make(map[uint64]int) // among those that have asked nothing
		for h := w.held.first(); h != nil; h = w.held.after(h) {
			if !h.state.hasAsked() {
				place[h.number] = len(place)
			}
		}
		for _, x := range w.has {
			if i, ok := place[x.number]; ok && x.begun && i >= w.worker.begun {
				m.t.Fatalf("worker %s has begun what the broker has at place %d, beyond %d", w.name, i, w.worker.begun)
			}
		}
	}
}
