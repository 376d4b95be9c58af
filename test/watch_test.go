// trawl watch as a process: killed under load, with sinks that are away, and what it writes
// to disks.

package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	needs "trawl/test/need"
)

// watching is a watcher of one log, with its folders.
type watching struct {
	*testing.T
	dir, run, log, events string
}

// newWatching makes the folders: run is on a tmpfs, as on a board.
func newWatching(t *testing.T, sinks string) *watching {
	t.Helper()
	const shm = "/dev/shm"
	needs.Path(t, shm, "a tmpfs at "+shm)
	run, err := os.MkdirTemp(shm, "trawl-watch-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	w := &watching{T: t, dir: t.TempDir(), run: run}
	w.log, w.events = filepath.Join(run, "app.log"), filepath.Join(run, "events.jsonl")
	write(t, w.log, "")
	write(t, filepath.Join(w.dir, "words.txt"), "needle\n")
	write(t, filepath.Join(w.dir, "trawl.yaml"), fmt.Sprintf(`worker: {rules: {default: [words.txt]}}
watch:
  state_dir: %s/state
  sources:
    - file: {paths: [%s], from: beginning}
  sinks:
%s`, w.dir, w.log, strings.ReplaceAll(sinks, "EVENTS", w.events)))
	return w
}

func (w *watching) start() *process {
	w.Helper()
	return start(w.T, "watch", nil, "env", "XDG_RUNTIME_DIR="+w.run, binary, "watch", "--config", filepath.Join(w.dir, "trawl.yaml"))
}

// append writes so many lines, of which each is to be told.
func (w *watching) append(from, n int) {
	w.Helper()
	f, err := os.OpenFile(w.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	b := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintf(b, "line %d has a needle\n", from+i)
	}
	if err := b.Flush(); err != nil {
		w.Fatal(err)
	}
}

type told struct {
	ID, Line    string
	Redelivered bool
}

// read reads the events of the file.
func (w *watching) read() (events []told) {
	w.Helper()
	data, _ := os.ReadFile(w.events)
	for line := range strings.Lines(string(data)) {
		var e told
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.Fatalf("%q: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// A watcher that is killed again and again under load: nothing is lost; at most the batch
// that was under way comes twice for each kill, with the same ids, and marked.
func TestWatchIsKilled(t *testing.T) {
	t.Parallel()
	w := newWatching(t, "    - {file: EVENTS, include: [line]}\n")
	const kills = 8
	lines := lessUnderRace(100_000)
	written := 0
	size := func() int64 {
		info, err := os.Stat(w.events)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for range kills {
		w.append(written, lines)
		written += lines
		before := size()
		p := w.start()
		eventually(t, "it is in the middle of its work", func() bool { return size() > before+1<<20 })
		p.signal(syscall.SIGKILL)
		p.wait(t)
		w.append(written, 100)
		written += 100
	}
	p := w.start()
	w.append(written, 1)
	written++
	last := fmt.Sprintf("line %d has a needle", written-1)
	eventually(t, "the last line is told", func() bool { return has(w.events, last) })
	p.terminate(t)
	ids := map[string]string{}
	twice := 0
	for _, e := range w.read() {
		switch id, known := ids[e.Line]; {
		case !known:
			ids[e.Line] = e.ID
		case id != e.ID:
			t.Fatalf("%q has two ids", e.Line)
		default:
			twice++
			if !e.Redelivered {
				t.Fatalf("%q comes again and is not marked", e.Line)
			}
		}
	}
	if len(ids) != written {
		t.Errorf("%d of %d lines are told", len(ids), written)
	}
	// One batch of records, and one of the sink, may be under way.
	if most := kills * (64 + 256); twice > most {
		t.Errorf("%d are told twice after %d kills", twice, kills)
	}
	t.Logf("%d lines, %d kills, %d told twice", written, kills, twice)
}

// away is a webhook that can be away.
type away struct {
	*httptest.Server
	mu    sync.Mutex
	gone  bool
	lines []string
}

func newAway(t *testing.T) *away {
	a := &away{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e told
		_ = json.Unmarshal(body, &e)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.gone {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		a.lines = append(a.lines, e.Line)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *away) set(gone bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = gone
}

func (a *away) got() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.lines...)
}

// A sink that is away for so long that its queue is full: one that blocks gets all in the
// end, and one that drops gets the newest; the file beside it misses nothing.
func TestWatchSinkIsAway(t *testing.T) {
	for _, whenFull := range []string{"block", "drop_oldest"} {
		t.Run(whenFull, func(t *testing.T) {
			t.Parallel()
			hook := newAway(t)
			hook.set(true)
			w := newWatching(t, fmt.Sprintf("    - {name: hook, when_full: %s, include: [line], webhook: {url: %q}}\n    - {file: EVENTS, include: [line]}\n", whenFull, hook.URL))
			p := w.start()
			const lines = 9000 // more than 4 MiB with what events take
			w.append(0, lines)
			p.waitLog(t, "the sink is away")
			if whenFull == "drop_oldest" {
				eventually(t, "the file has all", func() bool { return len(w.read()) == lines })
			}
			// A restart changes nothing of it.
			p.terminate(t)
			p = w.start()
			hook.set(false)
			eventually(t, "the last comes", func() bool {
				got := hook.got()
				return len(got) > 0 && got[len(got)-1] == fmt.Sprintf("line %d has a needle", lines-1)
			})
			p.terminate(t)
			got := hook.got()
			if n := len(w.read()); n != lines {
				t.Errorf("the file has %d of %d", n, lines)
			}
			first := 0
			if _, err := fmt.Sscanf(got[0], "line %d", &first); err != nil {
				t.Fatal(err)
			}
			if whenFull == "block" && first != 0 || whenFull == "drop_oldest" && first == 0 {
				t.Errorf("the first is %q", got[0])
			}
			for i, line := range got {
				if line != fmt.Sprintf("line %d has a needle", first+i) {
					t.Fatalf("%d: %q", i, line)
				}
			}
			t.Logf("%d of %d", len(got), lines)
		})
	}
}

// Matched by a fleet whose broker is not there yet, and then killed twice: each line is
// told once.
func TestWatchAsksBroker(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	w := newWatching(t, "    - {file: EVENTS, include: [line]}\n")
	config := filepath.Join(w.dir, "trawl.yaml")
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, string(data)+"client: {brokers: ["+f.clients+"], timeout: 2s}\n")
	p := w.start()
	w.append(0, 1000)
	p.waitLog(t, "nothing can be matched for now")
	f.worker(t, "w", filepath.Join(w.dir, "words.txt"))
	written := 1000
	for range 3 {
		broker := f.broker(t)
		w.append(written, 5000)
		written += 5000
		eventually(t, "some are told", func() bool { return len(w.read()) > written-2500 })
		broker.signal(syscall.SIGKILL)
		broker.wait(t)
		w.append(written, 100)
		written += 100
	}
	f.broker(t)
	eventually(t, "all are told", func() bool { return len(w.read()) >= written })
	eventually(t, "the broker's status has the watcher", func() bool {
		s := f.status(t)
		return len(s.Watchers) == 1 && s.Watchers[0].Sources[0].Records > 0 && s.Watchers[0].Sinks[0].State == "ready"
	})
	if out, _, _ := f.run(t, "", "status"); !strings.Contains(out, "WATCHER") || !strings.Contains(out, " records a second") {
		t.Errorf("status:\n%s", out)
	}
	p.terminate(t)
	eventually(t, "the status forgets it", func() bool { return len(f.status(t).Watchers) == 0 })
	seen := map[string]bool{}
	for _, e := range w.read() {
		if seen[e.Line] {
			t.Fatalf("%q is told twice", e.Line)
		}
		seen[e.Line] = true
	}
	if len(seen) != written {
		t.Errorf("%d of %d", len(seen), written)
	}
}

// As a service: it says when it is ready and how it is, and loads rules again on SIGHUP.
func TestWatchAsService(t *testing.T) {
	t.Parallel()
	w := newWatching(t, "    - {file: EVENTS, include: [line]}\n")
	manager := listenForNotes(t)
	p := manager.start("watch", "XDG_RUNTIME_DIR="+w.run, binary, "watch", "--config", filepath.Join(w.dir, "trawl.yaml"))
	manager.wait("READY=1")
	manager.wait("STATUS=1 source, 1 sink")
	w.append(0, 1)
	eventually(t, "it works", func() bool { return len(w.read()) == 1 })
	write(t, filepath.Join(w.dir, "words.txt"), "thread\n")
	p.signal(syscall.SIGHUP)
	manager.wait("RELOADING=1")
	p.waitLog(t, "rules loaded again")
	manager.wait("READY=1")
	w.append(1, 1)
	f, err := os.OpenFile(w.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, "a thread")
	eventually(t, "the new rules are used", func() bool { return has(w.events, "a thread") })
	if events := w.read(); len(events) != 2 {
		t.Errorf("%+v", events)
	}
	p.signal(syscall.SIGTERM)
	manager.wait("STOPPING=1")
	if code := p.wait(t); code != 0 {
		t.Error(code)
	}
}

// With its run folder on a tmpfs and sinks on the network, a watcher writes nothing to
// disks, as the kernel counts it.
func TestWatchWritesNoDisk(t *testing.T) {
	t.Parallel()
	need(t, "Linux's /proc")
	hook := newAway(t)
	w := newWatching(t, fmt.Sprintf("    - {name: hook, include: [line], when_full: block, rate_limit: {interval: 1m, group_by: [line]}, webhook: {url: %q}}\n", hook.URL))
	p := w.start()
	// The state is written when a file is new, before the next look at it.
	for i := range 2 {
		w.append(i, 1)
		eventually(t, "it works", func() bool { return len(hook.got()) == i+1 })
	}
	before := p.bytesWritten(t)
	const lines = 3000
	for i := range 10 {
		w.append(2+i*lines/10, lines/10)
		eventually(t, "all are told", func() bool { return len(hook.got()) == 2+(i+1)*lines/10 })
	}
	if n := p.bytesWritten(t) - before; n != 0 {
		t.Errorf("%d bytes were written for %d events", n, lines)
	}
	p.terminate(t)
}

// bytesWritten is what the process has caused to be written to disks, in bytes.
func (p *process) bytesWritten(t *testing.T) (n int) {
	t.Helper()
	for line := range strings.Lines(p.proc(t, "io")) {
		if rest, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no write_bytes")
	return 0
}
