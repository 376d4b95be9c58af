package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Peer is a running program that is measured. It answers every line of its
// input with a line of JSON, and says one more when it is ready.
type Peer struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer // read when it has ended
}

// Start runs a program and reads into ready what it says then. The caller
// stops the peer; it ends with ctx, too.
func Start(ctx context.Context, ready any, argv ...string) (*Peer, error) {
	p := &Peer{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...)}
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
	p.stdout = bufio.NewReader(stdout)
	return p, p.read(ready)
}

// Ask sends a line and reads the answer. After an error the peer has ended.
func (p *Peer) Ask(answer any, format string, args ...any) error {
	if _, err := fmt.Fprintf(p.stdin, format+"\n", args...); err != nil {
		return p.failed(err)
	}
	return p.read(answer)
}

func (p *Peer) read(answer any) error {
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		return p.failed(err)
	}
	if err := json.Unmarshal(line, answer); err != nil {
		return p.failed(fmt.Errorf("it says %q: %w", bytes.TrimSpace(line), err))
	}
	return nil
}

// failed stops the peer and adds what it complained of.
func (p *Peer) failed(err error) error {
	p.Stop()
	err = fmt.Errorf("%s: %w", filepath.Base(p.cmd.Path), err)
	if text := strings.TrimSpace(p.stderr.String()); text != "" {
		err = fmt.Errorf("%w\n%s", err, text)
	}
	return err
}

// Stop ends the peer; none has nothing to stop.
func (p *Peer) Stop() {
	if p != nil && p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// Cost is what a program took that ran to its end.
type Cost struct {
	CPU  float64 `json:"cpu_s"` // seconds
	Peak int64   `json:"peak"`  // resident memory, bytes
}

// Measure runs a program to its end, by the program measure of this module,
// which lies at the path measurer.
func Measure(ctx context.Context, measurer string, argv ...string) (cost Cost, err error) {
	p, err := Start(ctx, &cost, append([]string{measurer}, argv...)...)
	if err == nil {
		err = p.cmd.Wait()
	}
	return cost, err
}
