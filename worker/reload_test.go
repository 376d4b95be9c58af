//go:build unix

package worker

import (
	"encoding/json"
	"errors"
	"fmt"
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

// recvUpdate waits for the next update.
func (l *testLink) recvUpdate() []wire.ServedRules {
	l.t.Helper()
	frames := l.recv()
	var u wire.Update
	if len(frames) != 2 || frames[0] != "U" || json.Unmarshal([]byte(frames[1]), &u) != nil {
		l.t.Fatalf("%q is no update", frames)
	}
	return u.Rules
}

// rulesOf is the answer header's rules, from a request in full form.
func (l *testLink) rulesOf(header string) (rules string, code wire.Code) {
	l.t.Helper()
	_, got := l.ask(true, header, "his and hers")
	h, err := wire.ParseAnswerHeader([]byte(got[0]))
	if err != nil {
		l.t.Fatal(err)
	}
	if h.Error != nil {
		return "", h.Error.Code
	}
	return h.Rules, ""
}

func TestReloadedRulesAreAnnouncedInPlace(t *testing.T) {
	s, o := newMappedSet(t)
	run(t, o)
	l, hello := s.broker.welcomeUpdates()
	before := hello.Rules[0].Hash
	s.writeWords("he", "hers")
	o.RuleSets.Reload("default")
	update := l.recvUpdate()
	after := update[0].Hash
	if after == before || update[0].Rules != 2 || update[0].FailedReload != nil {
		t.Errorf("%+v", update)
	}
	if rules, code := l.rulesOf(`{}`); rules != "default@"+after[:12] {
		t.Errorf("answered by %q %s", rules, code)
	}
	if rules, _ := l.rulesOf(`{"rules":"default@` + after + `"}`); rules == "" {
		t.Error("the new pack is not known by its hash")
	}
	if _, code := l.rulesOf(`{"rules":"default@` + before + `"}`); code != wire.UnknownRules {
		t.Errorf("the old pack: %q", code)
	}
	if failed, got := l.ask(false, "his and hers"); failed || strings.Contains(got[0], `"his"`) || !strings.Contains(got[0], `"hers"`) {
		t.Errorf("%q", got)
	}
	_ = l.conn.Close()
	_, again := s.broker.welcomeUpdates()
	if again.Rules[0].Hash != after {
		t.Error("the next hello says the old hash")
	}
}

// welcomeUpdates is welcome by a broker that takes updates.
func (b *fakeBroker) welcomeUpdates() (*testLink, wire.Hello) {
	b.t.Helper()
	l := b.accept()
	var h wire.Hello
	if frames := l.recv(); frames[0] != "H" || json.Unmarshal([]byte(frames[1]), &h) != nil {
		b.t.Fatalf("first message %q is no hello", frames)
	}
	l.welcomeLate()
	return l, h
}

func (l *testLink) welcomeLate() {
	l.t.Helper()
	l.send("W", string(wire.JSONFrame(&wire.Welcome{Protocol: wire.ProtocolVersion, Broker: "fake", HeartbeatMS: 60_000, Updates: true})))
}

// What changes between hello and welcome is announced with the welcome.
func TestReloadBeforeTheWelcome(t *testing.T) {
	s, o := newMappedSet(t)
	run(t, o)
	l := s.broker.accept()
	l.recv()
	s.writeWords("he", "hers")
	o.RuleSets.Reload("default")
	l.welcomeLate()
	if got := l.recvUpdate()[0].Hash; got != o.RuleSets.sets["default"].hash() {
		t.Errorf("announced %s", got)
	}
}

func TestReloadThatFindsNothingNewSaysNothing(t *testing.T) {
	s, o := newMappedSet(t)
	run(t, o)
	l, _ := s.broker.welcomeUpdates()
	served := o.RuleSets.sets["default"].current
	o.RuleSets.Reload("default")
	if o.RuleSets.sets["default"].current != served {
		t.Error("the pack was replaced by its like")
	}
	if failed, got := l.ask(false, "his"); failed { // the next message: no update before it
		t.Errorf("%q", got)
	}
}

// A bad file leaves the pack in use where it is; why is in the log once for each
// reason, and in what the brokers hear.
func TestBadRulesKeepTheOldOnes(t *testing.T) {
	s, o := newMappedSet(t)
	run(t, o)
	l, hello := s.broker.welcomeUpdates()
	keeps := func(because string) {
		t.Helper()
		o.RuleSets.Reload("default")
		got := l.recvUpdate()[0]
		if got.Hash != hello.Rules[0].Hash || got.FailedReload == nil || !strings.Contains(got.FailedReload.Error, because) || got.FailedReload.AgeS > 60 {
			t.Errorf("announced %+v, %+v", got, got.FailedReload)
		}
		if failed, got := l.ask(false, "his"); failed || !strings.Contains(got[0], `"his"`) {
			t.Errorf("%q", got)
		}
	}
	s.writeWords("")
	keeps("no words in it")
	keeps("no words in it")
	if err := os.Remove(s.words); err != nil {
		t.Fatal(err)
	}
	keeps("no such file")
	if log := s.log.String(); strings.Count(log, "no words in it") != 1 || strings.Count(log, "no such file") != 1 || strings.Count(log, "not loaded again") != 2 {
		t.Error(log)
	}
	s.writeWords("he", "his") // as before: the failure is over
	o.RuleSets.Reload("default")
	if got := l.recvUpdate()[0]; got.FailedReload != nil || got.Hash != hello.Rules[0].Hash {
		t.Errorf("after it was mended: %+v", got)
	}
}

func TestLongErrorIsCut(t *testing.T) {
	s, o := newMappedSet(t)
	o.RuleSets.source.Open = func(string) (*match.Pack, error) {
		return nil, errors.New(strings.Repeat("ü", wire.MaxReloadError))
	}
	o.RuleSets.Reload("default")
	if f := o.RuleSets.describe()[0].FailedReload; len(f.Error) != wire.MaxReloadError {
		t.Errorf("%d bytes", len(f.Error))
	}
	for i := range 300 {
		name := fmt.Sprint("set", i)
		o.RuleSets.add(name, pack(t, "x"), "")
		o.RuleSets.Reload(name)
	}
	if n := len(wire.JSONFrame(o.RuleSets.describe())); n > maxErrors+300*300 {
		t.Errorf("300 sets that failed are %d bytes to tell", n)
	}
	if n := strings.Count(s.log.String(), "not loaded again"); n != 301 {
		t.Errorf("%d of 301 failures are in the log", n)
	}
}

// countedPacks counts packs that are open.
type countedPacks struct {
	mu   sync.Mutex
	open map[*match.Pack]bool
}

func (c *countedPacks) source(t *testing.T, words func() string) PackSource {
	c.open = map[*match.Pack]bool{}
	return PackSource{
		Open: func(string) (*match.Pack, error) {
			p := pack(t, strings.Fields(words())...)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.open[p] = true
			return p, nil
		},
		Close: func(p *match.Pack) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if !c.open[p] {
				t.Error("closed twice")
			}
			delete(c.open, p)
			return p.Close()
		},
	}
}

func (c *countedPacks) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// A pack lasts as long as a request is on it, and no longer.
func TestOldPackIsClosedAfterItsLastRequest(t *testing.T) {
	c, word := &countedPacks{}, "a"
	sets, err := OpenRuleSets([]string{"x"}, c.source(t, func() string { return word }), discard)
	if err != nil {
		t.Fatal(err)
	}
	set, first := sets.find("x")
	_, second := sets.find("x@" + first.Hash()[:12])
	if first != second {
		t.Fatal("another pack by its hash")
	}
	word = "b"
	sets.Reload("x")
	if _, p := sets.find("x@" + first.Hash()); p != nil {
		t.Error("the old pack is still given out")
	}
	set.release(first)
	if c.count() != 2 {
		t.Fatalf("%d packs are open, want the old and the new one", c.count())
	}
	set.release(second)
	if c.count() != 1 {
		t.Errorf("%d packs are open, want the new one", c.count())
	}
	for i := range 50 {
		word = fmt.Sprint("word", i)
		sets.Reload("x")
	}
	sets.Reload("x") // unchanged
	sets.Reload("y") // nobody's
	if c.count() != 1 {
		t.Errorf("%d packs are open after 50 reloads without requests", c.count())
	}
}

func TestProblemsOfAllSetsAtTheStart(t *testing.T) {
	c := &countedPacks{}
	source := c.source(t, func() string { return "a" })
	open := source.Open
	source.Open = func(set string) (*match.Pack, error) {
		if set != "good" {
			return nil, errors.New(set + " is bad")
		}
		return open(set)
	}
	if _, err := OpenRuleSets([]string{"b", "good", "a"}, source, discard); err == nil || err.Error() != "a is bad\nb is bad" {
		t.Errorf("%v", err)
	}
	if c.count() != 0 {
		t.Error("a pack was left open")
	}
}

// Files that change are loaded once they have stayed the same for two looks; each
// set by itself.
func TestChangedFilesAreSeenAndSettle(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.txt", "one\n")
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("b/1.yaml", "rules: [{literal: one}]")
	paths := map[string][]string{"a": {filepath.Join(dir, "a.txt")}, "b": {filepath.Join(dir, "b")}}
	loads := map[string]int{}
	sets, err := OpenRuleSets([]string{"a", "b"}, PackSource{
		Open: func(set string) (*match.Pack, error) {
			loads[set]++
			p, _, err := rules.Compile(paths[set], rules.Options{Name: set})
			return p, err
		},
		Fingerprint: func(set string) string { return rules.Fingerprint(paths[set]) },
	}, discard)
	if err != nil {
		t.Fatal(err)
	}
	look := func(wantA, wantB int) {
		t.Helper()
		sets.reloadChanged("a")
		sets.reloadChanged("b")
		if loads["a"] != wantA || loads["b"] != wantB {
			t.Errorf("loaded %v times, want %d and %d", loads, wantA, wantB)
		}
	}
	look(1, 1)
	write("a.txt", "one\ntw") // an editor writes in steps
	look(1, 1)
	write("a.txt", "one\ntwo\n")
	look(1, 1)
	look(2, 1)
	look(2, 1)
	write("b/2.yaml", "rules: [{literal: two}]") // a file more in the folder
	look(2, 1)
	look(2, 2)
	write("b/notes", "no rules")
	look(2, 2)
	look(2, 2)
	write("new", "one\nsix\n") // as long as before, and another file by rename
	if err := os.Chtimes(filepath.Join(dir, "new"), time.Now(), statOf(t, filepath.Join(dir, "a.txt"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	look(2, 2)
	look(3, 2)
	if err := os.Remove(filepath.Join(dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	look(3, 2)
	look(4, 2)
	look(4, 2) // not again while nothing changes
	sets.sets["a"].failed.at = time.Now().Add(-retryEvery)
	look(5, 2) // but after a while
	write("a.txt", "one\ntwo\n")
	look(5, 2)
	look(6, 2)
	if sets.sets["a"].failed != nil {
		t.Error("the failure is not over")
	}
}

func statOf(t *testing.T, path string) time.Time {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// What changes while the files are read is loaded afterwards.
func TestChangeDuringALoadIsSeen(t *testing.T) {
	c, fingerprint := &countedPacks{}, "1"
	source := c.source(t, func() string { fingerprint = "2"; return "a" })
	source.Fingerprint = func(string) string { return fingerprint }
	sets, err := OpenRuleSets([]string{"x"}, source, discard)
	if err != nil {
		t.Fatal(err)
	}
	if sets.sets["x"].fingerprint != "1" {
		t.Errorf("the fingerprint %q is from after the load", sets.sets["x"].fingerprint)
	}
}

func TestWatchReloadsOnASignal(t *testing.T) {
	var mu sync.Mutex
	loads, change := 0, make(chan struct{}, 10)
	sets, err := OpenRuleSets([]string{"x", "y"}, PackSource{Open: func(set string) (*match.Pack, error) {
		mu.Lock()
		defer mu.Unlock()
		loads++
		change <- struct{}{}
		return pack(t, "a"), nil
	}}, discard)
	if err != nil {
		t.Fatal(err)
	}
	hangup := make(chan os.Signal, 1)
	stop := sets.Watch(hangup, func(reload func()) { reload() })
	hangup <- os.Interrupt
	for range 4 {
		select {
		case <-change:
		case <-time.After(patience):
			t.Fatal("not loaded again")
		}
	}
	if !stop() {
		t.Error("it goes on")
	}
}

// Requests that run while the rules change see one pack each: the version in the
// answer's hash is that of all its matches. And the broker has heard of it before.
func TestNoRequestSeesTwoPacks(t *testing.T) {
	c := &countedPacks{}
	var mu sync.Mutex
	version := 0
	hashes := map[string]string{} // of packs, to version
	source := c.source(t, nil)
	source.Open = func(string) (*match.Pack, error) {
		mu.Lock()
		defer mu.Unlock()
		version++
		p := pack(t, "common", fmt.Sprintf("<%d>", version))
		hashes[p.Hash()[:12]] = fmt.Sprintf("<%d>", version)
		c.mu.Lock()
		c.open[p] = true
		c.mu.Unlock()
		return p, nil
	}
	sets, err := OpenRuleSets([]string{"default"}, source, discard)
	if err != nil {
		t.Fatal(err)
	}
	b := listen(t)
	o := options(b, t)
	o.RuleSets = sets
	run(t, o)
	l, hello := b.welcomeUpdates()
	told := map[string]bool{hello.Rules[0].Hash[:12]: true}
	var text strings.Builder
	text.WriteString("common")
	for v := range 60 {
		fmt.Fprintf(&text, "<%d>", v)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			sets.Reload("default")
		}
	}()
	running, asked, answered := true, uint64(0), 0
	seen := map[string]bool{}
	for range 8 {
		asked++
		l.request(asked, true, time.Minute, `{"want":"rules"}`, text.String(), "filler", text.String())
	}
	for answered < int(asked) {
		frames := l.recv()
		if frames[0] == "U" {
			var u wire.Update
			if err := json.Unmarshal([]byte(frames[1]), &u); err != nil {
				t.Fatal(err)
			}
			told[u.Rules[0].Hash[:12]] = true
			continue
		}
		answered++
		h, err := wire.ParseAnswerHeader([]byte(frames[1]))
		if err != nil || h.Error != nil {
			t.Fatalf("%q", frames)
		}
		hash := strings.TrimPrefix(h.Rules, "default@")
		mu.Lock()
		want := fmt.Sprintf(`{"rules":["common",%q]}`, hashes[hash])
		mu.Unlock()
		seen[hash] = true
		if !told[hash] {
			t.Fatalf("an answer by %s came before the update that tells it", h.Rules)
		}
		if unescape(frames[2]) != want || frames[3] != `{"rules":[]}` || unescape(frames[4]) != want {
			t.Fatalf("%q by %s, want %s", frames[2:], h.Rules, want)
		}
		select {
		case <-done:
			running = false
		default:
		}
		if running {
			asked++
			l.request(asked, true, time.Minute, `{"want":"rules"}`, text.String(), "filler", text.String())
		}
	}
	if c.count() != 1 || len(seen) < 2 {
		t.Errorf("%d packs are open; answers of %d packs were seen", c.count(), len(seen))
	}
}

// unescape takes back what JSON escapes of < and >, if it does.
func unescape(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(s)
}
