//go:build linux

package main

// Inputs larger than memory should be.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"trawl/test/need"
)

// bigFile writes a sparse file of size bytes, a seventh of them one line, and
// returns what scan -o prints for "needle". Lines of NULs cost no disk.
func bigFile(t *testing.T, path string, size int64) (want string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at, number := int64(0), 1
	line := func(before, after int64) {
		_, err1 := f.WriteAt([]byte("needle"), at+before)
		_, err2 := f.WriteAt([]byte("\n"), at+before+6+after)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		want += fmt.Sprintf("%d:%d: needle: needle\n", number, before+1)
		at, number = at+before+6+after+1, number+1
	}
	text := strings.Repeat("a line without it\n", 100_000)
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		t.Fatal(err)
	}
	at, number = int64(len(text)), number+100_000
	line(size/14, size/14)
	line(2, 3)
	for size-at > 2<<20 {
		line(1<<20+5, 1<<16)    // over a block, over a piece
		line(1<<20-1<<15, 1000) // over a block only
	}
	return want
}

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// The memory that a scan takes does not grow with its input: TRAWL_BIG=2e9 tries
// the size that the design speaks of.
func TestBigInputTakesLittleMemory(t *testing.T) {
	size, most := 200e6, int64(100) // bytes, MiB
	if raceDetector() {
		size, most = 50e6, 600 // it takes ten times as long, and shadows all memory
	}
	if s := os.Getenv("TRAWL_BIG"); s != "" {
		var err error
		if size, err = strconv.ParseFloat(s, 64); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		t.Skip("reads 200 MB twice")
	}
	dir := t.TempDir()
	words, big := filepath.Join(dir, "words"), filepath.Join(dir, "big")
	want := bigFile(t, big, int64(size))
	if err := os.WriteFile(words, []byte("needle\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := exec.LookPath("trawl") // this binary, see TestMain
	if err != nil {
		t.Fatal(err)
	}
	for _, fromPipe := range []bool{false, true} {
		cmd := need.Command(exe, "scan", "-o", "-f", words, big)
		if fromPipe {
			f, err := os.Open(big)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			cmd = need.Command(exe, "scan", "-o", "-f", words)
			cmd.Stdin = struct{ *os.File }{f} // not an *os.File to exec: copied through a pipe
		}
		cmd.Env = append(cmd.Env, "WORK="+dir)
		var out, errOut strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Run(); err != nil || errOut.Len() > 0 {
			t.Fatalf("%v\n%s", err, errOut.String())
		}
		if out.String() != want {
			t.Errorf("from a pipe %v: %d bytes of output, want %d, beginning %.60q", fromPipe, out.Len(), len(want), out.String())
		}
		rss := int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) >> 10
		t.Logf("%.0f MB, from a pipe %v: %d MiB resident at most", size/1e6, fromPipe, rss)
		if rss > most {
			t.Errorf("%d MiB resident at most", rss)
		}
	}
}
