// Command zmtp measures the ZeroMQ engine and the broker built on it against
// libzmq's zmq_proxy: brokers take turns between the same clients and workers,
// which are libzmq's own. It prints medians, ratios and the bars that they are
// held against; docs/benchmarks.md keeps a run. Linux only; needs gcc and
// libzmq's headers (Debian: libzmq3-dev).
//
//	go run ./build/bench/zmtp [-runs 5] [-seconds 2] [-only REGEXP]
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"trawl/build/bench/internal/lab"
)

// bench is one run of this program.
type bench struct {
	lab.Options
	ctx   context.Context
	tools *tools
	keys  *keys
}

func main() {
	lab.Main(lab.Options{Runs: 5, Seconds: 2}, lab.Help{
		Runs:    "measurements of each broker under each load; medians are printed",
		Seconds: "length of a measurement",
		Only:    "measure only rows whose `broker: load` matches this expression, as 'engine: 256 B'",
	}, run)
}

func run(ctx context.Context, o lab.Options) (err error) {
	b := &bench{Options: o, ctx: ctx}
	const out = "build/bench/out"
	if b.tools, err = buildTools(ctx, out); err != nil {
		return err
	}
	if b.keys, err = newKeys(ctx, b.tools, out); err != nil {
		return err
	}
	fmt.Printf("%s\n\n%d runs of %v each in turn, with 2 workers.\n", b.machine(), b.Runs,
		time.Duration(b.Seconds*float64(time.Second)))
	results, err := b.measureAll()
	if err != nil {
		return err
	}
	printThroughput(os.Stdout, results)
	return b.printOthers(os.Stdout)
}

// wanted reports whether a row is to be measured.
func (b *bench) wanted(broker, load string) bool { return b.Wanted(broker + ": " + load) }
