package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"trawl/edge/service"
)

// A command that waits for its input, and does not look at its context, ends
// at the first signal all the same.
func TestInterruptEndsACommandThatWaits(t *testing.T) {
	in, never := io.Pipe()
	defer never.Close()
	ctx, interrupt := context.WithCancel(context.Background())
	reading := readerFunc(func(b []byte) (int, error) { interrupt(); return in.Read(b) })
	var out, errs bytes.Buffer
	status := run(ctx, []string{"rules", "explain", "rule", "file"}, nil, stdio{reading, &out, &errs})
	if status != statusError || errs.String() != "trawl: interrupted\n" {
		t.Errorf("status %d, said %q", status, errs.String())
	}
}

// A worker that is stopped while it opens its rules has not failed.
func TestWorkerIsStoppedBeforeItsRulesAreOpen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	pipe := filepath.Join("/dev/fd", strconv.Itoa(int(r.Fd())))
	if _, err := os.Stat(pipe); err != nil {
		t.Skip("no /dev/fd here")
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { // more than a pipe holds: the worker reads it, and waits for the rest
		if _, err := w.WriteString(strings.Repeat("a word\n", 100_000)); err != nil {
			t.Error(err)
		}
		stop()
	}()
	var out, errs bytes.Buffer
	status := run(ctx, []string{"worker", "--rules", pipe, "--state-dir", t.TempDir()}, nil, stdio{nil, &out, &errs})
	if status != statusOK || errs.Len() > 0 {
		t.Errorf("status %d, said %q", status, errs.String())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestExitStatusOfAService(t *testing.T) {
	for state, want := range map[service.State]int{
		service.Running: 0, service.Starting: 3, service.Stopped: 3, service.Failing: 3, service.NotInstalled: 4,
	} {
		if got := serviceExit(state); got != want {
			t.Errorf("%s: %d, want %d", state, got, want)
		}
	}
}
