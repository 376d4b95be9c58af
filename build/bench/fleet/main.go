// Command fleet measures a whole fleet on loopback, against what one builds from
// ZeroMQ alone. With matching: trawl's broker and two workers beside pyzmq's zmq.proxy
// and REP workers with pyahocorasick, whose answers must be the same bytes. Without:
// the broker beside zmq_proxy in C, with 2 to 1,000 simulated workers, and what it
// takes when there is nothing to do. Both get the same requests from the same client in turn. It
// prints medians, ratios and the bars that they are held against; docs/benchmarks.md
// keeps a run. Linux only; needs Debian's python3-zmq, python3-ahocorasick and wamerican
// for the first, gcc and libzmq3-dev for the second.
//
//	go run ./build/bench/fleet [-runs 5] [-seconds 3] [-only REGEXP]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

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
		Only:    "measure only rows that match this expression, as '^1 line a request', '1000 workers', 'idle'",
	}, run)
}

func run(ctx context.Context, o lab.Options) error {
	unwanted := func(row fmt.Stringer) bool { return !o.Wanted(row.String()) }
	loads := slices.DeleteFunc(slices.Clone(loads), func(l load) bool { return unwanted(l) })
	sizes := slices.DeleteFunc(slices.Clone(sizes), func(s size) bool { return unwanted(s) })
	quiet := slices.DeleteFunc(slices.Clone(quiet), func(s idleSize) bool { return unwanted(s) })
	b, err := prepare(ctx, out, o, len(loads) > 0, len(sizes)+len(quiet) > 0)
	if err != nil {
		return err
	}
	fmt.Printf("%s; %d runs of %v s each in turn, %d requests in flight\n", lab.Machine(), o.Runs, o.Seconds, inFlight)
	if len(loads) > 0 {
		results, err := b.measureFleets(loads)
		if err != nil {
			return err
		}
		printFleets(os.Stdout, results)
	}
	if len(sizes) > 0 {
		results, err := b.measureSizes(sizes)
		if err != nil {
			return err
		}
		printSizes(os.Stdout, results)
	}
	if len(quiet) > 0 {
		return b.printIdle(os.Stdout, quiet)
	}
	return nil
}

// bench is what all measurements need.
type bench struct {
	lab.Options
	ctx                             context.Context
	trawl, words, libzmq, simulator string // paths
	lines                           [][]byte
}

func (b *bench) length() time.Duration { return time.Duration(b.Seconds * float64(time.Second)) }

// prepare builds what the wanted measurements need: those of matching, and those with
// simulated workers. What it builds is in folder.
func prepare(ctx context.Context, folder string, o lab.Options, matching, simulated bool) (*bench, error) {
	folder, err := filepath.Abs(folder)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		return nil, err
	}
	path := func(name string) string { return filepath.Join(folder, name) }
	b := &bench{
		Options: o, ctx: ctx,
		trawl: path("trawl"), words: path("fleet.words"), libzmq: path("libzmqpeer"), simulator: path("simulator"),
	}
	err = lab.Build(ctx, []string{"go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", b.trawl, "./cmd/trawl"})
	if matching {
		b.lines = logLines()
		err = errors.Join(err, writeWords(b.words))
	}
	if simulated {
		peer, e := lab.BuildLibzmqPeer(b.libzmq)
		if e != nil {
			return nil, e
		}
		err = errors.Join(err, lab.Build(ctx, peer, []string{"go", "build", "-trimpath", "-o", b.simulator, "./build/bench/fleet/simulator"}))
	}
	return b, err
}

// brokerCommand is trawl's broker.
func (b *bench) brokerCommand(front, back string) []string {
	return []string{b.trawl, "broker", "--clients", front, "--workers", back, "--http", "off", "--log-level", "warn"}
}
