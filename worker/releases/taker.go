package releases

// Taker: what brokers say, and which release is to be taken.

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/match"
	"trawl/edge/release"
	"trawl/edge/release/workerstore"
	"trawl/edge/wire"
)

// Options configure a Taker.
type Options struct {
	Folder string // where releases are kept; workers of a board share the folder
	Worker string // the worker's name, which its marks are kept under
	Slots  int
	// Sets are the rule sets that take releases, with the keys that may sign them.
	Sets map[string]*release.TrustFile

	OpenPack func(path string) (*match.Pack, error)                // the pack of a release
	Compile  func(set string, sources []string, path string) error // for packs of another format
	Test     func(sources []string) error                          // the examples of the sources hold
	Free     func() int64                                          // bytes of memory that can be had; 0: not known
	Log      *slog.Logger
}

// Taker takes releases. Safe for concurrent use.
type Taker struct {
	options Options
	store   *workerstore.Store
	names   []string // of the sets, sorted
	wake    chan struct{}

	started atomic.Bool // Run was called: the rule sets are open

	// For the goroutine of Run alone.
	job    *job
	number uint64 // of the last fetch

	mu      sync.Mutex
	sets    map[string]*set
	brokers map[string]*broker
	lastID  int
}

// set is a rule set that takes releases. The Taker's lock guards all but trust.
type set struct {
	trust *release.TrustFile

	inUse  *workerstore.Stored // nil: the files in place of a release
	next   *workerstore.Stored // the next Open opens it; nil: inUse
	marks  release.Marks
	active wire.Outcome // of inUse; State is empty while there is none
	said   wire.Outcome // the latest that is not active; State is empty if there is none
	since  time.Time    // when inUse was put in use by Run, if it is not known to be good; else zero
}

// broker is a connection that takes fetches.
type broker struct {
	id     int
	send   func(control, body []byte) error
	offers map[string]release.Offer // by rule set
	part   *wire.Part               // that came last, for Run
}

// New finds out which release each rule set begins with.
func New(o Options) *Taker {
	t := &Taker{
		options: o, store: workerstore.Open(o.Folder, o.Worker, match.FormatVersion, o.Log),
		names: slices.Sorted(maps.Keys(o.Sets)), wake: make(chan struct{}, 1),
		sets: make(map[string]*set), brokers: make(map[string]*broker),
	}
	for name, trust := range o.Sets {
		t.sets[name] = &set{trust: trust}
		t.begin(name, t.sets[name])
	}
	return t
}

// InUse returns what a hello says: each rule set that takes releases.
func (t *Taker) InUse() []wire.ReleaseID {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]wire.ReleaseID, 0, len(t.names))
	for _, name := range t.names {
		list = append(list, idOf(name, t.sets[name].version()))
	}
	return list
}

func (s *set) version() (v release.Version) {
	if s.inUse != nil {
		v = s.inUse.Release.Version
	}
	return v
}

func idOf(set string, v release.Version) wire.ReleaseID {
	id := wire.ReleaseID{Set: set}
	if !v.IsZero() {
		id.Number, id.Hash = v.Number, v.Hash.String()
	}
	return id
}

// Connect notes a broker that takes fetches. send must not block.
func (t *Taker) Connect(name string, send func(control, body []byte) error) {
	t.mu.Lock()
	t.lastID++
	t.brokers[name] = &broker{id: t.lastID, send: send, offers: make(map[string]release.Offer)}
	var list []wire.Outcome
	for _, set := range t.names {
		list = append(list, t.sets[set].outcomes()...)
	}
	t.mu.Unlock()
	tell(send, list)
	t.stir()
}

// outcomes is what a broker has to know of a rule set.
func (s *set) outcomes() (list []wire.Outcome) {
	for _, o := range []wire.Outcome{s.active, s.said} {
		if o.State != "" {
			list = append(list, o)
		}
	}
	return list
}

func tell(send func(control, body []byte) error, list []wire.Outcome) {
	if len(list) > 0 {
		_ = send(wire.ControlFrame(wire.KindOutcome), wire.OutcomesFrame(list)) // a lost connection is told again
	}
}

// Disconnect notes that a connection has ended.
func (t *Taker) Disconnect(name string) {
	t.mu.Lock()
	delete(t.brokers, name)
	t.mu.Unlock()
	t.stir()
}

// Goals notes what a broker wants the worker to have. Rule sets that take no releases are skipped, and
// so is what is no release: the broker's log and the worker's say so.
func (t *Taker) Goals(name string, goals []wire.Goal) {
	offers := make(map[string]release.Offer)
	for _, g := range goals {
		r, err := release.Parse(g.Document, g.Signature)
		if err != nil {
			t.options.Log.Warn("a broker offers what is no release", "broker", name, "error", err)
			continue
		}
		if t.options.Sets[r.Set] != nil {
			offers[r.Set] = release.Offer{Release: r, Retry: g.Retry}
		}
	}
	t.mu.Lock()
	if b := t.brokers[name]; b != nil {
		t.lastID++
		b.id, b.offers = t.lastID, offers // another id: the broker may have chunks now that it had not
	}
	t.mu.Unlock()
	t.stir()
}

// Part notes a part of a chunk. The bytes are copied.
func (t *Taker) Part(name string, p wire.Part) {
	p.Bytes = slices.Clone(p.Bytes)
	t.mu.Lock()
	if b := t.brokers[name]; b != nil {
		b.part = &p
	}
	t.mu.Unlock()
	t.stir()
}

func (t *Taker) stir() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Run takes releases until ctx ends. reload makes the worker open the pack of a rule set again.
func (t *Taker) Run(ctx context.Context, reload func(set string)) {
	t.started.Store(true)
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer t.abandon()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-timer.C:
		}
		now := time.Now()
		due := t.confirm(now)
		if again := t.step(now, reload); due.IsZero() || !again.IsZero() && again.Before(due) {
			due = again
		}
		timer.Stop()
		if !due.IsZero() {
			timer.Reset(max(time.Millisecond, time.Until(due)))
		}
	}
}

// choose looks which release of a rule set is to be taken, and notes offers that are refused.
func (t *Taker) choose(name string) (take *release.Offer) {
	t.mu.Lock()
	s := t.sets[name]
	var offers []release.Offer
	for _, b := range t.brokers {
		if o, ok := b.offers[name]; ok {
			o.Broker = b.id
			offers = append(offers, o)
		}
	}
	inUse, marks := s.version(), s.marks
	t.mu.Unlock()
	c := release.Choose(inUse, offers, s.trust.Trust(), &marks)
	for _, refused := range c.Refused[:min(1, len(c.Refused))] { // the highest
		t.say(name, refused.Offer.Release, wire.StateRefused, refused.Err)
	}
	if c.Take != nil && c.Retries {
		if err := t.heed(name, c.Take); err != nil {
			t.options.Log.Warn("a release cannot be tried again: its mark stays", "set", name, "error", err)
			return nil
		}
	}
	return c.Take
}

// heed takes the marks from a release that is to be tried again.
func (t *Taker) heed(name string, o *release.Offer) error {
	v := o.Release.Version
	marks, err := t.store.Heed(name, v, o.Retry)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sets[name]
	s.marks.Heed(v, o.Retry)
	s.marks.Crashed, s.marks.Heeded = marks.Crashed, marks.Heeded
	return nil
}

// fail marks a release for as long as the process runs, and says why.
func (t *Taker) fail(r *release.Release, state wire.OutcomeState, why error) {
	t.mu.Lock()
	t.sets[r.Set].marks.Fail(r.Version)
	t.mu.Unlock()
	t.say(r.Set, r, state, why)
}

// say notes a state and tells all brokers, unless they know.
func (t *Taker) say(name string, r *release.Release, state wire.OutcomeState, why error) {
	o := wire.Outcome{ReleaseID: idOf(name, r.Version), State: state, Memory: r.Pack.Memory.Needed(t.options.Slots, r.Pack.Format != match.FormatVersion)}
	if why != nil {
		o.Error = why.Error()
	}
	t.mu.Lock()
	s := t.sets[name]
	known := s.said == o
	if state == wire.StateActive {
		s.active, s.said = o, wire.Outcome{}
	} else {
		s.said = o
	}
	var sends []func(control, body []byte) error
	for _, b := range t.brokers {
		sends = append(sends, b.send)
	}
	t.mu.Unlock()
	if known {
		return
	}
	switch {
	case why != nil:
		t.options.Log.Error("release "+string(state), "set", name, "release", r.Number, "error", why)
	case state == wire.StateActive:
		t.options.Log.Info("release active", "set", name, "release", r.Number, "by", r.By, "note", r.Note)
	default:
		t.options.Log.Debug("release "+string(state), "set", name, "release", r.Number)
	}
	for _, send := range sends {
		tell(send, []wire.Outcome{o})
	}
}

// confirm notes releases that have stayed in use for long enough. due is when the next will have.
func (t *Taker) confirm(now time.Time) (due time.Time) {
	for _, name := range t.names {
		t.mu.Lock()
		s := t.sets[name]
		since, st := s.since, s.inUse
		t.mu.Unlock()
		if since.IsZero() {
			continue
		}
		if at := since.Add(release.GoodAfter); now.Before(at) {
			if due.IsZero() || at.Before(due) {
				due = at
			}
			continue
		}
		if err := t.store.Confirm(st); err != nil {
			t.options.Log.Warn("a release has proved good, which cannot be noted: see to the card", "set", name, "error", err)
		}
		t.mu.Lock()
		s.since = time.Time{}
		t.mu.Unlock()
	}
	return due
}

// End notes that the process ends in good order. Run has returned.
func (t *Taker) End() {
	for _, name := range t.names {
		t.mu.Lock()
		unproven := !t.sets[name].since.IsZero()
		t.mu.Unlock()
		if !unproven {
			continue
		}
		if err := t.store.End(name); err != nil && !errors.Is(err, workerstore.ErrLocked) {
			t.options.Log.Warn("the end of a release's use cannot be noted", "set", name, "error", err)
		}
	}
}
