package main

import (
	"bytes"
	"context"
	"io"
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
