// Command scan measures trawl scan -f against grep -F -f and ripgrep -F -f as
// whole processes: 10,000 words over 16 MiB of text, runs taken in turn, output
// through a pipe that is read. It prints medians and ratios; docs/benchmarks.md
// keeps them.
//
//	go run ./build/bench/scan bin/trawl
//	go run ./build/bench/scan -only source -runs 21 bin/trawl
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	runs := flag.Int("runs", 11, "runs of each command")
	only := flag.String("only", "", "only the inputs whose name contains this")
	inputs := flag.String("inputs", "", "write the inputs into this folder, and keep them (default: a temporary one)")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: scan [flags] TRAWL")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 || *runs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *runs, *only, *inputs); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(trawl string, runs int, only, dir string) (err error) {
	trawl, err = filepath.Abs(trawl)
	if err != nil {
		return err
	}
	for program, from := range map[string]string{"grep": "grep", "rg": "ripgrep"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w; install it (Debian's package %s)", err, from)
		}
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "trawl-bench"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	inputs, err := makeInputs(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%s; %d words, %d MiB, %d runs each in turn\n", machine(), wordCount, textBytes>>20, runs)
	for _, in := range inputs {
		if strings.Contains(in.name, only) {
			err = errors.Join(err, compare(trawl, in, runs))
		}
	}
	return err
}

// compare runs all commands over one input, in turn.
func compare(trawl string, in *input, runs int) (err error) {
	f, err := startFleet(trawl, in.words)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	modes := modesOf(trawl, f, in)
	for range runs {
		for _, m := range modes {
			for _, c := range m.commands {
				if err := c.run(); err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
			}
		}
	}
	return report(in, modes)
}
