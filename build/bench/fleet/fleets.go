// The fleets that are compared, as processes of their own.

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"trawl/build/bench/internal/lab"
	"trawl/edge/client"
)

// fleet is a broker and its workers.
type fleet struct {
	front     string // endpoint for clients
	processes []*exec.Cmd
	logs      []*bytes.Buffer // read when the processes have ended
}

// kind is a way to make a fleet.
type kind struct {
	name  string
	start func(b *bench, f *fleet, back string) error
}

// kinds begins with the reference.
var kinds = []*kind{
	{"zmq.proxy, pyahocorasick", startPython},
	{"trawl", startTrawl},
}

// start returns when all workers are connected. The caller stops the fleet.
func (b *bench) start(k *kind) (*fleet, error) {
	f := &fleet{front: lab.FreeEndpoint()}
	if err := k.start(b, f, lab.FreeEndpoint()); err != nil {
		return nil, f.explain(err)
	}
	return f, nil
}

func startTrawl(b *bench, f *fleet, back string) error {
	err := f.run(b.ctx, b.brokerCommand(f.front, back)...)
	for i := range workers {
		if err == nil {
			err = f.run(b.ctx, b.trawl, "worker", "--broker", back, "--name", "w"+strconv.Itoa(i), "--slots", "1",
				"--rules", b.words, "--log-level", "warn")
		}
	}
	if err != nil {
		return err
	}
	c, err := client.New(client.Options{Brokers: []string{f.front}})
	if err != nil {
		return err
	}
	defer c.Close()
	for range 200 {
		s, err := c.Status(b.ctx, patience)
		if err != nil {
			return err
		}
		if len(s.Workers) == workers {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the workers do not come")
}

// startPython waits for a line of each script: the proxy's that it is bound, a
// worker's that it is connected.
func startPython(b *bench, f *fleet, back string) error {
	const python, folder = "/usr/bin/python3", "build/bench/fleet/"
	if err := f.runReady(b.ctx, python, folder+"proxy.py", f.front, back); err != nil {
		return err
	}
	for range workers {
		if err := f.runReady(b.ctx, python, folder+"worker.py", back, b.words); err != nil {
			return err
		}
	}
	return nil
}

// runReady starts a program and waits until it says that it is ready.
func (f *fleet) runReady(ctx context.Context, argv ...string) error {
	cmd, log := f.command(ctx, argv...)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	f.processes, f.logs = append(f.processes, cmd), append(f.logs, log)
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		return fmt.Errorf("%s says %q instead of ready", strings.Join(argv, " "), line)
	}
	return nil
}

func (f *fleet) run(ctx context.Context, argv ...string) error {
	cmd, log := f.command(ctx, argv...)
	if err := cmd.Start(); err != nil {
		return err
	}
	f.processes, f.logs = append(f.processes, cmd), append(f.logs, log)
	return nil
}

func (f *fleet) command(ctx context.Context, argv ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd, log := exec.CommandContext(ctx, argv[0], argv[1:]...), new(bytes.Buffer)
	cmd.Stderr = log
	return cmd, log
}

func (f *fleet) stop() {
	for _, p := range slices.Backward(f.processes) {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// explain stops the fleet after err and adds what its processes complained of.
func (f *fleet) explain(err error) error {
	f.stop()
	for _, log := range f.logs {
		if text := strings.TrimSpace(log.String()); text != "" {
			err = fmt.Errorf("%w\n%s", err, text)
		}
	}
	return err
}

// cpu is the CPU time so far of the broker, and of all workers together.
func (f *fleet) cpu() (broker, workers time.Duration, err error) {
	for i, p := range f.processes {
		took, err := lab.CPU(p.Process.Pid)
		if err != nil {
			return 0, 0, err
		}
		if i == 0 {
			broker = took
		} else {
			workers += took
		}
	}
	return broker, workers, nil
}
