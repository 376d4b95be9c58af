package worker

// Reload: rule sets are loaded again after changes of files, on a signal, and when a pack becomes
// unreadable.

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
	// watchEvery is how often the worker looks at the files of rules. Editors write in steps: a change
	// must be seen twice, unaltered, before the files are loaded.
	watchEvery = 2 * time.Second
	// retryEvery is the pause after a failure before the next try, while no file changes: a disk may
	// be back by itself.
	retryEvery = time.Minute
	// reloadPause is the pause after a failure before a request with an unreadable pack causes the
	// next try.
	reloadPause = 5 * time.Second
)

// cannotRead is logged about an unreadable rule set; see retryEvery.
const cannotRead = "the pack's file cannot be read any more, nor made again: requests for the rule set go to other workers; see to the disk and the rules; the worker tries again every minute"

// Watch loads rule sets again after changes of their files. For each signal from now, within a call of
// around, Watch loads all rule sets. Stop ends the watch; the result is false if a compilation goes
// on in the background, and packs are still being opened.
//
// A single goroutine does all this: sets are compiled in turn.
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

// reloadChanged loads a rule set again if the files have changed and have settled (see
// [files.Change]), or if retryEvery has passed since a failure.
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

// Reload loads a rule set again, or tries to. The log and the brokers' status have the outcome.
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

// replaceLost replaces lost, a pack with an unreadable file, by another pack, unless another goroutine
// has replaced lost, or is loading.
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

// load opens the pack of set; set.loading must be held. The fingerprint is from before the reading: the
// next look notices changes during the reading.
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

// clearFailure notes a success of loading, and reports whether loading had failed before.
func (s *loadedSet) clearFailure() (hadFailed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hadFailed = s.failed != nil
	s.failed = nil
	return hadFailed
}

// setLost notes: the current pack cannot be read any more.
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
	calls int // running now
	procs int // GOMAXPROCS without calls
}

// withExtraProc runs compile while Go may use an extra thread. With the usual number of threads, the
// number of cores, a request on a board of one core waits until Go's scheduler interrupts the
// compilation: 10 ms for each goroutine on the path of the request. With an extra thread the system's
// scheduler decides, and prefers threads after sleep. DESIGN.md has the figures.
//
// A number set by hand ends Go's own adaptation to changes of the process's CPU limit. The number of
// slots does not adapt either.
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
