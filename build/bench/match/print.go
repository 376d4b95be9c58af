// The tables of speed and memory.

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"trawl/build/bench/internal/lab"
)

// speed is in MB/s of CPU time.
func (r *result) speed() float64 { return float64(r.bytes) / lab.Median(r.cpu) / 1e6 }

// ratio is trawl's speed over the peer's; of other ways to run trawl, theirs
// over trawl's.
func (r *result) ratio() float64 {
	if r.peer.ours {
		return lab.MedianRatio(r.against.cpu, r.cpu)
	}
	return lab.MedianRatio(r.cpu, r.against.cpu)
}

func printSpeeds(w io.Writer, all []*measured) {
	fmt.Fprint(w, "\n× is trawl's speed over the peer's, the median over the runs; in the rows of other ways to run\n"+
		"trawl, theirs over trawl's. In brackets the bar; **bold** where it is missed.\n\n"+
		"| words | text | matcher | MB/s (CPU) | × | matches/KB | |\n|---|---|---|---|---|---|---|\n")
	for _, m := range all {
		for _, r := range m.results {
			ratio := ""
			if r.against != nil {
				ratio = lab.AtLeast(r.ratio(), speedBar(r.group, r.text, r.peer))
			}
			name := r.peer.name
			if r.against == nil {
				name += ", " + strings.TrimPrefix(m.running[0].ready.Version, "engine ")
			}
			fmt.Fprintf(w, "| %s | %s | %s | %.0f | %s | %.1f | %s |\n", r.group, r.text, name, r.speed(), ratio,
				float64(r.matches)/float64(r.bytes)*1e3, r.note)
		}
	}
	for _, m := range all {
		for _, note := range m.notes {
			fmt.Fprintf(w, "\n%s: %s\n", m.name, note)
		}
	}
	fmt.Fprintf(w, "\n%s\n", versions(all))
}

// versions names the peers' libraries.
func versions(all []*measured) string {
	var names []string
	for _, m := range all {
		for _, r := range m.running {
			if !r.peer.ours && !slices.Contains(names, r.ready.Version) {
				names = append(names, r.ready.Version)
			}
		}
	}
	return strings.Join(names, ", ")
}

// printWorst holds the texts that were made to be slow against plain text: by
// the time for each byte and each match.
func printWorst(w io.Writer, all []*measured) {
	const bar = 0.1
	work := func(r *result) float64 { return float64(r.bytes+int64(r.matches)) / lab.Median(r.cpu) / 1e6 }
	var plain *result
	var rows []string
	for _, m := range all {
		for _, r := range m.results {
			switch {
			case r.peer != trawl:
			case r.group == "10k words" && r.text == "prose":
				plain = r
				rows = append(rows, fmt.Sprintf("| %s | %s | %.0f | |\n", r.group, r.text, work(r)))
			case plain != nil && (r.group == plain.group || r.text == "sub_requests"):
				rows = append(rows, fmt.Sprintf("| %s | %s | %.0f | %s |\n", r.group, r.text, work(r), lab.AtLeast(work(r)/work(plain), bar)))
			}
		}
	}
	if len(rows) > 1 {
		fmt.Fprintf(w, "\n| words | text | million bytes and matches/s | of prose |\n|---|---|---|---|\n%s", strings.Join(rows, ""))
	}
}

func printMemory(w io.Writer, all []*measured) {
	fmt.Fprint(w, "\n| words | matcher | MB | B per pattern byte | automaton alone | trawl takes of it | compiled in s (CPU) |\n|---|---|---|---|---|---|---|\n")
	for _, m := range all {
		if m.texts[0] == "sub_requests" {
			continue
		}
		pattern := float64(m.running[0].ready.PatternBytes)
		for _, r := range m.running {
			bars := memoryBar(m.name, r.peer)
			var automaton, share string
			if r.peer.ours {
				automaton = lab.AtMost(float64(r.ready.Automaton)/pattern, bars.automaton)
			} else {
				bar := 0.0
				if r.peer == hyperscan {
					bar = memoryBar(m.name, trawl).ofHyperscan
				}
				share = lab.AtMost(float64(m.running[0].ready.Memory)/float64(r.ready.Memory), bar)
			}
			fmt.Fprintf(w, "| %s | %s | %.2f | %s | %s | %s | %.2f |\n", m.name, r.peer.name, float64(r.ready.Memory)/1e6,
				lab.AtMost(float64(r.ready.Memory)/pattern, bars.pack), automaton, share, r.ready.Build)
		}
	}
}
