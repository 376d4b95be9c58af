package main

// A broker and a worker as processes of their own, on loopback.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"trawl/build/bench/internal/lab"
)

type fleet struct {
	clients   string // the broker's endpoint
	processes []*exec.Cmd
}

// startFleet returns when the worker serves.
func startFleet(trawl, words string) (*fleet, error) {
	clients, workers := lab.FreeEndpoint(), lab.FreeEndpoint()
	f := &fleet{clients: clients}
	err := f.start(trawl, "broker", "--clients", clients, "--workers", workers, "--http", "off")
	if err == nil {
		err = f.start(trawl, "worker", "--broker", workers, "--rules", words)
	}
	if err != nil {
		return nil, errors.Join(err, f.stop())
	}
	// A request waits for the first worker.
	for range 50 {
		var out []byte
		if out, err = exec.Command(trawl, "send", "--broker", clients, "x").CombinedOutput(); err == nil {
			return f, nil
		}
		err = fmt.Errorf("the fleet does not answer: %w\n%s", err, out)
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(err, f.stop())
}

// start runs a program whose log is shown only when it is an error.
func (f *fleet) start(args ...string) error {
	cmd := exec.Command(args[0], append(args[1:], "--log-level", "error")...)
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	f.processes = append(f.processes, cmd)
	go func() { _, _ = io.Copy(os.Stderr, bufio.NewReader(log)) }()
	return nil
}

func (f *fleet) stop() error {
	var problems []error
	for i := len(f.processes) - 1; i >= 0; i-- { // workers leave before their broker
		p := f.processes[i]
		problems = append(problems, p.Process.Signal(syscall.SIGTERM), p.Wait())
	}
	return errors.Join(problems...)
}
