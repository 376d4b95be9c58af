package watch

// A sink that runs a program for each event, never through a shell.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"trawl/edge/escape"
	"trawl/edge/template"
)

// Exec runs a program for one event after the other. The event is its standard input, as a
// line of JSON.
type Exec struct {
	command []template.Template
	timeout time.Duration
	line    bool

	failing string // id of the event that the program has failed for
	tries   int    // how often
}

const (
	maxArgument = 4 << 10
	execTries   = 3
	// execOutput is how much of what a program says on standard error is logged, in bytes.
	execOutput = 500
	// afterKill is how long what a killed program has left behind may keep its output open.
	afterKill = time.Second
)

// DefaultExecTimeout is how long a program may run.
const DefaultExecTimeout = 10 * time.Second

// NewExec returns a sink that runs command: literal words, or one name each. Timeout 0 is
// DefaultExecTimeout.
func NewExec(command []template.Template, timeout time.Duration, line bool) *Exec {
	if timeout <= 0 {
		timeout = DefaultExecTimeout
	}
	return &Exec{command: command, timeout: timeout, line: line}
}

// Send runs the program for the first of events. A program that fails three times for an
// event does not get it again.
func (x *Exec) Send(ctx context.Context, events []*Event) (int, error) {
	e := events[0]
	args, err := x.arguments(e)
	if err != nil {
		return 0, &RefusedError{err}
	}
	if err := x.run(ctx, args, e); err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) && !errors.Is(err, errTooLong) {
			return 0, err // it cannot be started: it may be there later
		}
		if x.failing != e.ID {
			x.failing, x.tries = e.ID, 0
		}
		if x.tries++; x.tries >= execTries {
			x.failing = ""
			return 0, &RefusedError{fmt.Errorf("%w, %d times", err, execTries)}
		}
		return 0, err
	}
	return 1, nil
}

// arguments fills the command in. Values are arguments of their own, so that nothing in
// them can become a further one, an option or the program.
func (x *Exec) arguments(e *Event) ([]string, error) {
	args := make([]string, 0, len(x.command))
	for _, t := range x.command {
		if text, ok := t.Literal(); ok {
			args = append(args, text)
			continue
		}
		name, _ := t.Name()
		value, ok := e.Field(name)
		switch {
		case !ok || len(value) == 0:
			return nil, escape.Errorf("the event has no {%s}", name)
		case value[0] == '-':
			return nil, escape.Errorf("{%s} begins with -, which programs take for an option", name)
		case len(value) > maxArgument:
			return nil, escape.Errorf("{%s} has %d bytes; an argument has at most %d", name, len(value), maxArgument)
		}
		args = append(args, strings.ReplaceAll(string(value), "\x00", "\ufffd"))
	}
	return args, nil
}

var errTooLong = errors.New("the program took too long and was killed")

func (x *Exec) run(ctx context.Context, args []string, e *Event) error {
	limited, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/"}
	cmd.Stdin = bytes.NewReader(append(e.AppendJSON(nil, x.line), '\n'))
	said := &beginning{}
	cmd.Stderr = said
	cmd.WaitDelay = afterKill
	killGroup(cmd)
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil // it has ended well; somebody it has started keeps the output open
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%s: %w after %v", args[0], errTooLong, x.timeout)
	case len(said.b) > 0:
		return fmt.Errorf("%s: %w: %s", args[0], err, escape.Cut(bytes.TrimSpace(said.b), execOutput))
	}
	return fmt.Errorf("%s: %w", args[0], err)
}

// beginning keeps the first bytes of what is written to it, and drops the rest.
type beginning struct{ b []byte }

func (t *beginning) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), execOutput-len(t.b))]...)
	return len(p), nil
}

// Preview shows the arguments, quoted where they hold more than one word.
func (x *Exec) Preview(e *Event) string {
	args, err := x.arguments(e)
	if err != nil {
		return "not run: " + err.Error()
	}
	for i, a := range args {
		if strings.ContainsAny(a, " \t\n\"'\\") || a == "" || escape.Hides(a) {
			args[i] = fmt.Sprintf("%q", a)
		}
	}
	return strings.Join(args, " ")
}

// Close: each program has ended with its Send.
func (x *Exec) Close() error { return nil }
