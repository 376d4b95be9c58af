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
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"trawl/build/bench/internal/lab"
)

// bench is one run of this program.
type bench struct {
	ctx     context.Context
	out     string // folder for what is built and made
	runs    int
	seconds float64 // of one measurement, CPU time
	only    *regexp.Regexp
}

func main() {
	b := bench{out: "build/bench/out"}
	flag.IntVar(&b.runs, "runs", 5, "measurements of each matcher on each text; medians are printed")
	flag.Float64Var(&b.seconds, "seconds", 0.3, "least CPU time of a measurement; each is one pass over the text at least")
	only := flag.String("only", "", "measure only rows whose `rules: text` matches this expression, as 'logcheck: logs'")
	flag.Parse()
	if flag.NArg() > 0 || b.runs < 1 || b.seconds <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	if b.only, err = regexp.Compile("(?i)" + *only); err == nil {
		err = b.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b.ctx = ctx
	var err error
	if b.out, err = filepath.Abs(b.out); err != nil {
		return err
	}
	before := lab.Now()
	if err := b.buildPeers(); err != nil {
		return err
	}
	fmt.Printf("%s. %d runs of %v CPU time each in turn.\n", lab.Machine(), b.runs, time.Duration(b.seconds*float64(time.Second)))
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
	fmt.Printf("\nOther programs took %s of the machine meanwhile.\n", before.Others())
	return nil
}

// file is the path of something made for this benchmark.
func (b *bench) file(name string) string { return filepath.Join(b.out, "regex", name) }
