package worker

// Loading rule sets again: when their files change, on a signal, and when a pack cannot be read any
// more.

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"trawl/edge/files"
	"trawl/edge/match"
	"trawl/edge/wire"
)

const (
	// watchEvery is how often the files of rules are looked at. Editors write in steps, so a change
	// must look the same twice before the files are loaded.
	watchEvery = 2 * time.Second
	// retryEvery is how long the worker waits after loading failed, while no file changes, before
	// it tries again: a disk may be back by itself.
	retryEvery = time.Minute
	// reloadPause is how long after a failure a request that finds its pack unreadable does not
	// cause another try.
	reloadPause = 5 * time.Second
)

// cannotRead is logged about a rule set that the worker does not serve for now; see retryEvery.
const cannotRead = "the pack's file cannot be read any more, nor made again: requests for the rule set go to other workers; see to the disk and the rules; the worker tries again every minute"

// Watch loads a rule set again when its files change, and all of them for each signal from now,
// within a call of around, until stop is called. Stop returns false if a compilation goes on that it
// did not wait for: then packs are still being opened.
//
// One goroutine does all of it, so one set is compiled at a time.
func (s *RuleSets) Watch(now <-chan os.Signal, around func(reload func())) (stop func() bool) {
	each := func(w *files.Watching, do func(set string)) {
		for _, name := range s.names {
			select {
			case <-w.Stopping():
				return
			default:
				do(name)
			}
		}
	}
	w := files.Watch(watchEvery, func(w *files.Watching) { each(w, s.reloadChanged) },
		now, func(w *files.Watching) { around(func() { each(w, s.Reload) }) })
	return func() bool { return w.Stop(flushTime) }
}

// reloadChanged loads a rule set again if its files have changed and were the same in two looks
// after that (see [files.Change]), or if it is time to try again.
func (s *RuleSets) reloadChanged(name string) {
	set := s.sets[name]
	fingerprint := s.source.Fingerprint(name)
	set.mu.Lock()
	loaded, failed := set.fingerprint, set.failed
	set.mu.Unlock()
	retry := fingerprint == loaded && failed != nil && time.Since(failed.at) >= retryEvery
	if set.change.Seen(fingerprint, loaded) || retry {
		s.Reload(name)
	}
}

// Reload loads a rule set again, or tries to. The log and the brokers' status say how that went.
func (s *RuleSets) Reload(name string) {
	set := s.sets[name]
	if set == nil || s.source.Open == nil {
		return
	}
	set.loading.Lock()
	defer set.loading.Unlock()
	start := time.Now()
	before := set.hash()
	pack, err := s.load(set)
	switch {
	case err != nil:
		what := "rules not loaded again; the ones from before stay in use"
		if set.isLost() {
			what = cannotRead
		}
		s.setFailed(set, err, what)
	case pack.Hash() == before && !set.isLost():
		s.closePack(pack)
		if set.clearFailure() {
			s.announce()
		}
		s.log.Info("rules looked at again: unchanged", "set", wire.RulesName(name, before))
	default:
		set.clearFailure()
		set.replace(pack, s.announce)
		s.log.Info("rules loaded again", "set", wire.RulesName(name, pack.Hash()), "before", wire.RulesName(name, before),
			"rules", pack.Info().Rules, "took", time.Since(start).Round(time.Millisecond))
	}
}

// replaceLost puts another pack in the place of lost, whose file cannot be read any more, unless
// another goroutine has done so or is about to.
func (s *RuleSets) replaceLost(set *loadedSet, lost *match.Pack) {
	if !set.loading.TryLock() {
		return
	}
	defer set.loading.Unlock()
	set.mu.Lock()
	isDone, failed := set.current.Pack != lost, set.failed
	set.mu.Unlock()
	if isDone || failed != nil && time.Since(failed.at) < reloadPause {
		return
	}
	if s.source.Open == nil {
		set.setLost()
		s.setFailed(set, errors.New("this worker's rules come from no file"), "the pack's file cannot be read any more; restart the worker")
		return
	}
	pack, err := s.load(set)
	if err != nil {
		set.setLost()
		s.setFailed(set, err, cannotRead)
		return
	}
	set.clearFailure()
	set.replace(pack, s.announce)
	s.log.Warn("the pack's file could not be read any more: loaded again", "rules", wire.RulesName(set.name, pack.Hash()))
}

// load opens the pack of set; set.loading must be held. The fingerprint is taken before the files are read,
// so a change meanwhile is seen at the next look.
func (s *RuleSets) load(set *loadedSet) (pack *match.Pack, err error) {
	fingerprint := s.source.Fingerprint(set.name)
	withExtraProc(func() { pack, err = s.source.Open(set.name) })
	set.mu.Lock()
	set.fingerprint = fingerprint
	set.mu.Unlock()
	return pack, err
}

// setFailed notes why loading failed, for status, and logs each new reason once.
func (s *RuleSets) setFailed(set *loadedSet, err error, what string) {
	set.mu.Lock()
	isKnown := set.failed != nil && set.failed.text == err.Error()
	set.failed = &failure{text: err.Error(), at: time.Now()}
	set.mu.Unlock()
	level := slog.LevelError
	if isKnown {
		level = slog.LevelDebug
	}
	s.log.Log(context.Background(), level, what, "set", wire.RulesName(set.name, set.hash()), "error", err)
	s.announce()
}

// clearFailure notes that loading succeeded. It reports whether it had failed before.
func (s *loadedSet) clearFailure() (hadFailed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hadFailed = s.failed != nil
	s.failed = nil
	return hadFailed
}

// setLost notes that the current pack cannot be read any more.
func (s *loadedSet) setLost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

func (s *loadedSet) isLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// extraProc counts the calls of withExtraProc.
var extraProc struct {
	sync.Mutex
	calls int // that run now
	procs int // GOMAXPROCS without them
}

// withExtraProc runs compile while Go may use one thread more than usual. With the usual number, one
// per core, a request on a board of one core waits until Go's scheduler interrupts the compilation:
// 10 ms for each goroutine that the request passes through. With one thread more the system's
// scheduler decides, and prefers threads that were asleep. DESIGN.md has the figures.
//
// A number set by hand ends Go's own adaptation to changes of the process's CPU limit. The number of
// slots does not change with that limit either.
func withExtraProc(compile func()) {
	extraProc.Lock()
	if extraProc.calls == 0 {
		extraProc.procs = runtime.GOMAXPROCS(0)
		runtime.GOMAXPROCS(extraProc.procs + 1)
	}
	extraProc.calls++
	extraProc.Unlock()
	defer func() {
		extraProc.Lock()
		defer extraProc.Unlock()
		if extraProc.calls--; extraProc.calls == 0 {
			runtime.GOMAXPROCS(extraProc.procs)
		}
	}()
	compile()
}
