package pages

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long anything is waited for: it only passes in full when a test fails.
const patience = 2 * time.Minute

// shell is a bash that is typed into.
type shell struct {
	name  string
	in    io.Writer
	lines <-chan string // of its output; closed at its end
}

// startShell starts one by a command that runs its arguments on a board. It ends with the test.
func startShell(t *testing.T, name string, on *exec.Cmd) *shell {
	t.Helper()
	on.Args = append(on.Args, "sh", "-c", "exec bash 2>&1")
	in, err := on.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := on.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := on.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	lines, ended := make(chan string), make(chan struct{})
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ended:
			}
		}
	}()
	t.Cleanup(func() {
		close(ended)
		_ = in.Close()
		_ = on.Process.Kill()
		for range lines {
		}
		_ = on.Wait() // killed
	})
	return &shell{name, in, lines}
}

// run types a command and returns what it prints, and its status.
func (s *shell) run(t *testing.T, text string) (string, int) {
	t.Helper()
	if _, err := fmt.Fprintf(s.in, "{ %s\n} </dev/null\nprintf '\\n\\036%%d\\n' $?\n", text); err != nil {
		t.Fatalf("%s$ %s: %v", s.name, text, err)
	}
	late := time.After(patience)
	for out := ""; ; {
		select {
		case line, ok := <-s.lines:
			status := 0
			if _, err := fmt.Sscanf(line, "\036%d", &status); err == nil {
				return strings.TrimSpace(out), status
			} else if !ok {
				t.Fatalf("%s$ %s: the shell has ended; until then:\n%s", s.name, text, out)
			}
			out += line + "\n"
		case <-late:
			t.Fatalf("%s$ %s: does not end; until now:\n%s", s.name, text, out)
		}
	}
}

// runUntil types a command again and again until ok.
func (s *shell) runUntil(t *testing.T, text string, ok func(out string, status int) bool) (out string, status int, is bool) {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, status = s.run(t, text)
		if is = ok(out, status); is || time.Now().After(until) {
			return out, status, is
		}
	}
}
