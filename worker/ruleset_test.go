//go:build unix

package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/match"
	"trawl/edge/rules"
	"trawl/edge/wire"
)

// syncBuffer is a log that goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// mappedSet is a worker whose pack is a file of a store.
type mappedSet struct {
	t      *testing.T
	broker *fakeBroker
	words  string
	store  *rules.Store
	file   string
	source PackSource
	log    syncBuffer
	logger *slog.Logger
}

func newMappedSet(t *testing.T) (*mappedSet, Options) {
	t.Helper()
	s := &mappedSet{t: t, broker: listen(t), words: filepath.Join(t.TempDir(), "words.txt")}
	s.writeWords("he", "his")
	state := t.TempDir()
	s.logger = slog.New(slog.NewTextHandler(&s.log, nil))
	s.store = rules.NewStore(state, "test", s.logger)
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	o := options(s.broker, t)
	o.Slots, o.Log = 1, s.logger
	s.source = PackSource{
		Open: func(set string) (*match.Pack, error) {
			p, _, err := s.store.Open([]string{s.words}, rules.Options{Name: set})
			return p, err
		},
		Close:       s.store.Release,
		Fingerprint: func(string) string { return rules.Fingerprint([]string{s.words}) },
	}
	o.RuleSets = s.open()
	s.file = filepath.Join(state, "packs", o.RuleSets.sets["default"].hash()+".pack")
	return s, o
}

// open opens the rule sets once more.
func (s *mappedSet) open() *RuleSets {
	s.t.Helper()
	sets, err := OpenRuleSets([]string{"default"}, s.source, s.logger)
	if err != nil {
		s.t.Fatal(err)
	}
	return sets
}

func (s *mappedSet) writeWords(words ...string) {
	s.t.Helper()
	if err := os.WriteFile(s.words, []byte(strings.Join(words, "\n")), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// cutShort damages the pack in use.
func (s *mappedSet) cutShort() {
	s.t.Helper()
	if err := os.Truncate(s.file, 0); err != nil {
		s.t.Fatal(err)
	}
}

func TestFaultOfAPackIsAnsweredAndThePackLoadedAgain(t *testing.T) {
	s, o := newMappedSet(t)
	stop := run(t, o)
	l, _ := s.broker.welcome(time.Minute)
	const want = `{"matches":[{"rule":"his","start":1,"end":4},{"rule":"he","start":5,"end":7}]}`
	for range 2 {
		if failed, got := l.ask(false, "this here"); failed || got[0] != want {
			t.Fatalf("%v %q", failed, got)
		}
		s.cutShort()
		if failed, got := l.ask(false, "this here"); !failed || !strings.Contains(got[0], `"internal"`) || !strings.Contains(got[0], "ask once more") {
			t.Fatalf("%v %q", failed, got)
		}
	}
	if failed, got := l.ask(false, "this here"); failed || got[0] != want {
		t.Errorf("%v %q", failed, got)
	}
	_ = l.conn.Close() // it would wait for the broker's leave
	stop()
	if log := s.log.String(); !strings.Contains(log, "loaded again") {
		t.Error(log)
	}
}

// Rules that have changed meanwhile are other rules: the brokers are told.
func TestReloadOfOtherRulesIsAnnounced(t *testing.T) {
	s, o := newMappedSet(t)
	run(t, o)
	l, first := s.broker.welcome(time.Minute)
	s.writeWords("he", "hers")
	s.cutShort()
	if failed, got := l.ask(false, "hers"); !failed {
		t.Fatalf("%q", got)
	}
	if got := l.recv(); got != nil {
		t.Errorf("instead of another hello: %q", got)
	}
	l, second := s.broker.welcome(time.Minute)
	if first.Rules[0].Hash == second.Rules[0].Hash {
		t.Error("announced under the same hash")
	}
	if failed, got := l.ask(false, "hers"); failed || strings.Count(got[0], "rule") != 2 {
		t.Errorf("%v %q", failed, got)
	}
}

func TestReloadThatFailsIsSaid(t *testing.T) {
	s, o := newMappedSet(t)
	tries := 0
	o.RuleSets.source.Open = func(string) (*match.Pack, error) { tries++; return nil, errors.New("the disk is gone") }
	stop := run(t, o)
	l, _ := s.broker.welcome(time.Minute)
	s.cutShort()
	for range 3 {
		if failed, got := l.ask(false, "his"); !failed || !strings.Contains(got[0], `"internal"`) {
			t.Errorf("%v %q", failed, got)
		}
	}
	_ = l.conn.Close() // it would wait for the broker's leave
	l, again := s.broker.welcome(time.Minute)
	if r := again.Rules[0]; !r.Unreadable || r.FailedReload == nil {
		t.Errorf("announced as %+v, want unreadable", r)
	}
	_ = l.conn.Close()
	stop()
	if log := s.log.String(); tries != 1 || strings.Count(log, "the disk is gone") != 1 || !strings.Contains(log, "tries again") {
		t.Errorf("%d tries: %s", tries, log)
	}
}

// A pack that could not be read and can be again is served again, though it is the same one.
func TestAPackThatIsReadableAgainIsServedAgain(t *testing.T) {
	s, o := newMappedSet(t)
	open := o.RuleSets.source.Open
	o.RuleSets.source.Open = func(string) (*match.Pack, error) { return nil, errors.New("the disk is gone") }
	run(t, o)
	l := s.broker.accept()
	l.recv()
	l.send("W", string(wire.JSONFrame(&wire.Welcome{Protocol: wire.ProtocolVersion, Broker: "fake", HeartbeatMS: 60_000, Updates: true})))
	announced := func() wire.ServedRules {
		var u wire.Update
		if frames := l.recv(); len(frames) != 2 || json.Unmarshal([]byte(frames[1]), &u) != nil || len(u.Rules) != 1 {
			t.Fatalf("%q is no update", frames)
		}
		return u.Rules[0]
	}
	s.cutShort()
	if failed, got := l.ask(false, "his"); !failed {
		t.Errorf("%q", got)
	}
	if r := announced(); !r.Unreadable || r.FailedReload == nil {
		t.Errorf("announced as %+v, want unreadable", r)
	}
	o.RuleSets.source.Open = open
	o.RuleSets.Reload("default")
	if r := announced(); r.Unreadable || r.FailedReload != nil {
		t.Errorf("announced as %+v, want readable", r)
	}
	if failed, got := l.ask(false, "his"); failed {
		t.Errorf("%q", got)
	}
}

func TestFaultWithoutReload(t *testing.T) {
	s, o := newMappedSet(t)
	o.RuleSets.source.Open = nil
	stop := run(t, o)
	l, _ := s.broker.welcome(time.Minute)
	s.cutShort()
	if failed, got := l.ask(false, "his"); !failed || !strings.Contains(got[0], `"internal"`) {
		t.Errorf("%v %q", failed, got)
	}
	_ = l.conn.Close() // it would wait for the broker's leave
	stop()
	if log := s.log.String(); !strings.Contains(log, "restart the worker") {
		t.Error(log)
	}
}
