// What is neither speed nor memory of scans: compiling a large list, opening a pack,
// allocations.

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"trawl/build/bench/internal/lab"
)

// other is a row of the last table.
type other struct {
	what, bar string
	value     func(b *bench) (text string, missed bool, err error)
}

const (
	buildCPU  = 1.5   // seconds
	buildPeak = 100e6 // bytes
	openTime  = 2.0   // ms
)

var others = []other{
	{"trawl rules compile, all words", "≤ 1.5 s CPU, ≤ 100 MB peak", compileAll},
	{"open a mapped pack of 100k words", "≤ 2 ms", openPack},
	{"allocations per scan, 10k words", "0", allocations},
}

func (b *bench) printOthers(w io.Writer) error {
	var rows []string
	for _, o := range others {
		if !b.Wanted(o.what) {
			continue
		}
		lab.Progress(o.what)
		value, missed, err := o.value(b)
		lab.Progress("")
		if err != nil {
			return fmt.Errorf("%s: %w", o.what, err)
		}
		if missed {
			value = "**" + value + "**"
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |\n", o.what, value, o.bar))
	}
	if len(rows) > 0 {
		fmt.Fprintf(w, "\n| measure | value | bar |\n|---|---|---|\n%s", strings.Join(rows, ""))
	}
	return nil
}

func compileAll(b *bench) (string, bool, error) {
	path, err := b.writeWords("all words", b.words)
	if err != nil {
		return "", false, err
	}
	var cpu []float64
	var peak []int64
	for range b.Runs {
		cost, err := lab.Measure(b.ctx, filepath.Join(b.out, "measure"), filepath.Join(b.out, "trawl"), "rules", "compile", "-o", b.file("all.pack"), path)
		if err != nil {
			return "", false, err
		}
		cpu, peak = append(cpu, cost.CPU), append(peak, cost.Peak)
	}
	seconds, bytes := lab.Median(cpu), float64(lab.Median(peak))
	return fmt.Sprintf("%.2f s CPU, %.0f MB peak", seconds, bytes/1e6), seconds > buildCPU || bytes > buildPeak, nil
}

// with starts trawl on a set.
func (b *bench) with(name string, n int, ask func(r *running) error) error {
	path, err := b.writeWords(name, spread(b.words, n))
	if err != nil {
		return err
	}
	r, err := b.start(trawl, path)
	if err != nil {
		return err
	}
	defer r.Stop()
	return ask(r)
}

func openPack(b *bench) (string, bool, error) {
	const times = 21
	var took []float64
	err := b.with("100k words", 100_000, func(r *running) error { return r.Ask(&took, "open %d", times) })
	if err != nil {
		return "", false, err
	}
	return fmt.Sprintf("%.2f ms CPU", lab.Median(took)), lab.Median(took) > openTime, nil
}

func allocations(b *bench) (string, bool, error) {
	var n uint64
	err := b.with("10k words", 10_000, func(r *running) error { return r.Ask(&n, "allocations %s", b.text("prose")) })
	if err != nil {
		return "", false, err
	}
	const scans = textBytes / (256 << 10)
	return fmt.Sprintf("%d in %d scans", n, scans), n > 0, nil
}
