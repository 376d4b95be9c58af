// Command demo shows trawl at work on one machine: a broker and two workers,
// as separate processes on loopback, scan the Go toolchain's own source tree
// with the rules of docs/examples. Then a REQ client and a plain REP worker that are
// written with go-zeromq/zmq4 take part. It leaves nothing running.
//
//	go run ./build/demo bin/trawl
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	rules     = "docs/examples/code-and-logs"
	zmq4Rules = "zmq4" // the rule set that the REP worker serves
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo TRAWL")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, trawl string) (err error) {
	source, err := goSource()
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "trawl-demo-") // for compiled rules
	if err != nil {
		return err
	}
	d := &demo{trawl: trawl, config: filepath.Join(state, "trawl.yaml"), state: state}
	defer func() { err = errors.Join(err, d.stop(), os.RemoveAll(state)) }()
	plain, err := freeEndpoint()
	if err != nil {
		return err
	}
	settings := fmt.Sprintf("broker: {plain: [{endpoint: %q, rules: %s}]}\n", plain, zmq4Rules)
	if err := os.WriteFile(d.config, []byte(settings), 0o600); err != nil {
		return err
	}
	if err := show(d.command(ctx, "rules", "check", rules)); err != nil {
		return err
	}
	at, err := d.startBroker()
	if err != nil {
		return err
	}
	for _, name := range []string{"anna", "bert"} {
		if err := d.start("worker "+name, "worker", "--broker", at.Workers[0], "--name", name, "--slots", "1", "--rules", rules, "--releases", "default=none", "--state-dir", state); err != nil {
			return err
		}
	}
	fmt.Printf("\n$ trawl scan --broker %s --json -r %s\n", at.Clients[0], source)
	if err := d.scan(ctx, at.Clients[0], source); err != nil {
		return err
	}
	if err := d.othersTakePart(ctx, at.Clients[0], plain); err != nil {
		return err
	}
	fmt.Printf("\n$ trawl workers --broker %s\n", at.Clients[0])
	// A heartbeat brings the last figures of each worker.
	time.Sleep(1100 * time.Millisecond)
	if err := show(d.command(ctx, "workers", "--broker", at.Clients[0])); err != nil {
		return err
	}
	return d.changeRules(ctx, at.Clients[0], state)
}

// freeEndpoint returns an endpoint on loopback that nobody listens on.
func freeEndpoint() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return "tcp://" + l.Addr().String(), nil
}

func goSource() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "src"), nil
}

// show runs a command with its output on ours.
func show(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// demo holds the processes that were started.
type demo struct {
	trawl     string
	config    string // file with the demo's settings
	state     string // folder
	processes []*process
}

type process struct {
	name  string
	cmd   *exec.Cmd
	log   *strings.Builder
	ended chan error // has what Wait says
}

// endpoints are what a broker's log says when it is ready.
type endpoints struct{ Clients, Workers []string }

// startBroker starts a broker on free ports, and reads them from its log.
func (d *demo) startBroker() (at endpoints, err error) {
	r, w := io.Pipe()
	if err := d.startLogging("broker", w, "broker", "--clients", "tcp://127.0.0.1:0", "--workers", "tcp://127.0.0.1:0", "--http", "off", "--log-format", "json", "--state-dir", d.state); err != nil {
		return at, err
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var line struct {
			Msg string
			endpoints
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "broker ready" {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return line.endpoints, nil
		}
	}
	return at, errors.New("the broker did not start")
}

// command is trawl as it is without any settings of this machine and its user, whose
// fleet may have keys.
func (d *demo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.trawl, append(args, "--config", d.config)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "TRAWL_") })
	return cmd
}

func (d *demo) start(name string, args ...string) error {
	return d.startLogging(name, nil, args...)
}

// startLogging also writes the log to a pipe, unless that is nil, and closes it when
// the process has ended.
func (d *demo) startLogging(name string, to *io.PipeWriter, args ...string) error {
	p := &process{name: name, cmd: d.command(context.Background(), args...), log: &strings.Builder{}, ended: make(chan error, 1)}
	p.cmd.Stderr = p.log
	if to != nil {
		p.cmd.Stderr = io.MultiWriter(p.log, to)
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.ended <- p.cmd.Wait()
		if to != nil {
			_ = to.Close()
		}
	}()
	fmt.Printf("started %s, pid %d\n", name, p.cmd.Process.Pid)
	d.processes = append(d.processes, p)
	return nil
}

// stop ends what was started, the last first, and says what memory it took.
func (d *demo) stop() error {
	var errs []error
	fmt.Println()
	for _, p := range slices.Backward(d.processes) {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if err := <-p.ended; err != nil {
			errs = append(errs, fmt.Errorf("%s: %w; its log:\n%s", p.name, err, p.log))
		}
		fmt.Printf("stopped %s; at most %.1f MB resident\n", p.name, peakMB(p.cmd.ProcessState))
	}
	return errors.Join(errs...)
}

// peakMB is the most memory that a process had resident, in MB.
func peakMB(s *os.ProcessState) float64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	unit := 1024.0 // of Maxrss on Linux
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return float64(usage.Maxrss) * unit / 1e6
}

// match is what the demo reads of a line of scan --json.
type match struct {
	File, Rule, Text string
	Line, Column     int
}

const (
	firstRules = 10 // whose first match is shown
	topRules   = 15
)

// scan runs the scan and prints its first matches and the counts by rule.
func (d *demo) scan(ctx context.Context, broker, source string) error {
	var stats strings.Builder
	cmd := d.command(ctx, "scan", "--broker", broker, "--json", "--stats", "-r", source)
	cmd.Stderr = &stats
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	counts, total := map[string]int{}, 0
	for dec := json.NewDecoder(out); ; total++ {
		var m match
		if err := dec.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("read the scan's output: %w", err)
		}
		counts[m.Rule]++
		if counts[m.Rule] == 1 && len(counts) <= firstRules {
			fmt.Printf("%s:%d:%d: %s: %.60q\n", strings.TrimPrefix(m.File, source+"/"), m.Line, m.Column, m.Rule, m.Text)
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("scan: %w: %s", err, stats.String())
	}
	fmt.Printf("… in all %d matches of %d rules; the most frequent:\n\n", total, len(counts))
	byCount := func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) }
	for _, rule := range slices.SortedFunc(maps.Keys(counts), byCount)[:min(topRules, len(counts))] {
		fmt.Printf("%7d  %s\n", counts[rule], rule)
	}
	fmt.Printf("\n%s", stats.String())
	return nil
}
