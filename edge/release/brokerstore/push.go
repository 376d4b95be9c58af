package brokerstore

// Pushing: from the question what is missing to the release that is there.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
	"trawl/edge/wire"
)

const (
	// maxPushes is how many releases may be on their way at once.
	maxPushes = 4
	// idlePush is after which time without a word a push makes room for others.
	idlePush = time.Minute
	// overhead is what is reserved for a chunk beyond its plain bytes.
	overhead = release.MaxCompressed - release.ChunkSize
	// stateSize is reserved for a state.json, or for what it grows.
	stateSize = 64 << 10
)

// push is a release on its way: room is reserved for what is still missing.
type push struct {
	set     string
	version release.Version
	head    int64 // bytes
	chunks  []release.ChunkRef
	missing map[release.Hash]int // plain sizes
	used    time.Time
}

func (p *push) reserved() int64 {
	n := p.head + stateSize
	for _, size := range p.missing {
		n += int64(size) + overhead
	}
	return n
}

// Begin says which chunks of a release are missing, and reserves room for them and the head. Releases
// that can be dropped make room. The error wraps release.ErrNotHigher, or ErrBusy: then nothing
// was changed.
func (s *Store) Begin(r *release.Release) (missing []release.ChunkRef, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.checkHigher(r); err != nil {
		return nil, err
	}
	p := &push{set: r.Set, version: r.Version, chunks: r.Chunks(), missing: map[release.Hash]int{}, used: s.now()}
	p.head = int64(len(r.AppendHead(nil)))
	s.mu.Lock()
	for _, c := range p.chunks {
		if s.chunks[c.Hash] == nil {
			p.missing[c.Hash] = c.Size
			missing = append(missing, c)
		}
	}
	_, known := s.sets[r.Set]
	full := !known && len(s.sets) >= wire.MaxRuleSets
	s.mu.Unlock()
	if full {
		return nil, fmt.Errorf("%w: releases of %d rule sets are here, the most that there can be", ErrBusy, wire.MaxRuleSets)
	}
	if err := s.makeRoom(p); err != nil {
		return nil, err
	}
	return missing, nil
}

// checkHigher says why a release is not taken because of those that are there. A conflict is
// noted.
func (s *Store) checkHigher(r *release.Release) error {
	rollouts := s.Rollouts(r.Set)
	changed, err := rollouts.Push(r.Version, wire.Plan{})
	if err == nil || !changed {
		return err
	}
	note := func(rollouts *release.Rollouts) (bool, error) {
		changed, _ := rollouts.Push(r.Version, wire.Plan{})
		return changed, nil
	}
	return errors.Join(err, s.update(r.Set, note, nil))
}

// makeRoom admits a push, with changing held: it ends pushes that nobody goes on with, and drops
// releases, but only if that gives enough room.
func (s *Store) makeRoom(p *push) error {
	others := slices.DeleteFunc(slices.Clone(s.pushes), func(q *push) bool { return q.set == p.set && q.version == p.version })
	if len(others) >= maxPushes {
		others = others[1:]
	}
	for s.least(others, p) > s.limit {
		i := slices.IndexFunc(others, func(q *push) bool { return p.used.Sub(q.used) >= idlePush })
		if i < 0 {
			return fmt.Errorf("%w: the store of releases takes %d MiB at most, and release %d of %s lacks %d MiB, whatever is dropped: "+
				"let the releases before reach all workers (trawl rules go), give one up (trawl rules pause), or raise rules.store",
				ErrBusy, s.limit>>20, p.version.Number, p.set, (s.least(others, p)-s.limit+1<<20-1)>>20)
		}
		others = slices.Delete(others, i, i+1)
	}
	s.pushes = append(others, p)
	s.collect()
	for s.planned() > s.limit {
		name, v, ok := s.firstToDrop(p)
		if !ok {
			break // not reached: least says that dropping is enough
		}
		if err := s.drop(name, v); err != nil {
			return err
		}
	}
	return nil
}

// planned is what the files have once all pushes are there.
func (s *Store) planned() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.used
	for _, p := range s.pushes {
		n += p.reserved()
	}
	return n
}

// least is what would be used with these pushes if all releases were dropped that can be.
func (s *Store) least(others []*push, p *push) (n int64) {
	pushes := append(slices.Clone(others), p)
	s.mu.Lock()
	defer s.mu.Unlock()
	needed := map[release.Hash]bool{}
	for _, set := range s.sets {
		n += set.state
		drop := set.rollouts.Droppable()
		for v, k := range set.kept {
			if slices.Contains(drop, v) {
				continue
			}
			n += k.head
			for _, c := range k.chunks {
				needed[c.Hash] = true
			}
		}
	}
	for _, p := range pushes {
		n += p.reserved()
		for _, c := range p.chunks {
			needed[c.Hash] = true
		}
	}
	for h := range needed {
		if c := s.chunks[h]; c != nil {
			n += c.bytes
		}
	}
	return n
}

// firstToDrop is the release that goes next: one of the pushed set first, then of the others.
func (s *Store) firstToDrop(p *push) (name string, v release.Version, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := append([]string{p.set}, slices.Sorted(maps.Keys(s.sets))...)
	for _, name := range names {
		if set := s.sets[name]; set != nil {
			if drop := set.rollouts.Droppable(); len(drop) > 0 {
				return name, drop[0], true
			}
		}
	}
	return "", v, false
}

// Put takes a chunk of a release that was begun. What does not hold what the hash says is refused.
func (s *Store) Put(h release.Hash, compressed []byte) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	size := 0
	for _, p := range s.pushes {
		if n := p.missing[h]; n > 0 {
			size, p.used = n, s.now()
		}
	}
	if _, _, here := s.chunk(h); here {
		return nil
	}
	if size == 0 {
		return fmt.Errorf("no release that is being pushed lacks the chunk %s: begin the push again", h)
	}
	var inflater release.Inflater
	if _, err := inflater.Inflate(compressed, release.ChunkRef{Hash: h, Size: size}); err != nil {
		return err
	}
	if err := disk.WriteUnsynced(s.fs, s.chunkPath(h), compressed); err != nil {
		return fmt.Errorf("keep a chunk: %w", err)
	}
	s.unsynced = true
	for _, p := range s.pushes {
		delete(p.missing, h)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks[h] = &chunk{bytes: int64(len(compressed)), checked: true}
	s.used += int64(len(compressed))
	return nil
}

// Commit takes a release whose chunks are all here. Afterwards the release is there after a
// power cut, too. A release that was taken before is not written again; its plan may change.
func (s *Store) Commit(r *release.Release, plan wire.Plan) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := plan.Check(); err != nil {
		return err
	}
	chunks := r.Chunks()
	for _, c := range chunks {
		if _, _, here := s.chunk(c.Hash); !here {
			return fmt.Errorf("chunks of release %d of %s are missing: begin the push again", r.Number, r.Set)
		}
	}
	if err := s.checkHigher(r); err != nil {
		return err
	}
	rollouts := s.Rollouts(r.Set)
	known := rollouts.Find(r.Version) != nil
	err := s.syncChunks()
	if err == nil && !known {
		err = s.writeHead(r, chunks)
	}
	if err == nil {
		push := func(rollouts *release.Rollouts) (bool, error) { return rollouts.Push(r.Version, plan) }
		err = s.update(r.Set, push, &wire.PastRelease{Number: r.Number, Hash: r.Version.Hash.String(), By: r.By, Note: r.Note, Made: r.Made})
		if err != nil && !known {
			s.forgetHead(r.Set, r.Version)
		}
	}
	if err != nil {
		return fmt.Errorf("keep release %d of %s: %w", r.Number, r.Set, err)
	}
	s.pushes = slices.DeleteFunc(s.pushes, func(p *push) bool { return p.set == r.Set && p.version == r.Version })
	return nil
}

// writeHead writes the head of a release, after which only state.json does not know it.
func (s *Store) writeHead(r *release.Release, chunks []release.ChunkRef) error {
	head := r.AppendHead(nil)
	if err := s.fs.MakeFolder(s.setFolder(r.Set)); err != nil {
		return err
	}
	if err := disk.WriteFile(s.fs, s.headPath(r.Set, r.Version), head); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets[r.Set] == nil {
		s.sets[r.Set] = &set{kept: map[release.Version]*kept{}}
	}
	s.sets[r.Set].kept[r.Version] = &kept{head: int64(len(head)), bytes: r.Size(), chunks: chunks}
	s.used += int64(len(head))
	return nil
}

// forgetHead takes back what writeHead did.
func (s *Store) forgetHead(name string, v release.Version) {
	s.mu.Lock()
	set := s.sets[name]
	s.used -= set.kept[v].head
	delete(set.kept, v)
	if len(set.kept) == 0 && len(set.rollouts.List) == 0 && len(set.history) == 0 {
		s.used -= set.state
		delete(s.sets, name)
	}
	s.mu.Unlock()
	s.remove(s.headPath(name, v))
}

func (s *Store) syncChunks() error {
	if !s.unsynced {
		return nil
	}
	if err := s.fs.SyncFolder(s.chunksFolder()); err != nil {
		return err
	}
	s.unsynced = false
	return nil
}

// Update changes the rollouts of a rule set, and writes them if change says so. With an error
// they are as before. The error wraps ErrUnknown if the rule set has no releases.
func (s *Store) Update(name string, change func(*release.Rollouts) (changed bool, err error)) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	known := s.sets[name] != nil
	s.mu.Unlock()
	if !known {
		return fmt.Errorf("a release of %s is %w: push one first", name, ErrUnknown)
	}
	return s.update(name, change, nil)
}

// update is Update with changing held. past, if it is not nil, is added to the history unless it
// is there.
func (s *Store) update(name string, change func(*release.Rollouts) (bool, error), past *wire.PastRelease) error {
	s.mu.Lock()
	set := s.sets[name]
	next := set.rollouts.Clone()
	history := set.history
	s.mu.Unlock()
	changed, err := change(&next)
	if err != nil || !changed {
		return err
	}
	if past != nil && next.Find(versionOf(past)) != nil {
		history = addPast(history, *past)
	}
	dropped := next.Surplus()
	for _, v := range dropped {
		next.Drop(v)
	}
	if err := s.writeState(name, next, history); err != nil {
		return err
	}
	s.removeReleases(name, dropped)
	return nil
}

func versionOf(p *wire.PastRelease) release.Version {
	h, _ := release.ParseHash(p.Hash)
	return release.Version{Number: p.Number, Hash: h}
}

func addPast(history []wire.PastRelease, past wire.PastRelease) []wire.PastRelease {
	same := func(p wire.PastRelease) bool { return p.Number == past.Number && p.Hash == past.Hash }
	if slices.ContainsFunc(history, same) {
		return history
	}
	history = append([]wire.PastRelease{past}, history...)
	return history[:min(len(history), release.MaxHistory)]
}

// drop drops a release, with changing held.
func (s *Store) drop(name string, v release.Version) error {
	s.mu.Lock()
	next, history := s.sets[name].rollouts.Clone(), s.sets[name].history
	s.mu.Unlock()
	next.Drop(v)
	if err := s.writeState(name, next, history); err != nil {
		return err
	}
	s.removeReleases(name, []release.Version{v})
	return nil
}

// removeReleases removes the files of releases that state.json does not know any more.
func (s *Store) removeReleases(name string, list []release.Version) {
	if len(list) == 0 {
		return
	}
	for _, v := range list {
		s.mu.Lock()
		set := s.sets[name]
		s.used -= set.kept[v].head
		delete(set.kept, v)
		s.mu.Unlock()
		s.remove(s.headPath(name, v))
		s.log.Info("a release that is not needed any more was dropped", "set", name, "release", v.Number)
	}
	s.collect()
}

// collect removes chunks that neither a release nor a push needs, with changing held.
func (s *Store) collect() {
	s.mu.Lock()
	needed := map[release.Hash]bool{}
	for _, set := range s.sets {
		for _, k := range set.kept {
			for _, c := range k.chunks {
				needed[c.Hash] = true
			}
		}
	}
	for _, p := range s.pushes {
		for _, c := range p.chunks {
			needed[c.Hash] = true
		}
	}
	var unneeded []release.Hash
	for h := range s.chunks {
		if !needed[h] {
			unneeded = append(unneeded, h)
		}
	}
	s.mu.Unlock()
	sort.Slice(unneeded, func(i, j int) bool { return bytes.Compare(unneeded[i][:], unneeded[j][:]) < 0 })
	for _, h := range unneeded {
		s.removeChunk(h)
	}
}

// state is what state.json holds.
type state struct {
	release.Rollouts
	History []wire.PastRelease `json:"history"`
}

// maxState is the most bytes of a state.json: nine rollouts with the longest plans, and the history.
const maxState = 2 << 20

// writeState writes state.json, and then takes over what it says.
func (s *Store) writeState(name string, next release.Rollouts, history []wire.PastRelease) error {
	data, err := json.Marshal(state{next, history})
	if err != nil {
		return err
	}
	if err := disk.WriteFile(s.fs, s.statePath(name), data); err != nil {
		return fmt.Errorf("keep how far the releases of %s have come: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.sets[name]
	s.used += int64(len(data)) - set.state
	set.rollouts, set.history, set.state = next, history, int64(len(data))
	return nil
}

// readState reads a state.json; fs.ErrNotExist is behind the error if there is none.
func (s *Store) readState(name string) (state, int64, error) {
	data, err := disk.ReadFile(s.fs, s.statePath(name), maxState)
	if err != nil {
		return state{}, 0, err
	}
	var st state
	err = json.Unmarshal(data, &st)
	if err == nil {
		err = st.Check()
	}
	if err == nil && len(st.History) > release.MaxHistory {
		err = errors.New("a history that is too long")
	}
	if err != nil {
		return state{}, 0, err
	}
	return st, int64(len(data)), nil
}
