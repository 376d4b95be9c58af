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
	"fmt"
	"os"
	"path/filepath"
	"time"

	"trawl/build/bench/internal/lab"
)

// bench is one run of this program. Seconds are CPU time.
type bench struct {
	lab.Options
	ctx   context.Context
	out   string   // folder for what is built and made
	words []string // the large list
}

func main() {
	lab.Main(lab.Options{Runs: 5, Seconds: 0.3}, lab.Help{
		Runs:    "measurements of each matcher on each text; medians are printed",
		Seconds: "least CPU time of a measurement; each is one pass over the text at least",
		Only:    "measure only groups whose `name` matches this expression, as '10k words' or 'memory'",
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
	if b.words, err = readWordList(); err != nil {
		return err
	}
	source, err := b.makeTexts()
	if err != nil {
		return err
	}
	fmt.Printf("%s; words: %s; prose: %s. %d runs of %v CPU time each in turn.\n", lab.Machine(), listVersion(ctx), source, b.Runs,
		time.Duration(b.Seconds*float64(time.Second)))
	if err := b.measureGroups(os.Stdout); err != nil {
		return err
	}
	return b.printOthers(os.Stdout)
}

// file is the path of something made for this benchmark.
func (b *bench) file(name string) string { return filepath.Join(b.out, "match", name) }
