package follow

// What reading costs, and what waiting costs.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var errEnough = errors.New("all was read")

// BenchmarkRead reads one file with lines of 100 bytes, and keeps positions.
func BenchmarkRead(b *testing.B) {
	const lines = 1_000_000
	folder := b.TempDir()
	path := filepath.Join(folder, "a.log")
	line := append(bytes.Repeat([]byte("x"), 99), '\n')
	if err := os.WriteFile(path, bytes.Repeat(line, lines), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(lines * int64(len(line)))
	for i := 0; b.Loop(); i++ {
		state, err := OpenState("", filepath.Join(folder, fmt.Sprint("state", i)))
		if err != nil {
			b.Fatal(err)
		}
		f, err := New(Options{Source: "s", Paths: []string{path}, FromBeginning: true, State: state})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		err = f.Run(context.Background(), func(batch *Batch) error {
			n += len(batch.Records)
			batch.Ack()
			if n == lines {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			b.Fatal(err)
		}
		if err := state.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkIdle is one poll of 20 files that do not change. Four of them come in a second.
func BenchmarkIdle(b *testing.B) {
	f, _ := idleFollower(b)
	now := time.Now()
	for b.Loop() {
		now = now.Add(pollEvery)
		f.poll(now)
		if _, err := f.turn(now); err != nil {
			b.Fatal(err)
		}
	}
}

// idleFollower follows 20 files that were read.
func idleFollower(t testing.TB) (f *Follower, state *State) {
	folder := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i, ".log")), []byte("a line\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	state, err := OpenState("", filepath.Join(folder, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if f, err = New(Options{Source: "s", Paths: []string{filepath.Join(folder, "*.log")}, FromBeginning: true, State: state}); err != nil {
		t.Fatal(err)
	}
	if err := f.open(func(b *Batch) error { b.Ack(); return nil }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.close()
		state.Close()
	})
	for now := time.Now(); ; {
		f.poll(now)
		more, err := f.turn(now)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	if err := f.deliver(); err != nil {
		t.Fatal(err)
	}
	return f, state
}

// TestIdleWritesNothing: positions are written when lines came, never because time passes.
func TestIdleWritesNothing(t *testing.T) {
	f, state := idleFollower(t)
	now := time.Now()
	f.poll(now)
	for _, file := range state.open {
		if _, err := file.takeChanged(); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		now = now.Add(pollEvery)
		f.poll(now)
		if _, err := f.turn(now); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range state.open {
		if data, err := file.takeChanged(); err != nil || data != nil {
			t.Errorf("%s was written to while no file changed; error %v", name, err)
		}
	}
}
