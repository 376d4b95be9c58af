// Command match measures the matcher against named peers on sets of words:
// memory, speed on text, source, logs and texts made to be slow, compiling, opening,
// allocations. Matchers are processes that take turns (PROTOCOL.md); that all find the same
// is checked first. It prints medians, ratios and the bars that they are held against;
// docs/benchmarks.md keeps a run. Debian only: words and text are its packages'.
//
//	go run ./build/bench/match [-runs 5] [-seconds 0.3] [-only REGEXP]
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
	words   []string // the large list
}

func main() {
	b := bench{out: "build/bench/out"}
	flag.IntVar(&b.runs, "runs", 5, "measurements of each matcher on each text; medians are printed")
	flag.Float64Var(&b.seconds, "seconds", 0.3, "least CPU time of a measurement; each is one pass over the text at least")
	only := flag.String("only", "", "measure only groups whose `name` matches this expression, as '10k words' or 'memory'")
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
	if b.words, err = readWordList(); err != nil {
		return err
	}
	source, err := b.makeTexts()
	if err != nil {
		return err
	}
	fmt.Printf("%s; words: %s; prose: %s. %d runs of %v CPU time each in turn.\n", lab.Machine(), listVersion(ctx), source, b.runs,
		time.Duration(b.seconds*float64(time.Second)))
	if err := b.measureGroups(os.Stdout); err != nil {
		return err
	}
	if err := b.printOthers(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\nOther programs took %s of the machine meanwhile.\n", before.Others())
	return nil
}

// wanted reports whether something is to be measured.
func (b *bench) wanted(name string) bool { return b.only.MatchString(name) }

// file is the path of something made for this benchmark.
func (b *bench) file(name string) string { return filepath.Join(b.out, "match", name) }
