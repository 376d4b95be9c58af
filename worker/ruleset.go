package worker

import (
	"strings"
	"sync"
	"time"

	"trawl/edge/files"
	"trawl/edge/match"
	"trawl/edge/wire"
)

// ruleSet is a rule set and the pack that it is at present. A request has one pack
// from its beginning to its end; another that is put in its place meanwhile is for
// the requests after it.
type ruleSet struct {
	name  string
	close func(*match.Pack) // of a pack that nobody uses any more

	loading sync.Mutex   // held while a pack is opened; before mu
	change  files.Change // the watch's

	mu      sync.Mutex
	current *served
	coming  *served // announced and about to be the current one; else nil
	stamp   string  // of the files, before they were loaded last
	failed  *failure
	lost    bool // current cannot be read any more, nor be opened again
}

// served is a pack in use. The lock of its set guards all but pack and matches.
type served struct {
	pack    *match.Pack
	matches ruleMatches // has a lock of its own
	users   int
	retired bool // another has its place: to be closed by the last user
}

// failure is why loading failed last, since it last succeeded.
type failure struct {
	text string
	at   time.Time
}

// acquire returns the pack with that hash, or beginning of one; nil if it is not
// served. It stays open until release.
func (s *ruleSet) acquire(hash string) *served {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range []*served{s.current, s.coming} {
		if p != nil && strings.HasPrefix(p.pack.Hash(), hash) {
			p.users++
			return p
		}
	}
	return nil
}

func (s *ruleSet) release(p *served) {
	s.mu.Lock()
	p.users--
	last := p.retired && p.users == 0
	s.mu.Unlock()
	if last {
		s.close(p.pack)
	}
}

// put makes next the pack in use. What announce tells the brokers, they know
// before an answer can name the new pack, or a request for the old one can be
// refused.
func (s *ruleSet) put(next *match.Pack, announce func()) {
	s.mu.Lock()
	s.coming = &served{pack: next}
	s.mu.Unlock()
	announce()
	s.mu.Lock()
	old := s.current
	s.current, s.coming, s.lost = s.coming, nil, false
	old.retired = true
	last := old.users == 0
	s.mu.Unlock()
	if last {
		s.close(old.pack)
	}
}

// describe is what brokers are told, but for the bounds of an error.
func (s *ruleSet) describe() wire.RuleSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := s.current
	if s.coming != nil {
		newest = s.coming
	}
	pack := newest.pack
	info := pack.Info()
	d := wire.RuleSet{
		Name: s.name, Hash: pack.Hash(), Engine: info.Engine, Rules: info.Rules,
		Regexes: info.Regexes, Scan: pack.Calibration().String(), Bytes: info.Bytes, Longest: info.LongestLiteral,
	}
	d.Unreadable = s.lost && s.coming == nil
	if f := s.failed; f != nil {
		d.FailedReload = &wire.FailedReload{Error: f.text, AgeS: int64(time.Since(f.at).Seconds())}
	}
	return d
}

func (s *ruleSet) hash() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.pack.Hash()
}

// failure returns why loading failed last; nil if it did not.
func (s *ruleSet) failure() *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// lose notes that the pack in use cannot be read any more.
func (s *ruleSet) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

// isLost reports whether the pack in use cannot be read any more.
func (s *ruleSet) isLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// worked notes that loading worked; it reports whether it had failed before.
func (s *ruleSet) worked() (failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	failed = s.failed != nil
	s.failed = nil
	return failed
}

// cut returns at most n bytes of s, valid UTF-8.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
