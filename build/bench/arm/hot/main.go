// Hot scans a text so many times by one way of an engine: what bench-arm counts
// the instructions of. hot PACK TEXT LANES TIMES
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"

	"trawl/edge/match"
)

func main() {
	debug.SetGCPercent(-1) // the collector's instructions are not the engine's
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hot:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	pack, err := match.Open(args[0])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	if args[2] != "" {
		if err := pack.Use(match.Calibration{Lanes: args[2]}); err != nil {
			return err
		}
	}
	times, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	s := pack.NewScratch()
	for range times {
		pack.Scan(s, text, match.Query{Want: match.WantCount})
	}
	return nil
}
