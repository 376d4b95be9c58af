package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// maxVisited is the most items that a critical section may look at, whatever peers send and
// however many there are.
const maxVisited = 1000

// crowd is a broker with many workers and clients; the test fails if a critical section of it
// looks at too much.
type crowd struct {
	*direct
	c *directClient
}

func newCrowd(t *testing.T, o Options) *crowd {
	o.Limits.Memory, o.Limits.Queue = 1<<30, 1<<20
	d := newDirect(t, o)
	t.Cleanup(func() {
		if n := d.r.longest; n > maxVisited {
			t.Errorf("a critical section looked at %d items, want at most %d", n, maxVisited)
		}
		if d.r.chores != nil {
			t.Errorf("%d chores are left", len(d.r.chores))
		}
	})
	return &crowd{direct: d, c: d.client()}
}

// sets returns n rule sets.
func sets(prefix string, n int) (rules []wire.ServedRules) {
	for i := range n {
		rules = append(rules, wire.ServedRules{Name: fmt.Sprint(prefix, i), Hash: strings.Repeat(fmt.Sprintf("%02x", i%256), 32)})
	}
	return rules
}

// fleet lets workers join that serve the same rule sets, or each its own beside one of all.
func (d *crowd) fleet(workers, rules int, own bool) (all []*directWorker) {
	for i := range workers {
		h := hello(fmt.Sprint("w", i), 1, true)
		h.Rules = sets("set", rules)
		if own {
			h.Rules = append(sets(fmt.Sprint("of", i, "-"), rules-1), wire.ServedRules{Name: "shared", Hash: strings.Repeat("ab", 32)})
		}
		all = append(all, d.join(h, false))
	}
	return all
}

// ask sends n requests of a client.
func (d *crowd) ask(n int, header string) {
	for i := range n {
		d.send(d.c, fmt.Sprint(i), header, "x")
	}
}

func (d *crowd) wantAnswers(n int, code string) {
	d.t.Helper()
	if got := len(d.c.port.sent); got != n {
		d.t.Fatalf("%d requests were answered, want %d", got, n)
	}
	for id, answers := range d.c.answers() {
		for _, a := range answers {
			if a != code {
				d.t.Fatalf("request %s was answered %s, want %s", id, a, code)
			}
		}
	}
}

func TestCriticalSectionsOfJoiningAndLeavingAreBounded(t *testing.T) {
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprint("rules of their own: ", own), func(t *testing.T) {
			d := newCrowd(t, Options{})
			workers := d.fleet(40, maxRuleSets, own)
			for i, w := range workers {
				w.update(d.direct, sets(fmt.Sprint("new", i%7, "-"), maxRuleSets))
			}
			d.check()
			for _, w := range workers {
				d.lose(w)
			}
			d.advance(3 * time.Second)
			d.check()
			if n := d.r.gone.n; n > maxGone {
				t.Errorf("%d names are remembered", n)
			}
		})
	}
}

func TestCriticalSectionsOfAnnouncementsWithPacksThatAreAskedForAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	rules := sets("set", maxRuleSets)
	for i := range rules { // while booting all names are waited for
		d.send(d.c, fmt.Sprint(i), fmt.Sprintf(`{"rules":"%s@%s","deadline_ms":86400000}`, rules[i].Name, rules[i].Hash[:12+i%53]), "x")
		d.send(d.c, fmt.Sprint("n", i), fmt.Sprintf(`{"rules":%q,"deadline_ms":86400000}`, rules[i].Name), "x")
	}
	for i := range 3 {
		h := hello(fmt.Sprint("w", i), 64, true)
		h.Rules = rules
		w := d.join(h, false)
		w.receive(d.direct)
		d.check()
		for len(w.has) > 0 {
			w.answer(d.direct, 0, false)
		}
	}
	d.wantAnswers(2*maxRuleSets, "ok")
}

func TestCriticalSectionsOfMassEndsAreBounded(t *testing.T) {
	const n = 20_000
	for name, end := range map[string]func(d *crowd){
		"deadline":  func(d *crowd) { d.advance(31 * time.Second) },
		"the end":   func(d *crowd) { d.r.stopTaking(); d.r.failAll(d.out()) },
		"boot ends": nil,
		"updated":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			d := newCrowd(t, Options{})
			code := map[string]string{"deadline": "no_worker", "the end": "draining", "boot ends": "unknown_rules", "updated": "unknown_rules"}[name]
			header := `{"rules":"set0","deadline_ms":30000}`
			switch name {
			case "boot ends":
				d.ask(n, header)
				d.advance(d.b.options.bootTime)
			case "updated":
				w := d.fleet(1, 1, false)[0]
				d.ask(n, header)
				held := w.worker.held.n
				w.update(d.direct, sets("other", 1))
				n := n - held
				d.wantAnswers(n, code)
				return
			default:
				d.lose(d.fleet(1, 1, false)[0])
				d.ask(n, header)
				end(d)
			}
			d.wantAnswers(n, code)
			d.check()
		})
	}
}

func TestCriticalSectionsOfALostClientAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	h := hello("w", 1024, true, "set0")
	w := d.join(h, false)
	for range 40 { // prove a pace, so that the window is wide
		d.ask(1, `{"rules":"set0"}`)
		w.receive(d.direct)
		w.answer(d.direct, 0, false)
	}
	d.ask(20_000, `{"rules":"set0"}`)
	if w.worker.held.n < 256 {
		t.Fatalf("the worker holds %d", w.worker.held.n)
	}
	d.c.port.closed = true
	d.r.removeClient(d.c.client, d.out())
	if d.r.pending != 0 || d.r.bytes != 0 {
		t.Errorf("%d requests of %d bytes are left", d.r.pending, d.r.bytes)
	}
	w.receive(d.direct)
	d.check()
}

func TestCriticalSectionsOfALostWorkerAreBounded(t *testing.T) {
	for _, own := range []bool{false, true} {
		d := newCrowd(t, Options{})
		workers := d.fleet(300, 3, own)
		rules := "set0"
		if own {
			rules = "shared"
		}
		d.ask(5000, fmt.Sprintf(`{"rules":%q,"deadline_ms":86400000}`, rules))
		for _, w := range workers[1:] {
			d.lose(w)
		}
		d.check()
		for workers[0].receive(d.direct); len(workers[0].has) > 0; workers[0].receive(d.direct) {
			workers[0].answer(d.direct, 0, false)
		}
		d.wantAnswers(5000, "ok")
	}
}

func TestCriticalSectionsOfHeartbeatsAndReportsAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	for range 3000 {
		d.client()
	}
	workers := d.fleet(1500, 2, false)
	workers = append(workers, d.fleet(0, 0, false)...)
	for i := range 10 {
		costs := costs(fmt.Sprint(i), wire.SetCosts{Name: "pii", TimeUS: 200, Regexes: []wire.RegexCost{cost("iban", 100), cost("phone", 30)}})
		workers[i].beat(d.direct, costs)
	}
	for range d.r.beatInterval() / d.b.options.Heartbeat {
		d.r.beat(d.out())
	}
	for _, w := range workers {
		if len(w.port.sent) == 0 {
			t.Fatalf("worker %s got no heartbeat", w.name)
		}
	}
	if s := d.r.status(d.now); len(s.Workers) != 1500 {
		t.Errorf("status has %d workers", len(s.Workers))
	}
	if n := len(d.b.exposition()); n == 0 {
		t.Error("no metrics")
	}
	d.r.tellWorkers()
	d.send(d.c, "unknown", `{"rules":"nobody has it"}`, "x")
	d.advance(time.Minute)
}

// A worker may ask many things for the sake of one request, and what it has asked may have
// been asked on by others.
func TestCriticalSectionsOfNestedRequestsAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	a, b := d.worker("a", 1024, true, "set0"), d.worker("b", 1024, true, "set1")
	d.send(d.c, "parent", `{"rules":"set0","deadline_ms":86400000}`, "x")
	a.receive(d.direct)
	for range 3000 {
		a.ask(d.direct, a.has[0], `{"rules":"set1","deadline_ms":86400000}`, "y")
	}
	b.receive(d.direct)
	for i := range 20 {
		for range 50 {
			b.ask(d.direct, b.has[i], `{"rules":"nobody","deadline_ms":86400000}`, "z")
		}
	}
	d.check()
	a.answer(d.direct, 0, false)
	d.check()
	if d.r.pending != 0 {
		t.Errorf("%d requests are left", d.r.pending)
	}
}

// A reclaim is answered with what was asked for, or the worker is closed.
func TestAnAnswerToAReclaimNamesNoMoreThanWasAsked(t *testing.T) {
	d := newCrowd(t, Options{})
	w := d.worker("w", 1, true)
	gave := wire.BeginReclaim(nil, wire.KindReclaim)
	for i := range 1000 {
		gave = wire.AppendDispatch(gave, uint64(i))
	}
	if err := d.b.fromWorker(w.worker, zmtp.NewMessage(gave), d.out()); err == nil {
		t.Error("an answer to no reclaim is taken")
	}
	if err := d.b.fromWorker(w.worker, zmtp.NewMessage(wire.BeginReclaim(nil, wire.KindReclaim)), d.out()); err != nil {
		t.Errorf("an answer that gives nothing back: %v", err)
	}
}

// What a worker holds when it stops to answer is given to others without a long section.
func TestCriticalSectionsOfASilentWorkerAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	w := d.worker("w", 1024, true)
	d.ask(6000, `{"deadline_ms":86400000}`)
	w.receive(d.direct)
	others := []*directWorker{}
	for i := range 20 {
		others = append(others, d.worker(fmt.Sprint("other", i), 16, true))
	}
	d.hang(20, append(others, w)...)
	for range 200 {
		for _, o := range others {
			for o.receive(d.direct); len(o.has) > 0; o.receive(d.direct) {
				o.answer(d.direct, 0, false)
			}
		}
		d.hang(1, append(others, w)...)
	}
	d.wantAnswers(6000, "ok")
}

// However many workers turn out to be unable to take a request at once, none of them is looked
// at for ever, and the request goes to the one that can.
func TestCriticalSectionsOfWorkersThatTakeNothingAreBounded(t *testing.T) {
	for name, spoil := range map[string]func(*crowd, []*directWorker){
		"full":   func(_ *crowd, ws []*directWorker) { setAll(ws, func(w *directWorker) { w.port.full = true }) },
		"closed": func(_ *crowd, ws []*directWorker) { setAll(ws, func(w *directWorker) { w.port.closed = true }) },
		"silent": func(d *crowd, ws []*directWorker) {
			d.ask(len(ws), `{"deadline_ms":86400000}`)
			d.now = d.now.Add(2 * workerPatience)
		},
	} {
		for _, own := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", rules of their own: ", own), func(t *testing.T) {
				d := newCrowd(t, Options{})
				join := func(i int) *directWorker {
					rules := []string{"default"}
					if own {
						rules = append(rules, fmt.Sprint("of", i))
					}
					return d.worker(fmt.Sprint("w", i), 2, true, rules...)
				}
				var workers []*directWorker
				for i := range 2000 {
					workers = append(workers, join(i))
				}
				spoil(d, workers)
				last := join(len(workers))
				d.ask(1, `{"deadline_ms":86400000}`)
				if last.held.n != 1 {
					t.Error("the request waits while a worker has room")
				}
				last.receive(d.direct)
				for len(last.has) > 0 {
					last.answer(d.direct, 0, false)
				}
			})
		}
	}
}

func setAll(workers []*directWorker, set func(*directWorker)) {
	for _, w := range workers {
		set(w)
	}
}

// What a section does to a connection counts, too.
type visitedPort struct {
	fakeConn
	r monitor
}

func (p *visitedPort) Close() error { p.r.visit(1); return p.fakeConn.Close() }

func TestCriticalSectionsThatCloseClientsAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	const n, size = 5000, 1 << 18
	var ports []*visitedPort
	for i := range n {
		p := &visitedPort{r: d.r}
		p.unread = size
		if i%2 > 0 {
			p.unread = size / 8
		}
		ports = append(ports, p)
		d.r.addClient(&client{conn: p, socketType: "DEALER"})
	}
	d.b.options.budget.Hold(d.b.options.Limits.Memory)
	d.r.beat(d.out())
	d.r.beat(d.out())
	closed, small := 0, 0
	for _, p := range ports {
		if p.closed {
			closed++
			if p.unread < size {
				small++
			}
		}
	}
	if want := int(d.b.options.Limits.Memory / 4 / size); closed < want || closed > want+1 || small > 0 {
		t.Errorf("%d clients were closed, of which %d hold little; want the %d that hold most", closed, small, want)
	}
}

// A pack that somebody asks for is found in a fleet of any size, and so is that nobody has it.
func TestPacksAreFoundInALargeFleetOfBoardsWithRulesOfTheirOwn(t *testing.T) {
	d := newCrowd(t, Options{})
	d.advance(d.b.options.bootTime)
	n := 3*crewsVisited + 1
	workers := d.fleet(n, 2, true)
	hash := func(i int) string { return fmt.Sprintf("%012x", i+1) + strings.Repeat("0", 52) }
	for i, w := range workers {
		rules := append(sets(fmt.Sprint("of", i, "-"), 1), wire.ServedRules{Name: "shared", Hash: hash(i)}, wire.ServedRules{Name: "same", Hash: strings.Repeat("cd", 32)})
		w.update(d.direct, rules)
	}
	for i, w := range workers {
		d.send(d.c, fmt.Sprint(i), fmt.Sprintf(`{"rules":"shared@%s"}`, hash(i)[:16]), "x")
		if w.receive(d.direct); len(w.has) != 1 {
			t.Fatalf("worker %d has not got the request for its pack", i)
		}
		w.answer(d.direct, 0, false)
	}
	d.wantAnswers(n, "ok")
	for i := range 2 * n {
		d.send(d.c, fmt.Sprint("same", i), `{"rules":"same@cdcdcdcdcdcd"}`, "x")
	}
	for i, w := range workers {
		if w.receive(d.direct); len(w.has) == 0 {
			t.Fatalf("worker %d has nothing to do with the pack of all", i)
		}
	}
	d.check()
	d.send(d.c, "nobody", `{"rules":"same@efefefefefef"}`, "x")
	if got := d.c.answers()["nobody"]; len(got) != 1 || got[0] != "unknown_rules" {
		t.Errorf("a pack that nobody serves: %v", got)
	}
	for _, s := range d.r.status(d.now).RuleSets {
		if s.Name == "shared" && (s.Workers != n || len(s.Hashes) != maxHashesShown) {
			t.Errorf("status: %d workers with %d packs serve the rule set, want %d with %d", s.Workers, len(s.Hashes), n, maxHashesShown)
		}
	}
}

// Answers to what a worker was not asked say nothing of the worker.
func TestAnswersToNothingDoNotMakeAWorkerFail(t *testing.T) {
	d := newCrowd(t, Options{})
	w, other := d.worker("w", 1, true), d.worker("other", 1, true)
	for range 2 * failuresBorne {
		w.say(d.direct, 12345, true, `{"error":{"code":"internal","message":"x"}}`)
	}
	if w.failing() || w.crew.failing.n > 0 || other.failing() {
		t.Error("it is taken to fail")
	}
}

// A worker that answers no reclaim costs no memory for them.
func TestReclaimsThatAreNeverAnsweredAreBounded(t *testing.T) {
	d := newCrowd(t, Options{})
	w := d.worker("w", 4, true)
	for range 3 * maxReclaims {
		c := d.client()
		d.send(c, "x", `{"deadline_ms":86400000}`, "x")
		d.r.removeClient(c.client, d.out())
		for ; w.read < len(w.port.sent); w.read++ {
			if c, ok := wire.ParseRequestControl([]byte(w.port.sent[w.read][0])); ok {
				w.say(d.direct, c.Number, false, "late")
			}
		}
	}
	if n := len(w.reclaims); n < maxReclaims/2 || n > maxReclaims {
		t.Errorf("%d reclaims are remembered, want at most %d", n, maxReclaims)
	}
	if len(w.worker.cancel) > 0 {
		t.Error("numbers are left")
	}
}

// flushedPort is a connection that calls something when it is flushed, between two critical sections.
type flushedPort struct {
	fakeConn
	flushed func()
}

func (p *flushedPort) Flush() { p.flushed() }

// Nobody does the work that another peer has caused.
func TestChoresAreDoneByWhoCausesThem(t *testing.T) {
	d := newCrowd(t, Options{})
	ran, turns := 0, 0
	port := &flushedPort{flushed: func() { // another peer has its turn
		before := ran
		d.ask(1, `{"rules":"unheard of"}`)
		if turns++; ran != before {
			t.Error("a client's request waits for the work of another peer")
		}
	}}
	d.r.lock()
	d.r.later(func(out *batch) bool {
		out.add(port)
		d.r.visit(sliceItems)
		ran++
		return ran == 10
	})
	d.r.leave(d.out())
	if ran != 10 || turns != 9 {
		t.Errorf("the chore ran %d times, others had %d turns between", ran, turns)
	}
}
