package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/escape"
	"trawl/edge/match"
	"trawl/edge/names"
	"trawl/edge/wire"
)

// Source is where the packs of rule sets come from. All functions but Open can be
// nil.
type Source struct {
	// Open opens the pack of a rule set as its files are now. Each call returns a
	// pack of its own.
	Open func(set string) (*match.Pack, error)
	// Close closes a pack that Open returned and nobody uses any more. By
	// default the pack's own Close.
	Close func(*match.Pack) error
	// Stamp changes when the files do; it is asked every two seconds. Nil: they
	// are loaded again when somebody says so.
	Stamp func(set string) string
}

// RuleSets are the rule sets that one worker serves, or all workers of a process.
// Each can be loaded again while requests are answered: a request sees one pack,
// the old one or the new, and the old one is closed when nobody uses it any more.
// What cannot be loaded leaves the pack in use where it is. Safe for concurrent
// use.
type RuleSets struct {
	source Source
	log    *slog.Logger
	id     string // of the counters in the packs, for wire.Costs
	sets   map[string]*ruleSet
	names  []string // sorted

	version atomic.Uint64 // rises before brokers are told

	mu        sync.Mutex
	followers map[*state]struct{} // running workers
}

// OpenRuleSets opens the rule sets called names. All problems of all sets are in
// the error.
func OpenRuleSets(names []string, source Source, log *slog.Logger) (*RuleSets, error) {
	s := newRuleSets(source, log)
	var problems []error
	for _, name := range slices.Sorted(slices.Values(names)) {
		stamp := s.source.Stamp(name)
		pack, err := s.source.Open(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s.add(name, pack, stamp)
		info := pack.Info()
		s.log.Info("rules ready", "set", wire.RulesName(name, pack.Hash()), "rules", info.Rules, "literals", info.Literals,
			"regexes", info.Regexes, "engine", info.Engine, "bytes", info.Bytes)
	}
	if err := errors.Join(problems...); err != nil {
		for _, set := range s.sets {
			set.close(set.current.pack)
		}
		return nil, err
	}
	return s, nil
}

// fixedRuleSets serves packs that have no source and stay their owner's.
func fixedRuleSets(packs map[string]*match.Pack, log *slog.Logger) *RuleSets {
	s := newRuleSets(Source{Close: func(*match.Pack) error { return nil }}, log)
	for name, pack := range packs {
		s.add(name, pack, "")
	}
	return s
}

func newRuleSets(source Source, log *slog.Logger) *RuleSets {
	if source.Close == nil {
		source.Close = (*match.Pack).Close
	}
	if source.Stamp == nil {
		source.Stamp = func(string) string { return "" }
	}
	return &RuleSets{source: source, log: log, id: rand.Text(), sets: make(map[string]*ruleSet), followers: make(map[*state]struct{})}
}

func (s *RuleSets) add(name string, pack *match.Pack, stamp string) {
	s.sets[name] = &ruleSet{name: name, close: s.closePack, current: &served{pack: pack}, stamp: stamp}
	s.names = slices.Sorted(maps.Keys(s.sets))
}

// checkSetName refuses what a request could not ask for.
func checkSetName(name string) error {
	if err := names.Check(name); err != nil {
		return fmt.Errorf("worker: rule set: %w", err)
	}
	return nil
}

func (s *RuleSets) closePack(p *match.Pack) {
	if err := s.source.Close(p); err != nil {
		s.log.Warn("a pack that is not used any more cannot be closed", "pack", p.Hash(), "error", err)
	}
}

// find returns the set and the pack of a request, by name or name@hash. The pack
// must be released.
func (s *RuleSets) find(rules string) (*ruleSet, *served) {
	name, hash := wire.SplitRules(rules)
	if set := s.sets[name]; set != nil {
		if p := set.acquire(hash); p != nil {
			return set, p
		}
	}
	return nil, nil
}

// maxErrors is the most bytes of the errors in what brokers are told: a hello or
// update must stay below 1 MiB, however many rule sets failed to load.
const maxErrors = 64 << 10

// describe is what brokers are told of all sets.
func (s *RuleSets) describe() []wire.RuleSet {
	list := make([]wire.RuleSet, len(s.names))
	left := maxErrors
	for i, name := range s.names {
		list[i] = s.sets[name].describe()
		if f := list[i].FailedReload; f != nil {
			f.Error = cut(escape.Message(f.Error), min(left, wire.MaxReloadError))
			left -= len(f.Error)
		}
	}
	return list
}

// follow makes a worker announce what changes, until the function returned is
// called.
func (s *RuleSets) follow(w *state) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.followers[w] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.followers, w)
	}
}

func (s *RuleSets) announce() {
	s.version.Add(1)
	s.mu.Lock()
	followers := slices.Collect(maps.Keys(s.followers))
	s.mu.Unlock()
	for _, w := range followers {
		for _, l := range w.links {
			l.announce()
		}
	}
}

// Reload loads a rule set again, or tries to: what came of it is in the log and in
// the brokers' status.
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
		s.notLoaded(set, err, what)
	case pack.Hash() == before && !set.isLost():
		s.closePack(pack)
		if set.worked() {
			s.announce()
		}
		s.log.Info("rules looked at again: unchanged", "set", wire.RulesName(name, before))
	default:
		set.worked()
		set.put(pack, s.announce)
		s.log.Info("rules loaded again", "set", wire.RulesName(name, pack.Hash()), "before", wire.RulesName(name, before),
			"rules", pack.Info().Rules, "took", time.Since(start).Round(time.Millisecond))
	}
}

// cannotRead is said of a rule set that the worker does not serve for now. It is tried again, see
// retryEvery.
const cannotRead = "the pack's file cannot be read any more, nor made again: requests for the rule set go to other workers; see to the disk and the rules; the worker tries again every minute"

// reloadPause is how long after a failure the next request that finds its pack
// unreadable has to wait for another try.
const reloadPause = 5 * time.Second

// replace puts another pack in the place of lost, whose file cannot be read any
// more, unless somebody has or is about to.
func (s *RuleSets) replace(set *ruleSet, lost *match.Pack) {
	if !set.loading.TryLock() {
		return
	}
	defer set.loading.Unlock()
	set.mu.Lock()
	done := set.current.pack != lost
	set.mu.Unlock()
	if f := set.failure(); done || f != nil && time.Since(f.at) < reloadPause {
		return
	}
	if s.source.Open == nil {
		set.lose()
		s.notLoaded(set, errors.New("this worker's rules come from no file"), "the pack's file cannot be read any more; restart the worker")
		return
	}
	pack, err := s.load(set)
	if err != nil {
		set.lose()
		s.notLoaded(set, err, cannotRead)
		return
	}
	set.worked()
	set.put(pack, s.announce)
	s.log.Warn("the pack's file could not be read any more: loaded again", "rules", wire.RulesName(set.name, pack.Hash()))
}

// load opens the pack of set, with loading held. The stamp is from before: what
// changes while the files are read is seen afterwards.
func (s *RuleSets) load(set *ruleSet) (pack *match.Pack, err error) {
	stamp := s.source.Stamp(set.name)
	compileBeside(func() { pack, err = s.source.Open(set.name) })
	set.mu.Lock()
	set.stamp = stamp
	set.mu.Unlock()
	return pack, err
}

// notLoaded notes why loading failed, for status, and says it once for each
// distinct reason.
func (s *RuleSets) notLoaded(set *ruleSet, err error, what string) {
	set.mu.Lock()
	known := set.failed != nil && set.failed.text == err.Error()
	set.failed = &failure{text: err.Error(), at: time.Now()}
	set.mu.Unlock()
	level := slog.LevelError
	if known {
		level = slog.LevelDebug
	}
	s.log.Log(context.Background(), level, what, "set", wire.RulesName(set.name, set.hash()), "error", err)
	s.announce()
}
