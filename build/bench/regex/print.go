package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"trawl/build/bench/internal/lab"
)

func print(w io.Writer, all []*measured) {
	if len(all) == 0 {
		return
	}
	printSets(w, all)
	fmt.Fprint(w, "\n× is trawl's speed over the peer's, the median over the runs; for trawl's positions, theirs over trawl's.\n"+
		"In brackets the bar; **bold** where it is missed.\n\n"+
		"| rules | lines | matcher | 1000 lines/s (CPU) | × | compiled in s (CPU) |\n|---|---|---|---|---|---|\n")
	for _, m := range all {
		for _, r := range m.running {
			name := r.peer.name
			if m.slow[r.peer] {
				name += " (sample)"
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %.2f |\n", m.set.name, m.name, name, m.speed(r.peer), m.ratio(r.peer), r.ready.Build)
		}
	}
	printDifferences(w, all)
}

func (m *measured) speed(p *peer) string {
	speed := 1e-3 / lab.Median(m.cpu[p])
	if speed < 10 {
		return fmt.Sprintf("%.1f", speed)
	}
	return fmt.Sprintf("%.0f", speed)
}

func (m *measured) ratio(p *peer) string {
	switch p {
	case trawl:
		return ""
	case positions:
		return lab.AtLeast(lab.MedianRatio(m.cpu[trawl], m.cpu[p]), bar(m.set.name, p))
	}
	return lab.AtLeast(lab.MedianRatio(m.cpu[p], m.cpu[trawl]), bar(m.set.name, p))
}

// printSets says what is compared on what.
func printSets(w io.Writer, all []*measured) {
	var last *ruleSet
	for _, m := range all {
		if m.set != last {
			last = m.set
			fmt.Fprintf(w, "\n- %s; %s.\n", m.set, m.of(trawl).ready.Version)
		}
		fmt.Fprintf(w, "  - %s: %d lines, %.1f MB, %d%% not ASCII, of these %d%% no UTF-8; %d hits in %d of them.\n", m.name, len(m.text.lines),
			float64(m.text.bytes)/1e6, 100*m.text.nonASCII/len(m.text.lines), 100*m.text.nonUTF8/max(1, m.text.nonASCII), m.hits, m.checked)
	}
	fmt.Fprintf(w, "\n%s, %s.\n", all[0].of(filtered).ready.Version, all[0].of(hyperscan).ready.Version)
}

// printDifferences counts where RE2 and Hyperscan mean something else.
func printDifferences(w io.Writer, all []*measured) {
	fmt.Fprint(w, "\ntrawl finds what package regexp finds. Hits that peers have or miss:\n\n| rules | lines | matcher | of | differ |\n|---|---|---|---|---|\n")
	for _, m := range all {
		for _, p := range []*peer{filtered, hyperscan} {
			var reasons []string
			for _, reason := range slices.Sorted(maps.Keys(m.differences[p])) {
				reasons = append(reasons, fmt.Sprintf("%d on %s", m.differences[p][reason], reason))
			}
			fmt.Fprintf(w, "| %s | %s | %s | %d | %s |\n", m.set.name, m.name, p.name, m.hits, strings.Join(reasons, ", "))
		}
	}
	for _, m := range all {
		if m.example != "" {
			fmt.Fprintf(w, "\n%s, %s: %s\n", m.set.name, m.name, m.example)
		}
	}
}
