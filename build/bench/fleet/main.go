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
	"fmt"
	"os"
	"path/filepath"

	"trawl/build/bench/internal/lab"
)

const (
	out      = "build/bench/out"
	workers  = 2  // processes, each of one slot
	inFlight = 64 // requests
)

func main() {
	lab.Main(lab.Options{Runs: 5, Seconds: 3}, lab.Help{
		Runs:    "measurements of each fleet under each load; medians are printed",
		Seconds: "length of a measurement",
	}, run)
}

func run(ctx context.Context, o lab.Options) error {
	b, err := prepare(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s; %d words, %d workers, %d in flight, %d runs of %v s each in turn\n\n",
		lab.Machine(), wordCount, workers, inFlight, o.Runs, o.Seconds)
	results, err := b.measureAll(o.Runs, o.Seconds)
	if err != nil {
		return err
	}
	printResults(os.Stdout, results)
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
