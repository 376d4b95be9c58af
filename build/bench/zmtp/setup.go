// A broker with its workers, in processes of their own.

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"trawl/build/bench/internal/lab"
)

// setup is a running broker, its workers, and whoever else was started.
type setup struct {
	b         *bench
	broker    *process // nil: it is in this process
	front     string   // endpoint for clients
	backs     []string
	keys      *keys // nil: without CURVE
	processes []*process
}

// process is a program with a pipe to it and one from it.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	stderr bytes.Buffer // to be read when it has ended
}

// start starts a broker and connects workers to it. The caller stops the setup.
func (b *bench) start(k *broker, curve bool) (*setup, error) {
	s := &setup{b: b, front: lab.FreeEndpoint()}
	for range k.backs {
		s.backs = append(s.backs, lab.FreeEndpoint())
	}
	if curve {
		s.keys = b.keys
	}
	var err error
	if s.broker, err = s.run(k.command(b.tools, s.front, s.backs, s.keys)...); err == nil {
		err = s.connectWorkers()
	}
	if err != nil {
		return nil, s.explain(err)
	}
	return s, nil
}

func (s *setup) connectWorkers() error {
	for i := range workers {
		w, err := s.peer("worker", s.backs[i%len(s.backs)])
		if err != nil {
			return err
		}
		if line := w.line(); line != "connected" {
			return fmt.Errorf("a worker says %q instead of connected", line)
		}
	}
	return nil
}

// peer starts a command of the libzmq peer that connects to endpoint.
func (s *setup) peer(command, endpoint string, args ...string) (*process, error) {
	argv := append([]string{s.b.tools.peer, command, "--connect", endpoint}, args...)
	if s.keys != nil {
		own := s.keys.client
		if command == "worker" {
			own = s.keys.worker
		}
		argv = append(argv, s.keys.peerArguments(own)...)
	}
	return s.run(argv...)
}

func (s *setup) run(argv ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(s.b.ctx, argv[0], argv[1:]...)}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		p.stdin, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(stdout)
	s.processes = append(s.processes, p)
	return p, nil
}

// line waits for the next line of output; it is empty when the process has
// ended, or says nothing for a minute and is killed.
func (p *process) line() string {
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	p.lines.Scan()
	return p.lines.Text()
}

// stop ends all processes, the broker last.
func (s *setup) stop() {
	for _, p := range slices.Backward(s.processes) {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// explain stops the setup after err and adds what its processes complained of.
func (s *setup) explain(err error) error {
	s.stop()
	for _, p := range s.processes {
		if text := strings.TrimSpace(p.stderr.String()); text != "" {
			err = fmt.Errorf("%w\n%s: %s", err, filepath.Base(p.cmd.Path), text)
		}
	}
	return err
}

// pid is the process of the broker.
func (s *setup) pid() int {
	if s.broker == nil {
		return os.Getpid()
	}
	return s.broker.cmd.Process.Pid
}

// load runs a client to its end.
func (s *setup) load(l load, seconds float64) (lab.Sample, error) {
	p, err := s.peer("load", s.front, "--size", strconv.Itoa(l.size), "--in-flight", strconv.Itoa(l.inFlight),
		"--seconds", strconv.FormatFloat(seconds, 'f', 3, 64), "--cpu-of", strconv.Itoa(s.pid()))
	if err != nil {
		return lab.Sample{}, err
	}
	return lab.ParseSample([]byte(p.line()))
}

// memory returns a value of /proc/PID/status in bytes: VmRSS, VmHWM.
func (p *process) memory(name string) (int64, error) { return lab.Memory(p.cmd.Process.Pid, name) }
