package worker

// Rule sets: their packs, the users of packs, and announcements to brokers.

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/escape"
	"trawl/edge/files"
	"trawl/edge/match"
	"trawl/edge/names"
	"trawl/edge/wire"
)

// PackSource is where the packs of rule sets come from. All functions but Open can be nil.
type PackSource struct {
	// Open opens the pack of a rule set from the present files. Each call returns a new pack.
	Open func(set string) (*match.Pack, error)
	// Close closes a pack of Open without users. Default: the pack's own Close.
	Close func(*match.Pack) error
	// Fingerprint returns a text for the present files of a rule set; a change of a file changes the
	// text. The worker calls Fingerprint every two seconds. Nil: only Reload and signals load files
	// again.
	Fingerprint func(set string) string
}

// RuleSets are the rule sets of a worker, or of all workers of a process. A rule set can be loaded
// again while requests are answered. A request sees a single pack, the old or the new; the old pack is
// closed after the last user. If loading fails, the pack in use stays. Safe for concurrent use.
type RuleSets struct {
	source PackSource
	log    *slog.Logger
	id     string // of the counters in the packs, for wire.Costs
	sets   map[string]*loadedSet
	names  []string // sorted

	version atomic.Uint64 // rises with each change for brokers; see link.announce

	mu          sync.Mutex
	subscribers map[*worker]struct{} // running workers
}

// OpenRuleSets opens the rule sets called names. The error holds all problems of all sets.
func OpenRuleSets(names []string, source PackSource, log *slog.Logger) (*RuleSets, error) {
	s := newRuleSets(source, log)
	var problems []error
	for _, name := range slices.Sorted(slices.Values(names)) {
		fingerprint := s.source.Fingerprint(name)
		pack, err := s.source.Open(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s.add(name, pack, fingerprint)
		info := pack.Info()
		s.log.Info("rules ready", "set", wire.RulesName(name, pack.Hash()), "rules", info.Rules, "literals", info.Literals,
			"regexes", info.Regexes, "engine", info.Engine, "bytes", info.Bytes)
	}
	if err := errors.Join(problems...); err != nil {
		for _, set := range s.sets {
			set.close(set.current.Pack)
		}
		return nil, err
	}
	return s, nil
}

// fixedRuleSets returns rule sets without a source. The caller owns the packs.
func fixedRuleSets(packs map[string]*match.Pack, log *slog.Logger) *RuleSets {
	s := newRuleSets(PackSource{Close: func(*match.Pack) error { return nil }}, log)
	for name, pack := range packs {
		s.add(name, pack, "")
	}
	return s
}

func newRuleSets(source PackSource, log *slog.Logger) *RuleSets {
	if source.Close == nil {
		source.Close = (*match.Pack).Close
	}
	if source.Fingerprint == nil {
		source.Fingerprint = func(string) string { return "" }
	}
	return &RuleSets{source: source, log: log, id: rand.Text(), sets: make(map[string]*loadedSet), subscribers: make(map[*worker]struct{})}
}

func (s *RuleSets) add(name string, pack *match.Pack, fingerprint string) {
	s.sets[name] = &loadedSet{name: name, close: s.closePack, current: newRefPack(name, pack), fingerprint: fingerprint}
	s.names = slices.Sorted(maps.Keys(s.sets))
}

// checkSetName refuses names impossible in a request.
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

// find returns the set and the pack for rules, a name or name@hash in a request; nil if there is none.
// The caller must release the pack.
func (s *RuleSets) find(rules string) (*loadedSet, *refPack) {
	name, hash := wire.SplitRules(rules)
	if set := s.sets[name]; set != nil {
		if p := set.acquire(hash); p != nil {
			return set, p
		}
	}
	return nil, nil
}

// maxErrors bounds the bytes of all errors in an announcement: a hello or update must stay below 1 MiB,
// however many rule sets failed to load.
const maxErrors = 64 << 10

// describe returns the announcement of all sets.
func (s *RuleSets) describe() []wire.ServedRules {
	list := make([]wire.ServedRules, len(s.names))
	left := maxErrors
	for i, name := range s.names {
		list[i] = s.sets[name].describe()
		if f := list[i].FailedReload; f != nil {
			f.Error = truncate(escape.Message(f.Error), min(left, wire.MaxReloadError))
			left -= len(f.Error)
		}
	}
	return list
}

// subscribe makes a worker announce changes to the worker's brokers until stop is called.
func (s *RuleSets) subscribe(w *worker) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers[w] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subscribers, w)
	}
}

// announce makes all workers announce changes to their brokers.
func (s *RuleSets) announce() {
	s.version.Add(1)
	s.mu.Lock()
	workers := slices.Collect(maps.Keys(s.subscribers))
	s.mu.Unlock()
	for _, w := range workers {
		for _, l := range w.links {
			l.announce()
		}
	}
}

// loadedSet is a rule set with a pack. A request keeps a pack from beginning to end; a new pack is for
// later requests.
type loadedSet struct {
	name  string
	close func(*match.Pack) // for packs without users

	loading sync.Mutex   // held while a pack is opened; taken before mu
	change  files.Change // for the goroutine of Watch

	mu          sync.Mutex
	current     *refPack
	next        *refPack // announced, and about to be current; else nil
	fingerprint string   // of the files, from before the latest loading
	failed      *failure // why the latest loading failed; nil: success
	lost        bool     // current cannot be read any more, nor be opened again
}

// refPack is a pack with a count of users. The lock of the set guards users and retired.
type refPack struct {
	*match.Pack
	name    string // in answers; see wire.RulesName
	matches ruleMatches
	users   int
	retired bool // another pack is current: the last user closes this pack
}

func newRefPack(set string, pack *match.Pack) *refPack {
	return &refPack{Pack: pack, name: wire.RulesName(set, pack.Hash())}
}

// failure is why loading failed.
type failure struct {
	text string
	at   time.Time
}

// acquire returns the pack with a hash beginning with hash; nil if there is none. The pack stays open
// until release.
func (s *loadedSet) acquire(hash string) *refPack {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range []*refPack{s.current, s.next} {
		if p != nil && strings.HasPrefix(p.Hash(), hash) {
			p.users++
			return p
		}
	}
	return nil
}

func (s *loadedSet) release(p *refPack) {
	s.mu.Lock()
	p.users--
	isLast := p.retired && p.users == 0
	s.mu.Unlock()
	if isLast {
		s.close(p.Pack)
	}
}

// replace makes pack the current pack. By way of announce, brokers know before an answer can name the
// new pack, and before a request for the old pack can be refused.
func (s *loadedSet) replace(pack *match.Pack, announce func()) {
	s.mu.Lock()
	s.next = newRefPack(s.name, pack)
	s.mu.Unlock()
	announce()
	s.mu.Lock()
	old := s.current
	s.current, s.next, s.lost = s.next, nil, false
	old.retired = true
	isUnused := old.users == 0
	s.mu.Unlock()
	if isUnused {
		s.close(old.Pack)
	}
}

// describe returns the announcement of the set, with an error of any length.
func (s *loadedSet) describe() wire.ServedRules {
	s.mu.Lock()
	defer s.mu.Unlock()
	pack := s.current.Pack
	if s.next != nil {
		pack = s.next.Pack
	}
	info := pack.Info()
	d := wire.ServedRules{
		Name: s.name, Hash: pack.Hash(), Engine: info.Engine, Rules: info.Rules, Regexes: info.Regexes,
		Scan: pack.Calibration().String(), Bytes: info.Bytes, Longest: info.LongestLiteral,
		Unreadable: s.lost && s.next == nil,
	}
	if f := s.failed; f != nil {
		d.FailedReload = &wire.FailedReload{Error: f.text, AgeS: int64(time.Since(f.at).Seconds())}
	}
	return d
}

// hash returns the hash of the current pack.
func (s *loadedSet) hash() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Hash()
}

// truncate returns at most n bytes of s, valid UTF-8.
func truncate(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
