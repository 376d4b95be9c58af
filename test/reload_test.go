// Rules that change while workers serve.

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// replaceFile gives path another content by renaming, so that it is never half.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// reloads are fewer with the race detector, under which each takes half a second.
var reloads = lessUnderRace(200)

// marker is the word that only version v of the rules has.
func marker(v int) string { return fmt.Sprintf("<v%03d>", v) }

// versionedRules are 300 words and the marker of version v.
func versionedRules(v int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "common\n%s\n", marker(v))
	for i := range 300 {
		fmt.Fprintf(&b, "word %d of the long list\n", i*7919)
	}
	return b.String()
}

// reloadLoad asks without a pause for all markers there can be, and holds each
// answer to be that of one pack.
type reloadLoad struct {
	t    *testing.T
	conn *zmtp.Conn
	text []byte
	done chan struct{}

	mu       sync.Mutex
	change   sync.Cond
	stopping bool
	inFlight int
	versions map[string]int // of each pack, by its hash
	byHash   string         // the newest pack's
	newest   int
	answers  int
	unknown  int // requests for a pack that was replaced
	wrong    []string
}

func startReloadLoad(t *testing.T, f *fleet) *reloadLoad {
	t.Helper()
	l := &reloadLoad{t: t, conn: f.dealer(t), done: make(chan struct{}), versions: make(map[string]int), newest: -1}
	l.change.L = &l.mu
	text := "common "
	for v := range reloads + 1 {
		text += marker(v)
	}
	l.text = []byte(text)
	for i := range 2 {
		l.ask(i)
	}
	go l.read()
	t.Cleanup(func() { _ = l.conn.Close(); <-l.done })
	return l
}

// ask asks for the rules of two texts; every fourth time of the newest pack known.
func (l *reloadLoad) ask(n int) {
	l.mu.Lock()
	rules := "default"
	if n%4 == 0 && l.byHash != "" {
		rules += "@" + l.byHash
	}
	l.inFlight++
	l.mu.Unlock()
	header := fmt.Sprintf(`{"id":%q,"rules":%q,"want":"rules","deadline_ms":60000}`, rules, rules)
	if err := l.conn.Send(nil, zmtp.NewMessage([]byte(header), l.text, []byte("nothing"), l.text)); err != nil {
		l.t.Errorf("send: %v", err)
	}
}

func (l *reloadLoad) read() {
	defer close(l.done)
	for n := 0; ; n++ {
		m, err := l.conn.Recv()
		if err != nil {
			return
		}
		more := l.take(m)
		m.Release()
		if more {
			l.ask(n)
		} else if l.idle() {
			return
		}
	}
}

func (l *reloadLoad) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inFlight == 0
}

// take judges an answer; it reports whether another request may go out.
func (l *reloadLoad) take(m zmtp.Message) bool {
	h, err := wire.ParseAnswerHeader(m.Frame(0))
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change.Broadcast()
	l.inFlight--
	l.answers++
	_, asked := wire.SplitRules(h.ID)
	switch {
	case err == nil && h.Error != nil && h.Error.Code == wire.UnknownRules && asked != "":
		l.unknown++
	case err != nil || h.Error != nil:
		l.wrong = append(l.wrong, fmt.Sprintf("%q: %v %v", h.ID, err, h.Error))
	default:
		if err := l.judge(h.Rules, asked, m); err != nil {
			l.wrong = append(l.wrong, err.Error())
		}
	}
	return !l.stopping
}

// judge holds the results to be those of the pack that the header names.
func (l *reloadLoad) judge(rules, asked string, m zmtp.Message) error {
	_, hash := wire.SplitRules(rules)
	if asked != "" && asked != hash {
		return fmt.Errorf("asked for %s, answered by %s", asked, hash)
	}
	if m.NumFrames() != 4 || string(m.Frame(1)) != string(m.Frame(3)) || string(m.Frame(2)) != `{"rules":[]}` {
		return fmt.Errorf("the results differ: %q and %q", m.Frame(1), m.Frame(3))
	}
	var r struct{ Rules []string }
	if err := json.Unmarshal(m.Frame(1), &r); err != nil {
		return err
	}
	version := -1
	if len(r.Rules) == 2 && r.Rules[0] == "common" {
		_, _ = fmt.Sscanf(r.Rules[1], "<v%d>", &version)
	}
	known, seen := l.versions[hash]
	if version < 0 || seen && known != version {
		return fmt.Errorf("%s is version %d, but its rules are %q", rules, known, r.Rules)
	}
	l.versions[hash] = version
	if version > l.newest {
		l.newest, l.byHash = version, hash
	}
	return nil
}

// wait waits until an answer is by version v.
func (l *reloadLoad) wait(t *testing.T, v int) {
	t.Helper()
	late := time.AfterFunc(patience, func() { l.mu.Lock(); l.stopping = true; l.mu.Unlock(); l.change.Broadcast() })
	defer late.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.newest < v && !l.stopping {
		l.change.Wait()
	}
	if l.newest < v {
		t.Fatalf("no answer by version %d of the rules; the newest is %d, wrong: %q", v, l.newest, l.wrong)
	}
}

func (l *reloadLoad) finish(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(patience):
		t.Error("requests were never answered")
		return
	}
	for i, w := range l.wrong {
		if i == 10 {
			t.Errorf("and %d more", len(l.wrong)-i)
			break
		}
		t.Error(w)
	}
	t.Logf("%d answers of %d packs; %d asked for a pack that had just been replaced", l.answers, len(l.versions), l.unknown)
	if len(l.versions) != reloads+1 {
		t.Errorf("answers name %d packs, want %d", len(l.versions), reloads+1)
	}
}

// Rules change again and again under load: no request fails, none is answered by a
// mixture, and neither memory nor disk nor descriptors run out.
func TestManyReloadsUnderLoad(t *testing.T) {
	f := newFleet(t, "")
	f.broker(t)
	words, state := filepath.Join(f.dir, "words.txt"), filepath.Join(f.dir, "state")
	replaceFile(t, words, versionedRules(0))
	worker := start(t, "w1", nil, f.command("worker", "--broker", f.workers, "--name", "w1", "--slots", "2", "--rules", words, "--state-dir", state)...)
	f.waitWorkers(t, 1)
	l := startReloadLoad(t, f)
	l.wait(t, 0)
	early := int64(0)
	for v := 1; v <= reloads; v++ {
		replaceFile(t, words, versionedRules(v))
		worker.signal(syscall.SIGHUP)
		l.wait(t, v)
		if v == reloads/4 {
			early = residentNow(t, worker)
		}
	}
	late := residentNow(t, worker)
	l.finish(t)
	s := f.status(t)
	t.Logf("resident after %d reloads %d kB, after %d %d kB", reloads/4, early>>10, reloads, late>>10)
	if os.Getenv("TRAWL_RACE") == "" && late > early+6<<20 {
		t.Errorf("memory grew by %d kB", (late-early)>>10)
	}
	if s.Broker.Retried > 0 || len(s.RuleSets) > 2 {
		t.Errorf("%d requests were lost by the worker; %d rule sets are known", s.Broker.Retried, len(s.RuleSets))
	}
	if n := len(globbed(t, state, "packs", "*")); n > 20 {
		t.Errorf("%d files are kept", n)
	}
	if n := strings.Count(worker.proc(t, "maps"), ".pack"); n != 1 {
		t.Errorf("%d packs are mapped", n)
	}
	if n := descriptors(t, worker); n > 30 {
		t.Errorf("%d files are open", n)
	}
}

func globbed(t *testing.T, parts ...string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// reloadable is a worker whose rules a test changes.
type reloadable struct {
	*fleet
	t      *testing.T
	worker *process
}

// set waits until the rule set is as it should be.
func (r *reloadable) set(name, what string, ok func(set wire.ServedRules) bool) (set wire.ServedRules) {
	r.t.Helper()
	r.waitStatus(r.t, what, func(s *wire.Status) bool {
		if w := workerStatus(s, "w1"); w != nil {
			if i := slices.IndexFunc(w.Rules, func(set wire.ServedRules) bool { return set.Name == name }); i >= 0 {
				set = w.Rules[i]
				return ok(set)
			}
		}
		return false
	})
	return set
}

// rules are those that match in the text.
func (r *reloadable) rules(set, text string) string {
	r.t.Helper()
	out, stderr, code := r.run(r.t, "", "send", "--rules", set, "--want", "rules", text)
	if code != 0 {
		r.t.Fatalf("send: %d %s", code, stderr)
	}
	return strings.TrimSpace(out)
}

func (r *reloadable) want(set, text, want string) {
	r.t.Helper()
	if got := r.rules(set, text); got != want {
		r.t.Errorf("the rule set %s finds %s, want %s", set, got, want)
	}
}

// Each rule set reloads by itself, whatever is wrong with the others; what is
// wrong leaves the pack in use where it is, and is told.
func TestBadRulesLeaveTheOldOnesInUse(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	r := &reloadable{fleet: f, t: t}
	f.broker(t)
	words, rule := filepath.Join(f.dir, "words.txt"), filepath.Join(f.dir, "rule.yaml")
	write(t, words, "one\n")
	write(t, rule, "rules: [{literal: uno}]\n")
	r.worker = start(t, "w1", nil, f.command("worker", "--broker", f.workers, "--name", "w1", "--rules", words, "--rules", "es="+rule, "--state-dir", filepath.Join(f.dir, "state"))...)
	f.waitWorkers(t, 1)
	const text = "one two uno dos"
	r.want("default", text, `{"rules":["one"]}`)
	first := r.set("default", "it is served", func(set wire.ServedRules) bool { return true })

	write(t, rule, "rules: [{literal: uno}, {id: bad, regex: '('}]\n") // bad
	write(t, words, "one\ntwo\n")                                      // good
	r.worker.signal(syscall.SIGHUP)
	second := r.set("default", "the good one is loaded", func(set wire.ServedRules) bool { return set.Hash != first.Hash })
	bad := r.set("es", "the bad one is told", func(set wire.ServedRules) bool { return set.FailedReload != nil })
	r.want("default", text, `{"rules":["one","two"]}`)
	r.want("es", text, `{"rules":["uno"]}`)
	if !strings.Contains(bad.FailedReload.Error, "rule.yaml:1:") || second.FailedReload != nil {
		t.Errorf("%+v, %+v", bad.FailedReload, second.FailedReload)
	}
	if out, _, code := f.run(t, "", "status"); code != 0 || !strings.Contains(out, "could not load the rule set es again") || !strings.Contains(out, "rule.yaml:1:") {
		t.Errorf("status: %s", out)
	}

	if err := os.Remove(words); err != nil {
		t.Fatal(err)
	}
	r.worker.signal(syscall.SIGHUP)
	gone := r.set("default", "the missing file is told", func(set wire.ServedRules) bool { return set.FailedReload != nil })
	if gone.Hash != second.Hash || !strings.Contains(gone.FailedReload.Error, "no such file") {
		t.Errorf("%+v %+v", gone, gone.FailedReload)
	}
	r.want("default", text, `{"rules":["one","two"]}`)

	write(t, rule, "rules: [{literal: uno}, {id: d.s, regex: 'd.s'}]\n")
	write(t, words, "one\n")
	r.worker.signal(syscall.SIGHUP)
	r.set("es", "it is mended", func(set wire.ServedRules) bool { return set.FailedReload == nil && set.Hash != bad.Hash })
	r.set("default", "the first rules are back", func(set wire.ServedRules) bool { return set.FailedReload == nil && set.Hash == first.Hash })
	r.want("es", text, `{"rules":["uno","d.s"]}`)
	if n := strings.Count(r.worker.log.String(), "rules not loaded again"); n != 2 {
		t.Errorf("%d failures are in the log, want 2", n)
	}
}

// Without a signal: a folder that gets a file more, and a pack that another is
// renamed to.
func TestChangedFilesAreLoadedByThemselves(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	r := &reloadable{fleet: f, t: t}
	f.broker(t)
	folder, pack := filepath.Join(f.dir, "rules"), filepath.Join(f.dir, "my.pack")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "1.yaml"), "rules: [{literal: one}]\n")
	compile := func(to, words string) {
		t.Helper()
		list := write(t, filepath.Join(f.dir, "list.txt"), words)
		argv := f.command("rules", "compile", "-o", to, list)
		if p := start(t, "compile", nil, argv...); p.wait(t) != 0 {
			t.Fatal("not compiled")
		}
	}
	compile(pack, "uno\n")
	r.worker = start(t, "w1", nil, f.command("worker", "--broker", f.workers, "--name", "w1", "--rules", folder, "--rules", "es="+pack, "--state-dir", filepath.Join(f.dir, "state"))...)
	f.waitWorkers(t, 1)
	const text = "one two uno dos"
	r.want("default", text, `{"rules":["one"]}`)
	r.want("es", text, `{"rules":["uno"]}`)
	first := r.set("es", "it is served", func(wire.ServedRules) bool { return true })

	write(t, filepath.Join(folder, "2.yaml"), "rules: [{literal: two}]\n")
	compile(pack+".new", "uno\ndos\n")
	if err := os.Rename(pack+".new", pack); err != nil {
		t.Fatal(err)
	}
	r.set("es", "the new pack is served", func(set wire.ServedRules) bool { return set.Hash != first.Hash })
	r.set("default", "both files are served", func(set wire.ServedRules) bool { return set.Rules == 2 })
	r.want("default", text, `{"rules":["one","two"]}`)
	r.want("es", text, `{"rules":["uno","dos"]}`)
	r.worker.signal(syscall.SIGTERM)
	if code := r.worker.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// up reloads once for all its workers.
func TestUpReloadsOnSIGHUP(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	words := f.history(t)
	up := start(t, "up", nil, f.command("up", "-f", words, "--workers", "2", "--clients", f.clients)...)
	f.waitWorkers(t, 2)
	before := f.status(t).Workers[0].Rules[0].Hash
	write(t, words, "he\nhistory\n")
	up.signal(syscall.SIGHUP)
	f.waitStatus(t, "both have the new rules", func(s *wire.Status) bool {
		return len(s.Workers) == 2 && s.Workers[0].Rules[0].Hash != before && s.Workers[1].Rules[0].Hash == s.Workers[0].Rules[0].Hash
	})
	for _, w := range f.status(t).Workers {
		name := w.Name
		if out, _, _ := f.run(t, "", "send", "--worker", name, "--want", "rules", historyText); strings.TrimSpace(out) != `{"rules":["he","history"]}` {
			t.Errorf("%s: %s", name, out)
		}
	}
	if n := strings.Count(up.log.String(), "rules loaded again"); n != 1 {
		t.Errorf("loaded %d times", n)
	}
}

// What regexes cost is summed over the workers, once for each process, and begins
// anew with other rules.
func TestCostsOfRegexes(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	f.broker(t)
	rule := write(t, filepath.Join(f.dir, "rule.yaml"), `rules:
  - {id: cheap, regex: 'cheap\d'}
  - {id: costly, regex: 'costly(x+x+)+y'}
`)
	first, second := f.worker(t, "w1", rule), f.worker(t, "w2", rule)
	f.waitWorkers(t, 2)
	text := strings.Repeat("costlyxxxx ", 10_000) + "costlyxxy"
	for _, name := range []string{"w1", "w1", "w2"} {
		if _, stderr, code := f.run(t, text, "send", "--worker", name); code != 0 {
			t.Fatalf("send: %s", stderr)
		}
		if _, stderr, code := f.run(t, "", "send", "--worker", name, "cheap1"); code != 0 {
			t.Fatalf("send: %s", stderr)
		}
	}
	s := f.waitStatus(t, "both have told what they have done", func(s *wire.Status) bool {
		return len(s.Costs) == 2 && s.Costs[0].Verified == 3 && s.Costs[1].Verified == 3
	})
	c := s.Costs[0]
	if c.RuleSet != "default" || c.Rule != "costly" || c.Matched != 3 || c.Workers != 2 || c.TimeUS == 0 || c.Share <= 0.5 || c.Share > 1 || c.Bytes < 300_000 {
		t.Errorf("%+v", c)
	}
	out, _, _ := f.run(t, "", "status")
	if !strings.Contains(out, "REGEX") || !strings.Contains(out, "\ncostly  default   3         3 ") {
		t.Errorf("status: %s", out)
	}
	write(t, rule, "rules: [{id: other, regex: 'cheap\\d'}]\n")
	first.signal(syscall.SIGHUP)
	second.signal(syscall.SIGHUP)
	f.waitStatus(t, "the old rules are forgotten", func(s *wire.Status) bool { return len(s.Costs) == 0 })
}
