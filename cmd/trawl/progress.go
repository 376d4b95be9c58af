package main

// How far a scan has come, on a terminal: a line on standard error that makes
// way for whatever else is printed. docs/decisions.md says why it is our own.

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	progressAfter = time.Second // a scan that is over earlier shows none
	progressEvery = 100 * time.Millisecond
)

// progress is used by the goroutine that prints.
type progress struct {
	to          io.Writer
	width       func() int // of the terminal, in columns
	size        int64      // bytes there are
	done        int64
	start, next time.Time // next: when to draw again
	shown       bool
	middle      bool // the cursor stands in the middle of a line of output
}

// newProgress is nil, which shows nothing, unless err is a terminal and paths
// are files whose size is known.
func newProgress(paths []string, in io.Reader, err io.Writer) *progress {
	size, known := sizeOf(paths, in)
	if !terminal(err) || !known || size == 0 {
		return nil
	}
	now := time.Now()
	return &progress{to: err, width: widthOf(err.(*os.File)), size: size, start: now, next: now.Add(progressAfter)}
}

func widthOf(f *os.File) func() int {
	return func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
}

// sizeOf sums files up; no path is standard input. False: one is no regular
// file.
func sizeOf(paths []string, in io.Reader) (size int64, known bool) {
	if len(paths) == 0 {
		paths = []string{"-"}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if f, ok := in.(*os.File); path == "-" && ok {
			info, err = f.Stat()
		}
		if err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		size += info.Size()
	}
	return size, true
}

// add moves on by n bytes.
func (p *progress) add(n int64) {
	p.done += n
	if now := time.Now(); !p.middle && now.After(p.next) {
		p.next = now.Add(progressEvery)
		p.draw(now.Sub(p.start))
	}
}

// draw writes over the line that is there.
func (p *progress) draw(took time.Duration) {
	part := min(1, float64(p.done)/float64(p.size)) // a file may have grown
	left := time.Duration(float64(took) * (1 - part) / max(part, 1e-6))
	text := fmt.Sprintf(" %3.0f%%  %.1f of %.1f MB  %.1f MB/s  %v left ", 100*part, float64(p.done)/1e6, float64(p.size)/1e6,
		float64(p.done)/1e6/took.Seconds(), left.Round(time.Second))
	bar := ""
	if room := p.width() - len(text) - 2; room >= 4 {
		full := int(part * float64(room))
		bar = strings.Repeat("#", full) + strings.Repeat(".", room-full)
	}
	fmt.Fprintf(p.to, "\r\x1b[K%.*s", p.width()-1, bar+text)
	p.shown = true
}

// clear makes way.
func (p *progress) clear() {
	if p != nil && p.shown {
		_, _ = io.WriteString(p.to, "\r\x1b[K")
		p.shown = false
	}
}

// before makes p get out of the way of what is written to w. What is no terminal
// is in no way.
func (p *progress) before(w io.Writer) io.Writer {
	if p == nil || !terminal(w) {
		return w
	}
	return &interrupting{p, w}
}

type interrupting struct {
	progress *progress
	io.Writer
}

func (w *interrupting) Write(b []byte) (int, error) {
	w.progress.clear()
	if len(b) > 0 {
		w.progress.middle = b[len(b)-1] != '\n'
	}
	return w.Writer.Write(b)
}
