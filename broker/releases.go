package broker

// Releases of rules on their way to workers: who has which, whose turn it is, and parts of chunks.
//
// Nothing here takes the router's lock. What workers say is noted under a lock of its own; goroutine
// run does what takes time: it reads the store, ends steps, and sends goals and parts.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	"trawl/edge/escape"
	"trawl/edge/release"
	"trawl/edge/release/brokerstore"
	"trawl/edge/release/fetch"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// releaseCost is what a rule set of a worker is taken to cost here, in bytes.
	releaseCost = 1 << 10
	// maxReason is how much is kept of the reason that a worker gives, in bytes.
	maxReason = 400
	// stepTick is how often a step is looked at whose workers only have to stay as they are.
	stepTick = time.Second
)

// releases are those of a broker. The zero value knows no store: nothing can be pushed.
type releases struct {
	log    *slog.Logger
	budget *zmtp.Budget
	folder string // empty: releases are off
	limit  int64  // bytes of the store
	now    func() time.Time

	wake chan struct{} // run has something to do; capacity 1

	mu      sync.Mutex
	store   *brokerstore.Store // nil: nothing was pushed yet
	workers map[*worker]map[string]*taker
	turns   *fetch.Turns[*worker]
	changed bool // since run has looked at steps and goals
}

// taker is a worker as one that takes releases of a rule set.
type taker struct {
	active   release.Version
	since    time.Time    // when the broker heard of active
	said     wire.Outcome // the latest; State is empty before the first
	goal     release.Version
	retry    uint64
	goalSent bool
}

// newReleases opens the store, if there is one already.
func newReleases(o *Options) *releases {
	r := &releases{
		log: o.Log, budget: o.budget, folder: o.ReleaseFolder, limit: o.ReleaseStore, now: time.Now,
		wake: make(chan struct{}, 1), workers: make(map[*worker]map[string]*taker), turns: fetch.NewTurns[*worker](fetch.Rate),
	}
	if _, err := os.Stat(r.folder); r.folder == "" || errors.Is(err, fs.ErrNotExist) {
		return r
	}
	if _, err := r.openStore(); err != nil {
		o.Log.Error("the store of releases cannot be opened: workers go on with what they have; see to the folder and start the broker again", "folder", r.folder, "error", err)
	}
	return r
}

// openStore returns the store, which is made with the first push.
func (r *releases) openStore() (*brokerstore.Store, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.store != nil {
		return r.store, nil
	}
	if r.folder == "" {
		return nil, errors.New("this broker has no folder for releases: give it broker.state_dir")
	}
	s, err := brokerstore.Open(r.folder, r.limit, r.log)
	if err == nil {
		r.store = s
	}
	return s, err
}

// join notes a worker that is welcome.
func (r *releases) join(w *worker) {
	if len(w.hello.Releases) == 0 {
		return
	}
	sets := make(map[string]*taker, len(w.hello.Releases))
	for i := range w.hello.Releases {
		id := &w.hello.Releases[i]
		sets[id.Set] = &taker{active: versionOf(id), since: r.now()}
	}
	r.mu.Lock()
	r.workers[w] = sets
	r.mu.Unlock()
	r.budget.Hold(int64(len(sets)) * releaseCost)
	r.look()
}

func versionOf(id *wire.ReleaseID) release.Version {
	h, _ := release.ParseHash(id.Hash) // checked with the message
	return release.Version{Number: id.Number, Hash: h}
}

// leave forgets a worker.
func (r *releases) leave(w *worker) {
	r.mu.Lock()
	sets := r.workers[w]
	delete(r.workers, w)
	r.turns.Drop(w)
	r.mu.Unlock()
	if len(sets) > 0 {
		r.budget.Hold(-int64(len(sets)) * releaseCost)
		r.look()
	}
}

// look makes run look at steps and goals.
func (r *releases) look() {
	r.mu.Lock()
	r.changed = true
	r.mu.Unlock()
	r.stir()
}

func (r *releases) stir() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// outcomes takes what a worker says of its goals. Rule sets that the hello did not name are skipped.
func (r *releases) outcomes(w *worker, m zmtp.Message) error {
	if m.NumFrames() != 1 {
		return fmt.Errorf("outcomes in %d frames", m.NumFrames())
	}
	list, err := wire.ParseOutcomes(m.Frame(0))
	if err != nil {
		return err
	}
	r.mu.Lock()
	for i := range list {
		o := &list[i]
		t := r.workers[w][o.Set]
		if t == nil {
			continue
		}
		v := versionOf(&o.ReleaseID)
		if o.State == wire.StateActive && v != t.active {
			t.active, t.since = v, r.now()
			r.log.Info("worker uses another release", "worker", w.name, "set", o.Set, "release", v.Number)
		}
		if o.State != t.said.State && (o.State == wire.StateRefused || o.State == wire.StateFailed || o.State == wire.StateCrashed) {
			r.log.Warn("worker does not take a release", "worker", w.name, "set", o.Set, "release", v.Number, "state", o.State, "reason", o.Error)
		}
		o.Error = escape.Cut(o.Error, maxReason)
		t.said = *o
	}
	r.mu.Unlock()
	r.look()
	return nil
}

// fetch takes a worker's question for a part of a chunk.
func (r *releases) fetch(w *worker, control []byte) error {
	f, ok := wire.ParseFetch(control)
	if !ok {
		return errors.New("unreadable fetch")
	}
	r.mu.Lock()
	later := time.Duration(0)
	if r.workers[w] != nil {
		later = r.turns.Add(w, f)
	}
	r.mu.Unlock()
	if later > 0 {
		r.send(w, wire.Part{Number: f.Number, Offset: f.Offset, Later: later})
		return nil
	}
	r.stir()
	return nil
}

func (r *releases) send(w *worker, p wire.Part) {
	b := zmtp.NewBuilder(len(p.Bytes) + 64)
	b.AppendFrame(p.Append(nil))
	if len(p.Bytes) > 0 {
		b.AppendFrame(p.Bytes)
	}
	if w.conn.Queue(nil, b.Message()) == nil { // else the worker asks again
		w.conn.Flush()
	}
}

// run serves workers until ctx ends.
func (r *releases) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
		wait := r.steps()
		if next := r.parts(ctx); next > 0 && (wait == 0 || next < wait) {
			wait = next
		}
		timer.Stop()
		if wait > 0 {
			timer.Reset(wait)
		}
	}
}

// steps ends steps that can end and sends goals that have changed. wait is after which time to look
// again, although nothing happens; 0: never.
func (r *releases) steps() (wait time.Duration) {
	r.mu.Lock()
	store, changed := r.store, r.changed
	r.changed = false
	r.mu.Unlock()
	if store == nil {
		return 0
	}
	for _, set := range store.Sets() {
		views := r.views(set)
		rollouts := store.Rollouts(set)
		for rollouts.Advance(views) { // from canaries to all to done
			err := store.Update(set, func(now *release.Rollouts) (bool, error) { return now.Advance(views), nil })
			if err != nil {
				r.log.Error("a step of a release has ended, which cannot be noted", "set", set, "error", err)
				break
			}
			changed, rollouts = true, store.Rollouts(set)
			newest := rollouts.Newest()
			r.log.Info("a step of a release has ended", "set", set, "release", newest.Version.Number, "step", newest.Step, "done", newest.Done)
		}
		if n := rollouts.Newest(); n != nil && !n.Done && n.Plan.ForS > 0 {
			if v := n.Judge(views); v.Hold == "" && len(v.Waiting) > 0 {
				wait = stepTick
			}
		}
	}
	if changed {
		r.goals(store)
	}
	return wait
}

// views are the workers that take releases of a rule set.
func (r *releases) views(set string) (views []release.WorkerView) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for w, sets := range r.workers {
		if t := sets[set]; t != nil {
			views = append(views, release.WorkerView{
				Name: w.name, Active: t.active, ActiveFor: now.Sub(t.since),
				Reported: versionOf(&t.said.ReleaseID), State: t.said.State, Error: t.said.Error,
			})
		}
	}
	sort.Slice(views, func(i, j int) bool { return views[i].Name < views[j].Name })
	return views
}

// goals sends each worker the releases that it should have, if these have changed.
func (r *releases) goals(store *brokerstore.Store) {
	rollouts := make(map[string]release.Rollouts)
	for _, set := range store.Sets() {
		rollouts[set] = store.Rollouts(set)
	}
	changed := make(map[*worker][]goalOf)
	r.mu.Lock()
	for w, sets := range r.workers {
		isNew := false
		var goals []goalOf
		for set, t := range sets {
			have := rollouts[set]
			v, retry := have.Goal(w.name, t.active)
			isNew = isNew || v != t.goal || retry != t.retry || !t.goalSent && !v.IsZero()
			t.goal, t.retry, t.goalSent = v, retry, true
			if !v.IsZero() {
				goals = append(goals, goalOf{set, v, retry})
			}
		}
		if isNew {
			changed[w] = goals
		}
	}
	r.mu.Unlock()
	for w, goals := range changed {
		r.sendGoals(store, w, goals)
	}
}

type goalOf struct {
	set     string
	version release.Version
	retry   uint64
}

func (r *releases) sendGoals(store *brokerstore.Store, w *worker, goals []goalOf) {
	var list []wire.Goal
	sort.Slice(goals, func(i, j int) bool { return goals[i].set < goals[j].set })
	for _, g := range goals {
		rel, err := store.Release(g.set, g.version)
		if err != nil {
			r.log.Error("a release cannot be given to workers: push it again", "set", g.set, "release", g.version.Number, "error", err)
			continue
		}
		list = append(list, wire.Goal{Document: rel.Bytes, Signature: rel.Signature, Retry: g.retry})
	}
	size := 64
	frames := wire.GoalFrames(list)
	for _, f := range frames {
		size += len(f) + 16
	}
	b := zmtp.NewBuilder(size)
	for _, f := range frames {
		b.AppendFrame(f)
	}
	if w.conn.Queue(nil, b.Message()) == nil {
		w.conn.Flush()
		return
	}
	r.mu.Lock() // the connection takes nothing now: send the goals with the next change
	for _, t := range r.workers[w] {
		t.goalSent = false
	}
	r.mu.Unlock()
}

// parts answers fetches whose turn it is. wait is after which time the next turn is; 0: none waits.
func (r *releases) parts(ctx context.Context) (wait time.Duration) {
	for ctx.Err() == nil {
		r.mu.Lock()
		store := r.store
		w, f, wait, ok := r.turns.Next(r.now())
		r.mu.Unlock()
		if !ok {
			return wait
		}
		p := wire.Part{Number: f.Number, Offset: f.Offset}
		if store != nil {
			var err error
			p.Bytes, p.Last, err = store.Read(release.Hash(f.Chunk), f.Offset, f.Length)
			if err != nil && !errors.Is(err, brokerstore.ErrUnknown) {
				r.log.Warn("a part of a release cannot be read", "worker", w.name, "error", err)
			}
		}
		r.mu.Lock()
		r.turns.Unsent(f.Length - len(p.Bytes))
		r.mu.Unlock()
		r.send(w, p)
	}
	return 0
}

// status describes the releases of rule sets: all, or one.
func (r *releases) status(q wire.ReleasesQuery) []wire.SetReleases {
	r.mu.Lock()
	store := r.store
	var sets []string
	for _, of := range r.workers {
		for set := range of {
			sets = append(sets, set)
		}
	}
	r.mu.Unlock()
	if store != nil {
		sets = append(sets, store.Sets()...)
	}
	slices.Sort(sets)
	list := []wire.SetReleases{}
	for _, set := range slices.Compact(sets) {
		if q.Set == "" || q.Set == set {
			list = append(list, r.setStatus(store, set, q.Documents))
		}
	}
	return list
}

func (r *releases) setStatus(store *brokerstore.Store, set string, documents bool) wire.SetReleases {
	s := wire.SetReleases{Set: set, Releases: []wire.ReleaseStatus{}, Workers: []wire.ReleaseWorker{}, History: []wire.PastRelease{}}
	if store != nil {
		s = store.Status(set)
		views, rollouts := r.views(set), store.Rollouts(set)
		for i := range s.Releases {
			at := &s.Releases[i]
			hash, _ := release.ParseHash(at.Hash)
			v := release.Version{Number: at.Number, Hash: hash}
			if rollout := rollouts.Find(v); rollout != nil && !rollout.Done && i == 0 {
				at.Hold = rollout.Judge(views).Describe()
			}
			if rel, err := store.Release(set, v); err == nil && documents {
				at.Document = string(rel.Bytes)
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for w, sets := range r.workers {
		t := sets[set]
		if t == nil {
			continue
		}
		one := wire.ReleaseWorker{Name: w.name, Goal: t.goal.Number, State: t.said.State, Error: t.said.Error, Memory: t.said.Memory}
		if !t.active.IsZero() {
			one.Active = wire.ReleaseID{Set: set, Number: t.active.Number, Hash: t.active.Hash.String()}
		}
		s.Workers = append(s.Workers, one)
	}
	sort.Slice(s.Workers, func(i, j int) bool { return s.Workers[i].Name < s.Workers[j].Name })
	return s
}

// behind counts, for each rule set with releases, the workers that should have another release.
func (r *releases) behind() map[string]int {
	n := make(map[string]int)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.store != nil {
		for _, set := range r.store.Sets() {
			n[set] = 0
		}
	}
	for _, sets := range r.workers {
		for set, t := range sets {
			if t.goal.Higher(t.active) {
				n[set]++
			}
		}
	}
	return n
}
