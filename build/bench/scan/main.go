// Command scan measures trawl scan -f against grep -F -f as whole processes:
// 10,000 words over 16 MB of text, runs taken in turn, output through a pipe
// that is read. It prints medians and ratios; docs/benchmarks.md keeps them.
//
//	go run ./build/bench/scan bin/trawl
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	wordCount = 10_000
	textBytes = 16 << 20
	runs      = 9
	dict      = "/usr/share/dict/words"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: scan TRAWL")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// contender is one command of the comparison.
type contender struct {
	name string
	env  string
	args []string
	bar  float64 // the ratio that trawl is to reach against it; 0: trawl itself

	wall, cpu []float64 // seconds, per run
	lines     int
}

func run(trawl string) error {
	dir, err := os.MkdirTemp("", "trawl-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	words, text := filepath.Join(dir, "words"), filepath.Join(dir, "text")
	if err := writeWords(words); err != nil {
		return err
	}
	if err := writeText(text); err != nil {
		return err
	}
	all := []*contender{
		{name: "trawl scan -f", args: []string{trawl, "scan", "-f", words, text}},
		{name: "grep -F -f, C locale", env: "LC_ALL=C", args: []string{"grep", "-F", "-f", words, text}, bar: 1},
		{name: "grep -F -f, UTF-8 locale", env: "LC_ALL=C.UTF-8", args: []string{"grep", "-F", "-f", words, text}, bar: 1},
		{name: "trawl scan -c", args: []string{trawl, "scan", "-c", "-f", words, text}},
		{name: "grep -c -F -f, C locale", env: "LC_ALL=C", args: []string{"grep", "-c", "-F", "-f", words, text}, bar: 1},
	}
	for range runs {
		for _, c := range all {
			if err := c.run(); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return report(all)
}

func (c *contender) run() error {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	c.lines = 0
	buf := make([]byte, 64<<10)
	for {
		n, err := out.Read(buf)
		c.lines += bytes.Count(buf[:n], []byte("\n"))
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	c.wall = append(c.wall, time.Since(start).Seconds())
	c.cpu = append(c.cpu, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	return nil
}

func report(all []*contender) error {
	grep, _ := exec.Command("grep", "--version").Output()
	version, _, _ := strings.Cut(string(grep), "\n")
	fmt.Printf("%d words, %d MiB, %d runs each in turn, %d cores, %s, %s/%s\n\n", wordCount, textBytes>>20, runs,
		runtime.NumCPU(), version, runtime.GOOS, runtime.GOARCH)
	fmt.Println("| command | lines out | wall s | CPU s | trawl is faster by | bar |")
	fmt.Println("|---|---|---|---|---|---|")
	var trawl *contender
	for _, c := range all {
		if c.bar == 0 {
			trawl = c
			fmt.Printf("| %s | %d | %.3f | %.3f | | |\n", c.name, c.lines, median(c.wall), median(c.cpu))
			continue
		}
		if c.lines != trawl.lines {
			return fmt.Errorf("%s prints %d lines, %s %d", c.name, c.lines, trawl.name, trawl.lines)
		}
		fmt.Printf("| %s | %d | %.3f | %.3f | %.2f× | ≥ %.1f× |\n", c.name, c.lines, median(c.wall), median(c.cpu),
			median(c.wall)/median(trawl.wall), c.bar)
	}
	return nil
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

// writeWords takes words of at least 3 bytes, evenly over the system's list.
func writeWords(path string) error {
	b, err := os.ReadFile(dict)
	if err != nil {
		return fmt.Errorf("%w; install a word list (Debian: wamerican)", err)
	}
	var words []string
	for w := range strings.Lines(string(b)) {
		if len(w) > 3 {
			words = append(words, w)
		}
	}
	step := max(1, len(words)/wordCount)
	var out strings.Builder
	for i := 0; i < min(wordCount, len(words)); i++ {
		out.WriteString(words[i*step%len(words)])
	}
	return os.WriteFile(path, []byte(out.String()), 0o600)
}

// writeText strings the Go distribution's sources together.
func writeText(path string) error {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	var text []byte
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(goroot)), "src"), func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(p) != ".go" || strings.Contains(p, "tzdata") {
			return err
		}
		b, err := os.ReadFile(p)
		text = append(text, b...)
		if len(text) >= textBytes {
			return fs.SkipAll
		}
		return err
	})
	if err == nil && len(text) < textBytes {
		err = errors.New("too little text in GOROOT")
	}
	if err != nil {
		return err
	}
	text = bytes.ToValidUTF8(text[:textBytes], nil)
	return os.WriteFile(path, bytes.ReplaceAll(text, []byte{0}, nil), 0o600)
}
