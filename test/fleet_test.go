// A fleet of processes: a broker, workers, and the commands that ask it.

package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/wire"
)

// fleet is where a broker listens, or will, and how it is configured.
type fleet struct {
	dir     string
	config  string // file
	clients string // endpoint
	workers string // endpoint

	prefix []string // of all command lines: where they run
}

// newFleet chooses ports and writes the configuration file that every process
// of the fleet gets; settings is YAML.
func newFleet(t *testing.T, settings string) *fleet {
	t.Helper()
	dir := t.TempDir()
	f := &fleet{dir: dir, config: filepath.Join(dir, "trawl.yaml")}
	f.clients = fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t))
	f.workers = fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t))
	write(t, f.config, settings+"\nlog: {level: info}\n")
	return f
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var ports struct {
	sync.Mutex
	last int
}

// freePort returns a port that nobody listens on now. It is below the range
// from which systems take ports for outgoing connections: there, somebody's
// attempts to connect to a broker that is not up yet could be given the very
// port, and meet themselves.
func freePort(t *testing.T) int {
	t.Helper()
	const low, high = 12_000, 32_000
	ports.Lock()
	defer ports.Unlock()
	if ports.last == 0 {
		ports.last = low + rand.IntN(high-low)
	}
	for range high - low {
		ports.last++
		if ports.last >= high {
			ports.last = low
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", ports.last)); err == nil {
			l.Close()
			return ports.last
		}
	}
	t.Fatal("no free port")
	return 0
}

// command is the command line of a trawl command.
func (f *fleet) command(args ...string) []string {
	return slices.Concat(f.prefix, []string{binary, "--config", f.config}, args)
}

// startBroker does not wait until it is ready.
func (f *fleet) startBroker(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, "broker", nil, f.command(append([]string{"broker", "--clients", f.clients, "--workers", f.workers}, args...)...)...)
}

func (f *fleet) broker(t *testing.T, args ...string) *process {
	t.Helper()
	p := f.startBroker(t, args...)
	p.waitLog(t, "broker ready")
	return p
}

// worker starts a trawl worker and does not wait until it is connected.
func (f *fleet) worker(t *testing.T, name, rules string) *process {
	t.Helper()
	return start(t, name, nil, f.command("worker", "--broker", f.workers, "--name", name, "--slots", "2", "--rules", rules)...)
}

// history writes the rule set of most tests.
func (f *fleet) history(t *testing.T) string {
	return write(t, filepath.Join(f.dir, "words.txt"), "he\nshe\nhis\nhers\n")
}

const (
	historyText   = "this here is history"
	historyAnswer = `{"matches":[{"rule":"his","start":1,"end":4},{"rule":"he","start":5,"end":7},{"rule":"his","start":13,"end":16}]}`
)

// run runs a command that asks the broker, to its end.
func (f *fleet) run(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	argv := f.command(append(args, "--broker", f.clients)...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	var out, err bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &err
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if e := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(e)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// status is the broker's status document.
func (f *fleet) status(t *testing.T) *wire.Status {
	t.Helper()
	out, stderr, code := f.run(t, "", "status", "--json", "--timeout", "20s")
	if code != 0 {
		t.Fatalf("trawl status: exit status %d: %s", code, stderr)
	}
	var s wire.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("trawl status: %v in %s", err, out)
	}
	return &s
}

// waitStatus waits until the status is as it should be and returns it.
func (f *fleet) waitStatus(t *testing.T, what string, ok func(*wire.Status) bool) (s *wire.Status) {
	t.Helper()
	eventually(t, what, func() bool { s = f.status(t); return ok(s) })
	return s
}

func (f *fleet) waitWorkers(t *testing.T, n int) {
	t.Helper()
	f.waitStatus(t, fmt.Sprintf("%d workers are connected", n), func(s *wire.Status) bool { return len(s.Workers) == n })
}

// workerStatus is that of the worker named so, nil if it is not connected.
func workerStatus(s *wire.Status, name string) *wire.WorkerStatus {
	for i := range s.Workers {
		if s.Workers[i].Name == name {
			return &s.Workers[i]
		}
	}
	return nil
}

// knock waits until somebody has tried to connect to an endpoint that nobody
// listens on yet: then who was started before its peer has really been there
// before it. The attempt is cut off, and the port is free again.
func knock(t *testing.T, endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	c, err := l.Accept()
	if err != nil {
		t.Fatalf("nobody knocked at %s: %v", endpoint, err)
	}
	_ = c.(*net.TCPConn).SetLinger(0) // a reset: nothing stays behind that keeps the port
	_ = c.Close()
}
