package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

// Options are what all benchmarks that take turns can be told.
type Options struct {
	Runs    int            // of each measurement
	Seconds float64        // length of one
	Only    *regexp.Regexp // rows to measure; nil: all
}

// Wanted reports whether a row is to be measured.
func (o *Options) Wanted(row string) bool { return o.Only == nil || o.Only.MatchString(row) }

// Help is what --help says of each of the options. A benchmark without a text for
// Only cannot be told to leave rows out.
type Help struct{ Runs, Seconds, Only string }

// Main is the main function of a benchmark: it reads the command line over the
// options given, runs it until it ends or is interrupted, and says how busy others
// kept the machine.
func Main(o Options, help Help, run func(context.Context, Options) error) {
	flag.IntVar(&o.Runs, "runs", o.Runs, help.Runs)
	flag.Float64Var(&o.Seconds, "seconds", o.Seconds, help.Seconds)
	if help.Only != "" {
		flag.Func("only", help.Only, func(expression string) (err error) {
			o.Only, err = regexp.Compile("(?i)" + expression)
			return err
		})
	}
	flag.Parse()
	if flag.NArg() > 0 || o.Runs < 1 || o.Seconds <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	before := Now()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	fmt.Printf("\nOther programs took %s of the machine meanwhile.\n", before.Others())
}
