package follow

// The real logrotate, while a program writes and a process that is killed again and again
// reads.

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"trawl/test/need"
)

// TestMain makes the test binary the reading process of TestRotate, if the variable says so.
func TestMain(m *testing.M) {
	if folder := os.Getenv("TRAWL_FOLLOW_READER"); folder != "" {
		if err := runReader(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runReader follows FOLDER/a.log until standard input ends. Records go to FOLDER/read, a batch
// at a time, before they are acknowledged.
func runReader(folder string) error {
	state, err := OpenState(filepath.Join(folder, "run"), filepath.Join(folder, "state"))
	if err != nil {
		return err
	}
	f, err := New(Options{
		Source: "s", Paths: []string{filepath.Join(folder, "a.log")}, FromBeginning: true, State: state,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(folder, "read"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var b []byte
	err = f.Run(ctx, func(batch *Batch) error {
		b = b[:0]
		for _, r := range batch.Records {
			b = append(append(b, r.Text...), '\n')
		}
		_, err := out.Write(b)
		batch.Ack()
		return err
	})
	if ctx.Err() == nil {
		return err
	}
	return state.Close()
}

// rotation is one configuration of logrotate.
type rotation struct {
	name     string
	lines    string // of the configuration
	truncate bool   // the writer keeps its file, of which logrotate may lose lines
	reopen   bool   // the writer opens its path again after a rotation
	kill     bool   // the reader is killed every two seconds
}

func TestRotate(t *testing.T) {
	need.Program(t, "logrotate", "logrotate")
	length := 15 * time.Second
	if s := os.Getenv("TRAWL_FOLLOW_ROTATE"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []rotation{
		{name: "create", lines: "create", reopen: true},
		{name: "create, compress", lines: "create\ncompress", reopen: true},
		{name: "create, delaycompress", lines: "create\ncompress\ndelaycompress", reopen: true},
		{name: "create, killed", lines: "create\ncompress\ndelaycompress", reopen: true, kill: true},
		{name: "copytruncate", lines: "copytruncate", truncate: true},
		{name: "copytruncate, compress", lines: "copytruncate\ncompress", truncate: true},
		{name: "copytruncate, delaycompress, killed", lines: "copytruncate\ncompress\ndelaycompress", truncate: true, kill: true},
		{name: "renamecopy", lines: "renamecopy", reopen: true},
		{name: "renamecopy, delaycompress, killed", lines: "renamecopy\ncompress\ndelaycompress", reopen: true, kill: true},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			testRotation(t, r, length)
		})
	}
}

// reader is a process that reads.
type reader struct {
	t      *testing.T
	folder string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	log    strings.Builder
}

func (r *reader) start() {
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	r.cmd = exec.Command(self)
	r.cmd.Env = need.Environment("TRAWL_FOLLOW_READER=" + r.folder)
	r.cmd.Stderr = &r.log
	if r.stdin, err = r.cmd.StdinPipe(); err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func testRotation(t *testing.T, c rotation, length time.Duration) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.log")
	config := filepath.Join(folder, "logrotate.conf")
	text := fmt.Sprintf("%s {\nrotate 100000\nmissingok\nnodelaycompress\n%s\n}\n", path, c.lines)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, folder: folder}
	r.start()
	defer func() {
		r.stdin.Close()
		r.cmd.Wait()
		if t.Failed() {
			t.Log(r.log.String())
		}
	}()
	written, kills := rotateUnderLoad(t, c, r, length, path, config)
	kept := written
	if c.truncate {
		kept = countKept(t, folder, written)
	}
	counts := awaitRead(t, r, folder, kept)
	lost, twice := 0, 0
	for n := range written {
		switch {
		case counts[n] == 0 && kept[n] > 0:
			lost++
		case counts[n] > 1:
			twice += counts[n] - 1
		}
	}
	t.Logf("%d lines, %d kept by logrotate, %d kills: %d lost, %d twice", len(written), len(kept), kills, lost, twice)
	if lost > 0 || twice > kills*maxRecords {
		t.Errorf("%d lines lost, %d twice after %d kills", lost, twice, kills)
	}
}

// rotateUnderLoad writes 5,000 lines a second, rotates once a second, and kills the reader every
// two if it should.
func rotateUnderLoad(t *testing.T, c rotation, r *reader, length time.Duration, path, config string) (written map[int]int, kills int) {
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := open()
	defer func() { f.Close() }()
	rotated := make(chan error, 1)
	rotating := false
	begin := time.Now()
	nextRotation, nextKill := begin.Add(time.Second), begin.Add(2*time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	written = make(map[int]int)
	n := 0
	for now := range tick.C {
		for ; n < int(now.Sub(begin)*5000/time.Second); n++ {
			if _, err := fmt.Fprintf(f, "%d a line of a program that writes into its log\n", n); err != nil {
				t.Fatal(err)
			}
			written[n]++
		}
		select {
		case err := <-rotated:
			rotating = false
			if err != nil {
				t.Fatal(err)
			}
			if c.reopen {
				f.Close()
				f = open()
			}
		default:
		}
		if !rotating && now.Sub(begin) > length {
			return written, kills
		}
		if !rotating && now.After(nextRotation) {
			nextRotation = now.Add(time.Second)
			rotating = true
			go func() {
				out, err := need.Command("logrotate", "-f", "-s", config+".state", config).CombinedOutput()
				if err != nil {
					err = fmt.Errorf("logrotate: %w: %s", err, out)
				}
				rotated <- err
			}()
		}
		if c.kill && now.After(nextKill) {
			nextKill = now.Add(2 * time.Second)
			r.cmd.Process.Kill()
			r.cmd.Wait()
			r.start()
			kills++
		}
	}
	return written, kills
}

// countKept counts the lines in the log and its rotated files. A line whose beginning was cut
// off, or whose end was, is none.
func countKept(t *testing.T, folder string, written map[int]int) map[int]int {
	kept := make(map[int]int)
	files, _ := filepath.Glob(filepath.Join(folder, "a.log*"))
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var in io.Reader = f
		if strings.HasSuffix(path, ".gz") {
			if in, err = gzip.NewReader(f); err != nil {
				t.Fatal(err)
			}
		}
		countLines(in, kept)
		f.Close()
	}
	for n := range kept {
		if written[n] == 0 {
			t.Fatalf("line %d was not written", n)
		}
	}
	return kept
}

func countLines(in io.Reader, counts map[int]int) {
	for s := bufio.NewScanner(in); s.Scan(); {
		number, rest, _ := strings.Cut(s.Text(), " ")
		if n, err := strconv.Atoi(number); err == nil && rest == "a line of a program that writes into its log" {
			counts[n]++
		}
	}
}

// awaitRead waits until the reader has read all lines of kept, or has read nothing for long.
func awaitRead(t *testing.T, r *reader, folder string, kept map[int]int) map[int]int {
	const patience = 15 * time.Second
	counts := make(map[int]int)
	for last, since := -1, time.Now(); time.Since(since) < patience; time.Sleep(pollEvery) {
		f, err := os.Open(filepath.Join(folder, "read"))
		if err != nil {
			t.Fatal(err)
		}
		clear(counts)
		countLines(f, counts)
		f.Close()
		if len(counts) != last {
			last, since = len(counts), time.Now()
		}
		missing := 0
		for n := range kept {
			if counts[n] == 0 {
				missing++
			}
		}
		if missing == 0 {
			break
		}
	}
	return counts
}
