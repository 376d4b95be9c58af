package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestProgressMakesWay(t *testing.T) {
	var screen bytes.Buffer
	long := time.Now().Add(-10 * time.Second)
	p := &progress{to: &screen, width: func() int { return 70 }, size: 200e6, start: long, next: long}
	out := &interrupting{p, &screen}
	p.add(50e6)
	p.add(1) // drawn a moment ago
	if drawn := screen.String(); !regexp.MustCompile(`^\r\x1b\[K#+\.+  25%  50\.0 of 200\.0 MB  5\.0 MB/s  30s left $`).MatchString(drawn) || len(drawn) > 70+4 {
		t.Fatalf("drawn: %q", drawn)
	}
	screen.Reset()
	_, _ = out.Write([]byte("a line\nhalf"))
	if got := screen.String(); got != "\r\x1b[Ka line\nhalf" {
		t.Fatalf("printed: %q", got)
	}
	p.next = long
	p.add(100e6)
	if strings.Contains(screen.String(), "%") {
		t.Fatalf("drawn over half a line: %q", screen.String())
	}
	_, _ = out.Write([]byte(" of it\n"))
	screen.Reset()
	p.add(100e6) // the file has grown
	p.clear()
	p.clear()
	if got := screen.String(); !strings.Contains(got, " 100% ") || strings.Count(got, "\x1b[K") != 2 {
		t.Errorf("at the end: %q", got)
	}
}

func TestProgressFitsNarrowTerminals(t *testing.T) {
	for _, width := range []int{1, 10, 60} {
		var screen bytes.Buffer
		p := &progress{to: &screen, width: func() int { return width }, size: 1e12}
		p.add(1)
		if n := len(strings.TrimPrefix(screen.String(), "\r\x1b[K")); n >= max(width, 1) {
			t.Errorf("%d columns of %d", n, width)
		}
	}
}

// Pipes, files and unknown sizes get none; nothing is wrapped then.
func TestProgressIsForTerminals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := newProgress([]string{path}, nil, f)
	if p != nil || p.before(f) != f {
		t.Error("progress into a file")
	}
	p.clear()
	for _, test := range []struct {
		paths []string
		size  int64
		known bool
	}{
		{[]string{path, path}, 10, true},
		{nil, 5, true},
		{[]string{"-"}, 5, true},
		{[]string{path, t.TempDir()}, 0, false},
		{[]string{path, "no such file"}, 0, false},
		{[]string{os.DevNull}, 0, false},
	} {
		if size, known := sizeOf(test.paths, f); size != test.size || known != test.known {
			t.Errorf("%v: %d, %v", test.paths, size, known)
		}
	}
}
