// Processes, and waiting for what they do.

package test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	needs "trawl/test/need"
)

// patience is how long anything is waited for: generous, because it only
// passes in full when a test fails.
const patience = 30 * time.Second

// process is a started program. The test that started it ends it.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    *output // stderr; stdout too, unless it goes elsewhere
	stdin  io.WriteCloser
	exited chan struct{} // closed when it has, and all its output was read
}

// start starts argv. A nil stdout goes into the log.
func start(t *testing.T, name string, stdout io.Writer, argv ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(argv[0], argv[1:]...), log: newOutput(), exited: make(chan struct{})}
	p.cmd.Stderr, p.cmd.Stdout = p.log, stdout
	if stdout == nil {
		p.cmd.Stdout = p.log
	}
	p.cmd.Env = environment()
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState tells
		p.log.close()
		close(p.exited)
	}()
	t.Cleanup(func() { p.end(t) })
	return p
}

// environment is the same on every machine, but for the user's settings of Go.
func environment() []string {
	env := needs.Environment()
	for _, e := range os.Environ() {
		if strings.HasPrefix(e, "GO") {
			env = append(env, e)
		}
	}
	// The race detector, if it is there, ends a process at the first race, and
	// does not hold up the end of every one for a second.
	return append(env, "GORACE=halt_on_error=1 atexit_sleep_ms=0", "TRAWL_HTTP_LISTEN=off", "TRAWL_WORKER_STATE_DIR="+filepath.Join(scratch, "state"))
}

// end ends p at the end of its test.
func (p *process) end(t *testing.T) {
	_ = p.cmd.Process.Kill()
	<-p.exited
	log := p.log.String()
	for _, fault := range []string{"WARNING: DATA RACE", "panic: ", "fatal error: ", "fault while matching"} {
		if strings.Contains(log, fault) {
			t.Errorf("%s: %s", p.name, fault)
		}
	}
	if t.Failed() {
		t.Logf("---- %s (%v):\n%s", p.name, p.cmd.ProcessState, tail(log))
	}
}

// tail shortens a long log.
func tail(log string) string {
	const most = 8 << 10
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}

// signal needs no testing.T: it may be called from any goroutine.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// wait waits until p has ended and returns its exit status, -1 for a signal.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("%s is still running", p.name)
	}
	return p.cmd.ProcessState.ExitCode()
}

// terminate sends SIGTERM and waits for an end in good order.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	p.signal(syscall.SIGTERM)
	if code := p.wait(t); code != 0 {
		t.Errorf("the exit status of %s is %d", p.name, code)
	}
}

// running reports whether p has not ended.
func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// waitLog waits for a line of p's log that contains text.
func (p *process) waitLog(t *testing.T, text string) {
	t.Helper()
	until := time.Now().Add(patience)
	for i := 0; ; i++ {
		line, err := p.log.line(i, until)
		if err != nil {
			t.Fatalf("%s: no line with %q: %v", p.name, text, err)
		}
		if strings.Contains(line, text) {
			return
		}
	}
}

// output collects the lines that a process writes. Safe for concurrent use.
type output struct {
	mu     sync.Mutex
	lines  []string
	rest   []byte // of a line that is not complete
	closed bool
	change chan struct{} // closed and made anew with every line
}

var (
	errEnded = errors.New("the process has ended")
	errLate  = errors.New("it took too long")
)

func newOutput() *output { return &output{change: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, p...)
	lines := strings.SplitAfter(string(o.rest), "\n")
	last := len(lines) - 1
	o.rest = []byte(lines[last])
	for _, line := range lines[:last] {
		o.lines = append(o.lines, strings.TrimSuffix(line, "\n"))
	}
	o.changed()
	return len(p), nil
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rest) > 0 {
		o.lines = append(o.lines, string(o.rest))
		o.rest = nil
	}
	o.closed = true
	o.changed()
}

func (o *output) changed() {
	close(o.change)
	o.change = make(chan struct{})
}

// line returns line number i, from 0, and waits for it. There is none after
// until, so that a log that never ends cannot be read for ever.
func (o *output) line(i int, until time.Time) (string, error) {
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	for time.Now().Before(until) {
		o.mu.Lock()
		change, closed := o.change, o.closed
		if i < len(o.lines) {
			defer o.mu.Unlock()
			return o.lines[i], nil
		}
		o.mu.Unlock()
		if closed {
			return "", errEnded
		}
		select {
		case <-change:
		case <-late.C:
		}
	}
	return "", errLate
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines, "\n") + "\n" + string(o.rest)
}

// eventually asks again and again until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}
