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
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"

	"trawl/build/bench/internal/lab"
)

// bench is one run of this program.
type bench struct {
	ctx     context.Context
	tools   *tools
	keys    *keys
	runs    int
	seconds float64 // of one measurement
	only    *regexp.Regexp
}

func main() {
	var b bench
	flag.IntVar(&b.runs, "runs", 5, "measurements of each broker under each load; medians are printed")
	flag.Float64Var(&b.seconds, "seconds", 2, "length of a measurement")
	only := flag.String("only", "", "measure only rows whose `broker: load` matches this expression, as 'engine: 256 B'")
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b.ctx = ctx
	var err error
	const out = "build/bench/out"
	if b.tools, err = buildTools(ctx, out); err != nil {
		return err
	}
	if b.keys, err = newKeys(ctx, b.tools, out); err != nil {
		return err
	}
	fmt.Printf("%s\n\n%d runs of %v each in turn, with 2 workers.\n", b.machine(), b.runs,
		time.Duration(b.seconds*float64(time.Second)))
	before := lab.Now()
	results, err := b.measureAll()
	if err != nil {
		return err
	}
	printThroughput(os.Stdout, results)
	if err := b.printOthers(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\nOther programs took %s of the machine meanwhile.\n", before.Others())
	return nil
}

// wanted reports whether a row is to be measured.
func (b *bench) wanted(broker, load string) bool {
	return b.only.MatchString(broker + ": " + load)
}
