package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"trawl/build/bench/internal/lab"
)

// machine is where and with what a run is made.
func machine() string {
	grep, _ := exec.Command("grep", "--version").Output()
	rg, _ := exec.Command("rg", "--version").Output()
	return fmt.Sprintf("%s, %s, %s", lab.Machine(), firstLine(grep), firstLine(rg))
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// report prints a table for an input. Commands of one mode that disagree on
// how many lines match are an error.
func report(in *input, modes []*mode) error {
	matching := modes[0].commands[0].lines
	fmt.Printf("\n%s: %d of %d lines match (%.1f%%)\n\n", in.name, matching, in.lines, 100*float64(matching)/float64(in.lines))
	fmt.Println("| output | command | lines out | wall s | best s | CPU s | trawl scan -f takes | best by best | bar |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, m := range modes {
		trawl := m.commands[0]
		for i, c := range m.commands {
			if c.lines != trawl.lines {
				return fmt.Errorf("%s: %s prints %d lines, %s %d", m.name, c.name, c.lines, trawl.name, trawl.lines)
			}
			fmt.Printf("| %s | %s | %d | %.3f | %.3f | %.3f |", m.name, c.name, c.lines, median(c.wall), slices.Min(c.wall), median(c.cpu))
			ratio, best := ratios(c.wall, trawl.wall), slices.Min(c.wall)/slices.Min(trawl.wall)
			switch {
			case i == 0:
				fmt.Println(" | | |")
			case c.bar == 0:
				fmt.Printf(" 1/%.2f | 1/%.2f | |\n", ratio, best)
			case ratio < c.bar:
				fmt.Printf(" **1/%.2f** | 1/%.2f | ≤ 1/%.0f |\n", ratio, best, c.bar)
			default:
				fmt.Printf(" 1/%.2f | 1/%.2f | ≤ 1/%.0f |\n", ratio, best, c.bar)
			}
		}
	}
	return nil
}

// ratios is the median of a over b, run by run: what disturbs the machine for
// longer than a run disturbs both.
func ratios(a, b []float64) float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return median(r)
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}
