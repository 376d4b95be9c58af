// Command fleet measures a whole fleet on loopback, matching included: trawl's
// broker and workers against what one builds from pyzmq and pyahocorasick, zmq.proxy
// and REP workers. Both get the same requests from the same client in turn, and their
// answers must be the same bytes. It prints medians, ratios and the bar that they are
// held against; docs/benchmarks.md keeps a run. Linux only; needs Debian's
// python3-zmq, python3-ahocorasick and wamerican.
//
//	go run ./build/bench/fleet [-runs 5] [-seconds 3]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"trawl/build/bench/internal/lab"
)

const (
	out      = "build/bench/out"
	workers  = 2  // processes, each of one slot
	inFlight = 64 // requests
)

func main() {
	runs := flag.Int("runs", 5, "measurements of each fleet under each load; medians are printed")
	seconds := flag.Float64("seconds", 3, "length of a measurement")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 1 || *seconds <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *runs, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, runs int, seconds float64) error {
	b, err := prepare(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s; %d words, %d workers, %d in flight, %d runs of %v s each in turn\n\n",
		lab.Machine(), wordCount, workers, inFlight, runs, seconds)
	before := lab.Now()
	results, err := b.measureAll(runs, seconds)
	if err != nil {
		return err
	}
	printResults(os.Stdout, results)
	fmt.Printf("\nOther programs took %s of the machine meanwhile.\n", before.Others())
	return nil
}

// bench is what all measurements need.
type bench struct {
	ctx          context.Context
	trawl, words string // paths
	lines        [][]byte
}

func prepare(ctx context.Context) (*bench, error) {
	folder, err := filepath.Abs(out)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		return nil, err
	}
	b := &bench{ctx: ctx, trawl: filepath.Join(folder, "trawl"), words: filepath.Join(folder, "fleet.words"), lines: logLines()}
	return b, errors.Join(
		writeWords(b.words),
		lab.Build(ctx, []string{"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.trawl, "./cmd/trawl"}),
	)
}
