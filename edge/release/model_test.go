package release

// The rules of agreement under everything that can happen, in random order: brokers that are off
// during a push, that restart and that lose their card; workers that restart, crash and lose
// their power; connections that break, with all that was on its way; releases that crash at once or
// later; canaries, pauses, retries; two people who push one number.

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"trawl/edge/wire"
)

const (
	modelBrokers = 3
	modelWorkers = 5
)

func TestAllEndWithTheHighestRelease(t *testing.T) {
	runs := 2000
	if testing.Short() || UnderRace {
		runs = 300
	}
	if n, err := strconv.Atoi(os.Getenv("TRAWL_MODEL_SEEDS")); err == nil {
		runs = n
	}
	seen := map[string]int{}
	for seed := range runs {
		m := newFleet(uint64(seed))
		if err := m.run(); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, m.story())
		}
		for what := range m.seen {
			seen[what]++
		}
	}
	// A model in which something never happens proves nothing about it.
	for _, what := range []string{
		"push", "push with canaries", "not higher", "conflict", "repeated push", "paused", "went on", "retried", "widened", "done", "held",
		"broker off", "card lost", "connection broken", "message lost", "crash at once", "crash later", "marked", "plug pulled", "restart", "failed",
		"retry heeded", "highest is bad",
	} {
		if seen[what] == 0 {
			t.Errorf("in no run: %s", what)
		}
	}
}

// fleet is the model.
type fleet struct {
	random   *rand.Rand
	now      time.Duration // since the board's first boot; one clock for all
	brokers  []*modelBroker
	workers  []*modelWorker
	releases map[Version]*modelRelease
	highest  Version // that a broker has taken
	calm     bool    // nothing goes wrong any more, but for releases that are bad
	seen     map[string]bool
	log      []string
}

type modelRelease struct {
	Release
	fault  string // crash at once, crash later, or empty
	forced bool   // given to all by hand
}

type modelBroker struct {
	id       int
	up       bool
	rollouts Rollouts
	views    map[int]*modelView // of the connected workers
}

type modelView struct {
	active   Version
	since    time.Duration
	reported Version
	state    wire.OutcomeState
	sent     Version // as goal
	retry    uint64
}

type modelWorker struct {
	id     int
	boot   int
	disk   map[Version]bool // whole
	marks  Marks            // on disk, but for Failed
	good   Version
	using  Version
	uses   []Use
	active Version
	since  time.Duration
	offers map[int]Offer
	links  map[int]*modelLink
}

// modelLink is a connection, with what is on its way.
type modelLink struct {
	toWorker []Offer
	toBroker []modelOutcome
}

type modelOutcome struct {
	version Version
	state   wire.OutcomeState
}

func newFleet(seed uint64) *fleet {
	m := &fleet{random: rand.New(rand.NewPCG(seed, 11)), releases: map[Version]*modelRelease{}, seen: map[string]bool{}}
	for i := range modelBrokers {
		m.brokers = append(m.brokers, &modelBroker{id: i, up: true, views: map[int]*modelView{}})
	}
	for i := range modelWorkers {
		m.workers = append(m.workers, &modelWorker{id: i, disk: map[Version]bool{}, offers: map[int]Offer{}, links: map[int]*modelLink{}})
	}
	return m
}

func (m *fleet) note(what, format string, args ...any) {
	m.seen[what] = true
	m.log = append(m.log, fmt.Sprintf("%v %s: ", m.now, what)+fmt.Sprintf(format, args...))
}

func (m *fleet) story() (s string) {
	for _, line := range m.log[max(0, len(m.log)-80):] {
		s += line + "\n"
	}
	return s
}

func (m *fleet) run() error {
	for range 30 + m.random.IntN(120) {
		if err := m.step(); err != nil {
			return err
		}
	}
	// All is well from now on: what brokers offer is what workers have.
	m.calm = true
	for _, b := range m.brokers {
		b.up = true
	}
	if err := m.settle(); err != nil {
		return err
	}
	if err := m.checkOffers(); err != nil {
		return err
	}
	// Somebody sees to it that the highest release gets to all; a new one, if that is bad.
	if m.highest.IsZero() {
		return nil
	}
	meant := m.releases[m.highest]
	if meant.fault != "" {
		m.note("highest is bad", "%v", meant.Version)
		meant = m.make(m.highest.Number+1, "")
	}
	for _, b := range m.brokers {
		if _, err := b.rollouts.Push(meant.Version, wire.Plan{}); err != nil {
			return err
		}
		if err := b.rollouts.Go(meant.Version.Number); err != nil {
			return err
		}
		if err := b.rollouts.Retry(meant.Version.Number, m.random.Uint64()|1); err != nil { // it may have failed for a while
			return err
		}
	}
	m.highest = meant.Version
	if err := m.settle(); err != nil {
		return err
	}
	for _, w := range m.workers {
		if w.active != meant.Version {
			return fmt.Errorf("worker %d ends with %v, not %v", w.id, w.active, meant.Version)
		}
	}
	for _, b := range m.brokers {
		if r := b.rollouts.Newest(); r.Version != meant.Version || !r.Done {
			return fmt.Errorf("broker %d ends with %+v", b.id, *r)
		}
	}
	return nil
}

// make makes a release that nobody has yet.
func (m *fleet) make(number uint64, fault string) *modelRelease {
	r := &modelRelease{fault: fault}
	r.Version = Version{Number: number, Hash: Hash{byte(m.random.Uint32()), byte(len(m.releases)), byte(len(m.releases) >> 8)}}
	r.Document = &Document{Set: "pii", Number: number}
	m.releases[r.Version] = r
	return r
}

func (m *fleet) step() error {
	m.now += time.Duration(m.random.IntN(20)) * time.Second
	for _, w := range m.workers {
		m.crashesLater(w)
	}
	b := m.brokers[m.random.IntN(modelBrokers)]
	w := m.workers[m.random.IntN(modelWorkers)]
	switch p := m.random.IntN(100); {
	case p < 8:
		m.push()
	case p < 11:
		m.pushAgain()
	case p < 15:
		m.command()
	case p < 18:
		m.switchOff(b)
	case p < 19:
		m.switchOff(b)
		b.rollouts = Rollouts{}
		m.note("card lost", "broker %d", b.id)
	case p < 24:
		b.up = true
	case p < 29:
		m.cut(b, w)
	case p < 32:
		m.note("plug pulled", "worker %d", w.id)
		w.boot++
		m.start(w)
	case p < 34:
		m.note("restart", "worker %d", w.id)
		w.end()
		m.start(w)
	case p < 50:
		m.connect(b, w)
	case p < 75:
		m.deliver(b, w)
	case p < 85:
		m.work(w)
	default:
		m.tick(b)
	}
	return m.checkCanaries()
}

// push makes a release, of a number that somebody believes to be new.
func (m *fleet) push() {
	number := uint64(1)
	for _, b := range m.brokers {
		if n := b.rollouts.Newest(); n != nil && b.up {
			number = max(number, n.Version.Number+1)
		}
	}
	if number > 1 && m.random.IntN(6) == 0 {
		number-- // somebody else was faster
	}
	fault := ""
	switch m.random.IntN(8) {
	case 0:
		fault = "crash at once"
	case 1:
		fault = "crash later"
	}
	r := m.make(number, fault)
	var plan wire.Plan
	if m.random.IntN(2) == 0 {
		plan = wire.Plan{Canaries: []string{name(m.random.IntN(modelWorkers))}, ForS: 60}
		if m.random.IntN(2) == 0 {
			plan.Canaries = append(plan.Canaries, "w9")
		}
		m.note("push with canaries", "%v %v %s", r.Version, plan.Canaries, fault)
	}
	m.note("push", "%v %s", r.Version, fault)
	m.pushTo(r, plan)
}

func (m *fleet) pushAgain() {
	if m.highest.IsZero() {
		return
	}
	m.note("repeated push", "%v", m.highest)
	m.pushTo(m.releases[m.highest], wire.Plan{Canaries: []string{name(m.random.IntN(modelWorkers))}, ForS: 60})
}

// pushTo pushes a release to some brokers.
func (m *fleet) pushTo(r *modelRelease, plan wire.Plan) {
	for _, b := range m.brokers {
		if !b.up || m.random.IntN(4) == 0 {
			continue
		}
		changed, err := b.rollouts.Push(r.Version, plan)
		if err != nil {
			m.note("not higher", "broker %d: %v", b.id, err)
			if changed {
				m.note("conflict", "broker %d", b.id)
			}
			continue
		}
		for _, v := range b.rollouts.Surplus() {
			b.rollouts.Drop(v)
		}
		if len(plan.Canaries) == 0 {
			r.forced = true
		}
		if r.Version.Higher(m.highest) {
			m.highest = r.Version
		}
		m.sendGoals(b)
	}
}

// command pauses, goes on with or retries the newest release, at some brokers.
func (m *fleet) command() {
	what, retry := m.random.IntN(3), m.random.Uint64()|1
	for _, b := range m.brokers {
		r := b.rollouts.Newest()
		if r == nil || !b.up || m.random.IntN(4) == 0 {
			continue
		}
		switch what {
		case 0:
			_ = b.rollouts.Pause(r.Version.Number)
			m.note("paused", "%v at broker %d", r.Version, b.id)
		case 1:
			_ = b.rollouts.Go(r.Version.Number)
			m.releases[r.Version].forced = true
			m.note("went on", "%v at broker %d", r.Version, b.id)
		case 2:
			_ = b.rollouts.Retry(r.Version.Number, retry)
			m.note("retried", "%v at broker %d", r.Version, b.id)
		}
		m.sendGoals(b)
	}
}

func name(worker int) string { return fmt.Sprint("w", worker) }

func (m *fleet) switchOff(b *modelBroker) {
	m.note("broker off", "%d", b.id)
	b.up = false
	for _, w := range m.workers {
		m.cut(b, w)
	}
}

// cut ends a connection, with all that was on its way.
func (m *fleet) cut(b *modelBroker, w *modelWorker) {
	l := w.links[b.id]
	if l == nil {
		return
	}
	m.note("connection broken", "%d - %d", b.id, w.id)
	if len(l.toWorker)+len(l.toBroker) > 0 {
		m.note("message lost", "%d - %d", b.id, w.id)
	}
	delete(w.links, b.id)
	delete(w.offers, b.id)
	delete(b.views, w.id)
}

func (m *fleet) connect(b *modelBroker, w *modelWorker) {
	if !b.up || w.links[b.id] != nil {
		return
	}
	w.links[b.id] = &modelLink{}
	b.views[w.id] = &modelView{active: w.active, since: m.now}
	m.sendGoal(b, w.id)
}

func (m *fleet) sendGoals(b *modelBroker) {
	for _, id := range slices.Sorted(maps.Keys(b.views)) {
		m.sendGoal(b, id)
	}
}

// sendGoal tells a worker what to have, if that is news.
func (m *fleet) sendGoal(b *modelBroker, worker int) {
	view := b.views[worker]
	v, retry := b.rollouts.Goal(name(worker), view.active)
	if v.IsZero() || v == view.sent && retry == view.retry {
		return
	}
	view.sent, view.retry = v, retry
	l := m.workers[worker].links[b.id]
	l.toWorker = append(l.toWorker, Offer{Release: &m.releases[v].Release, Retry: retry, Broker: b.id})
}

// deliver brings the next message of a connection, each way.
func (m *fleet) deliver(b *modelBroker, w *modelWorker) {
	l := w.links[b.id]
	if l == nil {
		return
	}
	if len(l.toWorker) > 0 {
		w.offers[b.id] = l.toWorker[0]
		l.toWorker = l.toWorker[1:]
		if v := w.offers[b.id].Release.Version; w.marks.HasCrashed(v) {
			l.toBroker = append(l.toBroker, modelOutcome{v, wire.StateCrashed})
		}
	}
	if len(l.toBroker) > 0 {
		o, view := l.toBroker[0], b.views[w.id]
		l.toBroker = l.toBroker[1:]
		view.reported, view.state = o.version, o.state
		if o.state == wire.StateActive && view.active != o.version {
			view.active, view.since = o.version, m.now
		}
		m.sendGoal(b, w.id)
	}
}

func (w *modelWorker) say(v Version, state wire.OutcomeState) {
	for _, l := range w.links {
		l.toBroker = append(l.toBroker, modelOutcome{v, state})
	}
}

// work lets a worker take what it is offered.
func (m *fleet) work(w *modelWorker) {
	m.crashesLater(w)
	offers := slices.Collect(maps.Values(w.offers))
	c := Choose(w.active, offers, TrustAnything(), &w.marks)
	if c.Take == nil {
		return
	}
	v := c.Take.Release.Version
	if c.Retries {
		m.note("retry heeded", "worker %d, %v", w.id, v)
		w.marks.Heed(v, c.Take.Retry)
		if w.using == v {
			w.uses = nil
		}
	}
	if !w.disk[v] && !m.calm && m.random.IntN(20) == 0 {
		m.note("failed", "worker %d, %v", w.id, v)
		w.marks.Fail(v)
		w.say(v, wire.StateFailed)
		return
	}
	w.disk[v] = true
	w.say(v, wire.StateLoading)
	m.use(w, v)
}

// use opens a release that is on the worker's disk.
func (m *fleet) use(w *modelWorker, v Version) {
	if v != w.good {
		if w.using != v {
			w.using, w.uses = v, nil
		}
		w.uses = AddUse(w.uses, Use{Boot: fmt.Sprint(w.boot), Began: m.now})
	} else {
		w.end()
	}
	if m.releases[v].fault == "crash at once" {
		m.note("crash at once", "worker %d, %v", w.id, v)
		m.now += time.Second
		m.start(w)
		return
	}
	w.active, w.since = v, m.now
	w.say(v, wire.StateActive)
}

func (w *modelWorker) end() {
	if n := len(w.uses); n > 0 {
		w.uses[n-1].Ended = true
	}
}

// crashesLater ends a process that has used a bad release for a while, and confirms a good one.
func (m *fleet) crashesLater(w *modelWorker) {
	r := m.releases[w.active]
	if r == nil {
		return
	}
	if r.fault == "crash later" && m.now-w.since > 20*time.Second {
		m.note("crash later", "worker %d, %v", w.id, w.active)
		m.start(w)
		return
	}
	if r.fault == "" && m.now-w.since >= GoodAfter && w.good != w.active {
		w.good, w.using, w.uses = w.active, Version{}, nil
	}
}

// start starts a worker's process anew.
func (m *fleet) start(w *modelWorker) {
	for _, b := range m.brokers {
		m.cut(b, w)
	}
	w.active, w.marks.Failed = Version{}, nil
	if !w.using.IsZero() && Crashes(w.uses, Use{Boot: fmt.Sprint(w.boot), Began: m.now}) {
		m.note("marked", "worker %d, %v", w.id, w.using)
		w.marks.Crash(w.using)
		w.using, w.uses = Version{}, nil
	}
	var best Version
	for v := range w.disk {
		if v.Higher(best) && !w.marks.HasCrashed(v) {
			best = v
		}
	}
	if !best.IsZero() {
		m.use(w, best)
	}
}

// tick lets a broker look at its workers.
func (m *fleet) tick(b *modelBroker) {
	if !b.up {
		return
	}
	var workers []WorkerView
	for _, id := range slices.Sorted(maps.Keys(b.views)) {
		v := b.views[id]
		workers = append(workers, WorkerView{Name: name(id), Active: v.active, ActiveFor: m.now - v.since, Reported: v.reported, State: v.state})
	}
	if r := b.rollouts.Newest(); r != nil && r.Judge(workers).Hold != "" {
		m.seen["held"] = true
	}
	before := b.rollouts.Clone()
	if !b.rollouts.Advance(workers) {
		return
	}
	for i, r := range b.rollouts.List {
		switch {
		case r.Step != before.List[i].Step:
			m.note("widened", "%v at broker %d", r.Version, b.id)
		case r.Done != before.List[i].Done:
			m.note("done", "%v at broker %d", r.Version, b.id)
		}
	}
	m.sendGoals(b)
}

// settle lets everything happen that is on its way, without a fault, until nothing is.
func (m *fleet) settle() error {
	for range 30 {
		m.now += 30 * time.Second
		for _, b := range m.brokers {
			for _, w := range m.workers {
				m.connect(b, w)
			}
			m.tick(b)
			m.sendGoals(b)
			for _, w := range m.workers {
				for range 10 {
					m.deliver(b, w)
				}
			}
		}
		for _, w := range m.workers {
			m.work(w)
		}
	}
	return m.checkCanaries()
}

// checkOffers holds workers against what their brokers offer.
func (m *fleet) checkOffers() error {
	for _, w := range m.workers {
		for _, b := range m.brokers {
			v, _ := b.rollouts.Goal(name(w.id), w.active)
			marked := w.marks.HasCrashed(v) || slices.Contains(w.marks.Failed, v)
			if v.Higher(w.active) && !marked && m.releases[v].fault != "crash later" {
				return fmt.Errorf("worker %d has %v, and broker %d offers %v", w.id, w.active, b.id, v)
			}
		}
	}
	return nil
}

// checkCanaries: what crashes does not get beyond its canaries by itself.
func (m *fleet) checkCanaries() error {
	for _, b := range m.brokers {
		for _, r := range b.rollouts.List {
			if rel := m.releases[r.Version]; r.Step == StepAll && rel.fault != "" && !rel.forced {
				return fmt.Errorf("broker %d gives %v to all, which %ses", b.id, r.Version, rel.fault)
			}
		}
	}
	return nil
}
