// What broker and worker tell a service manager and the journal.

package test

import (
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	needs "trawl/test/need"
)

// notifySocket listens as systemd does.
type notifySocket struct {
	t    *testing.T
	path string
	conn *net.UnixConn
	told chan string // a line each; closed at the end
}

func listenForNotes(t *testing.T) *notifySocket {
	t.Helper()
	s := &notifySocket{t: t, path: needs.SocketPath(t), told: make(chan string, 1000)}
	var err error
	if s.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(s.told)
		for b := make([]byte, 4096); ; {
			n, err := s.conn.Read(b)
			if err != nil {
				return
			}
			for line := range strings.SplitSeq(string(b[:n]), "\n") {
				s.told <- line
			}
		}
	})
	t.Cleanup(func() {
		s.conn.Close()
		reading.Wait()
	})
	return s
}

// wait waits for a line that begins with text, and returns it.
func (s *notifySocket) wait(text string) string {
	s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-s.told:
			if strings.HasPrefix(line, text) {
				return line
			}
		case <-late:
			s.t.Fatalf("nobody has said %q", text)
		}
	}
}

// start starts a service that tells s.
func (s *notifySocket) start(name string, argv ...string) *process {
	s.t.Helper()
	return start(s.t, name, nil, append([]string{"env", "NOTIFY_SOCKET=" + s.path, "WATCHDOG_USEC=300000"}, argv...)...)
}

func TestServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	toldByWorker, toldByBroker := listenForNotes(t), listenForNotes(t)
	rules := f.history(t)

	// A worker is ready without its broker.
	worker := toldByWorker.start("worker", f.command("worker", "--broker", f.workers, "--name", "w1", "--rules", rules)...)
	toldByWorker.wait("STATUS=opening rules")
	toldByWorker.wait("READY=1")
	if s := toldByWorker.wait("STATUS="); s != "STATUS=waiting for the broker at "+f.workers {
		t.Errorf("a worker without a broker: %s", s)
	}

	broker := toldByBroker.start("broker", f.command("broker", "--clients", f.clients, "--workers", f.workers)...)
	toldByBroker.wait("READY=1")
	for _, e := range []string{f.clients, f.workers} { // ready means that it can be reached
		c, err := net.Dial("tcp", strings.TrimPrefix(e, "tcp://"))
		if err != nil {
			t.Errorf("ready, and not reached: %v", err)
			continue
		}
		c.Close()
	}
	toldByWorker.wait("STATUS=connected to 1 broker")
	toldByBroker.wait("STATUS=1 worker, ")
	for range 3 { // again and again
		toldByBroker.wait("WATCHDOG=1")
		toldByWorker.wait("WATCHDOG=1")
	}

	for _, s := range []struct {
		told *notifySocket
		p    *process
	}{{toldByBroker, broker}, {toldByWorker, worker}} {
		s.p.signal(syscall.SIGHUP)
		s.told.wait("RELOADING=1")
		if at := s.told.wait("MONOTONIC_USEC="); !regexp.MustCompile(`=\d{6,}$`).MatchString(at) {
			t.Errorf("%s", at)
		}
		s.told.wait("READY=1")
	}

	broker.signal(syscall.SIGTERM)
	toldByBroker.wait("STOPPING=1")
	toldByBroker.wait("EXTEND_TIMEOUT_USEC=15000000")
	if status := broker.wait(t); status != 0 {
		t.Errorf("the broker ended with status %d", status)
	}
	toldByWorker.wait("STATUS=waiting for the broker")
	worker.signal(syscall.SIGTERM)
	toldByWorker.wait("STOPPING=1")
	worker.wait(t)
}

func TestLinesForTheJournalHavePriorities(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	// Without the variable that names its own stderr: no priorities.
	plain := start(t, "plain", nil, append([]string{"env", "JOURNAL_STREAM=1:2"}, f.command("broker", "--clients", f.clients, "--workers", f.workers)...)...)
	plain.waitLog(t, "broker ready")
	plain.signal(syscall.SIGTERM)
	plain.wait(t)
	if log := plain.log.String(); strings.Contains(log, "<6>") || !strings.Contains(log, "time=") {
		t.Errorf("not in the journal:\n%s", log)
	}

	script := `JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec "$@"`
	broker := start(t, "broker", nil, append([]string{"sh", "-c", script, "sh"}, f.command("broker", "--clients", f.clients, "--workers", f.workers)...)...)
	broker.waitLog(t, "broker ready")
	broker.signal(syscall.SIGTERM)
	broker.wait(t)
	for line := range strings.Lines(strings.TrimSpace(broker.log.String())) {
		if !strings.HasPrefix(line, "<6>level=INFO ") {
			t.Errorf("line %q", line)
		}
	}

	// Neither is what it says when it cannot start.
	wrong := start(t, "wrong", nil, append([]string{"sh", "-c", script, "sh"}, f.command("broker", "--clients", "nonsense")...)...)
	if status := wrong.wait(t); status != 2 || !strings.HasPrefix(wrong.log.String(), "<3>trawl: ") {
		t.Errorf("status %d, and it says %s", status, wrong.log)
	}
}
