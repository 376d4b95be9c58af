package watch

// The sink exec: a program for each event, never through a shell.

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

// Exec runs a program for each event, one at a time. The event is standard input, as a
// line of JSON.
type Exec struct {
	command []template.Template
	timeout time.Duration
	line    bool

	failing string // id of the event of the last failure
	tries   int    // how often
}

const (
	maxArgument = 4 << 10
	execTries   = 3
	// execOutput bounds the logged part of a program's standard error, in bytes.
	execOutput = 500
	// afterKill is how long children of a killed program may keep its output open.
	afterKill = time.Second
)

// DefaultExecTimeout is how long a program may run.
const DefaultExecTimeout = 10 * time.Second

// NewExec returns a sink for command: each word is literal or a name. Timeout 0 is
// DefaultExecTimeout.
func NewExec(command []template.Template, timeout time.Duration, line bool) *Exec {
	if timeout <= 0 {
		timeout = DefaultExecTimeout
	}
	return &Exec{command: command, timeout: timeout, line: line}
}

// Send runs the program for the first of events. After three failures the
// event is refused.
func (x *Exec) Send(ctx context.Context, events []*Event) (int, error) {
	e := events[0]
	args, err := x.arguments(e)
	if err != nil {
		return 0, &RefusedError{err}
	}
	if err := x.run(ctx, args, e); err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) && !errors.Is(err, errTooLong) {
			return 0, err // the program cannot be started now
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

// arguments fills the command in. Values are whole arguments, so that nothing in
// a value can become a further argument, an option or the program.
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
		return nil // the program has ended well; a child keeps the output open
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%s: %w after %v", args[0], errTooLong, x.timeout)
	case len(said.b) > 0:
		return fmt.Errorf("%s: %w: %s", args[0], err, escape.Cut(bytes.TrimSpace(said.b), execOutput))
	}
	return fmt.Errorf("%s: %w", args[0], err)
}

// beginning keeps the first written bytes and drops the rest.
type beginning struct{ b []byte }

func (t *beginning) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), execOutput-len(t.b))]...)
	return len(p), nil
}

// Preview shows the arguments, quoted where necessary.
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

// Close does nothing: each program has ended with its Send.
func (x *Exec) Close() error { return nil }
