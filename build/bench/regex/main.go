// Command regex measures regular expressions against named peers: the rules of
// logcheck, SpamAssassin, fail2ban and ModSecurity's core rule set over lines as they
// are made for. Matchers are processes that take turns (PROTOCOL.md); that trawl finds what
// package regexp finds is checked first. It prints medians, ratios and the bars that they are held
// against; docs/benchmarks.md keeps a run. Debian only: the rules are its packages'.
//
//	go run ./build/bench/regex [-runs 5] [-seconds 0.3] [-only REGEXP]
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"trawl/build/bench/internal/lab"
)

// bench is one run of this program. Seconds are CPU time.
type bench struct {
	lab.Options
	ctx context.Context
	out string // folder for what is built and made
}

func main() {
	lab.Main(lab.Options{Runs: 5, Seconds: 0.3}, lab.Help{
		Runs:    "measurements of each matcher on each text; medians are printed",
		Seconds: "least CPU time of a measurement; each is one pass over the text at least",
		Only:    "measure only rows whose `rules: text` matches this expression, as 'logcheck: logs'",
	}, run)
}

func run(ctx context.Context, o lab.Options) (err error) {
	b := &bench{Options: o, ctx: ctx}
	if b.out, err = filepath.Abs("build/bench/out"); err != nil {
		return err
	}
	if err := b.buildPeers(); err != nil {
		return err
	}
	fmt.Printf("%s. %d runs of %v CPU time each in turn.\n", lab.Machine(), b.Runs, time.Duration(b.Seconds*float64(time.Second)))
	var all []*measured
	for _, s := range ruleSets {
		rows, err := b.measureSet(s)
		lab.Progress("")
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, rows...)
	}
	print(os.Stdout, all)
	return nil
}

// file is the path of something made for this benchmark.
func (b *bench) file(name string) string { return filepath.Join(b.out, "regex", name) }
