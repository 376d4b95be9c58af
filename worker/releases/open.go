package releases

// Packs for the worker: of the release in use, or of files until the first release.

import (
	"cmp"
	"time"

	"trawl/edge/match"
	"trawl/edge/release"
	"trawl/edge/release/workerstore"
	"trawl/edge/wire"
)

// begin finds the release that a rule set begins with: the highest that is whole, trusted and not
// marked. The store notes the use before the pack is opened.
func (t *Taker) begin(name string, s *set) {
	start, err := t.store.Start(name, s.trust.Trust(), s.marks.Failed...)
	if err != nil {
		t.options.Log.Error("the releases on this board cannot be read: the worker begins with its files", "set", name, "error", err)
		return
	}
	failed := s.marks.Failed
	s.marks, s.marks.Failed = start.Marks, failed
	for _, v := range start.Crashed {
		s.said = wire.Outcome{
			ReleaseID: idOf(name, v), State: wire.StateCrashed,
			Error: "ended the process that used it several times: the release before is in use; trawl rules retry tries again",
		}
		t.options.Log.Error("a release has ended this worker's process several times and is not used any more", "set", name, "release", v.Number)
	}
	if start.Stored == nil {
		return
	}
	st := start.Stored
	if why := t.tooLarge(st.Release); why != nil {
		t.options.Log.Warn("the memory that is free does not suffice for the release, which is in use all the same", "set", name, "release", st.Release.Number, "why", why)
	}
	err = t.compileStored(&st)
	if err == nil {
		err = t.store.Use(st)
	}
	if err != nil {
		t.options.Log.Error("a release cannot be used", "set", name, "release", st.Release.Number, "error", err)
		s.marks.Fail(st.Release.Version)
		return
	}
	s.next = st
}

// Takes reports whether a rule set takes releases.
func (t *Taker) Takes(set string) bool { return t.options.Sets[set] != nil }

// Open opens the pack of the release that is to be in use; without one, files opens the rules in place
// of a release. At the start a release whose pack cannot be opened gives way to the one before.
func (t *Taker) Open(name string, files func() (*match.Pack, error)) (*match.Pack, error) {
	for {
		st := t.toOpen(name)
		if st == nil {
			return files()
		}
		p, err := t.options.OpenPack(st.Pack)
		if err == nil {
			t.opened(name, st)
			return p, nil
		}
		if t.started.Load() {
			return nil, err
		}
		t.options.Log.Error("the pack of a release cannot be opened: the worker begins with the release before", "set", name, "release", st.Release.Number, "error", err)
		_ = t.store.End(name) // no crash
		s := t.sets[name]
		s.marks.Fail(st.Release.Version)
		s.next = nil
		t.begin(name, s)
	}
}

func (t *Taker) toOpen(name string) *workerstore.Stored {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sets[name]
	return cmp.Or(s.next, s.inUse)
}

// opened notes that a release is in use.
func (t *Taker) opened(name string, st *workerstore.Stored) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.sets[name]; s.inUse != st {
		s.inUse, s.next, s.since = st, nil, time.Now()
		s.active = wire.Outcome{ReleaseID: idOf(name, st.Release.Version), State: wire.StateActive}
	}
}

// Fingerprint changes when files in place of a release do. While a release is in use, files do not
// count. The trust file is read again if it has changed.
func (t *Taker) Fingerprint(name string, files func() string) string {
	if trust := t.options.Sets[name]; trust.Changed() {
		t.readTrust(name, trust)
	}
	if st := t.toOpen(name); st != nil {
		return st.Release.Version.String()
	}
	return files()
}

func (t *Taker) readTrust(name string, trust *release.TrustFile) {
	if err := trust.Reload(); err != nil {
		t.options.Log.Error("the trust file cannot be read again: the keys from before stay in force", "set", name, "error", err)
		return
	}
	t.options.Log.Info("trust file read again", "set", name)
	t.stir()
}
