// Questions to this matcher alone.

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"trawl/build/bench/match/internal/peer"
	"trawl/edge/match"
)

func (t *trawl) more(question string, args []string) (any, error) {
	if len(args) != 1 {
		return nil, nil
	}
	switch question {
	case "open":
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return nil, err
		}
		return t.open(n)
	case "allocations", "rules", "order":
		text, err := os.ReadFile(args[0])
		if err != nil {
			return nil, err
		}
		switch question {
		case "allocations":
			return t.allocations(text), nil
		case "rules":
			return t.rules(text), nil
		}
		return t.order(text)
	}
	return nil, nil
}

// open writes the pack into a file and opens it n times; it answers the
// milliseconds of CPU time for each.
func (t *trawl) open(n int) ([]float64, error) {
	dir, err := os.MkdirTemp("", "trawl-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "pack")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := t.pack.WriteTo(f); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	var took []float64
	for range n {
		begin := peer.CPU()
		p, err := match.OpenMapped(path)
		if err != nil {
			return nil, err
		}
		took = append(took, (peer.CPU()-begin)*1e3)
		if err := p.Close(); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// allocations counts those of a pass over the text after another.
func (t *trawl) allocations(text []byte) uint64 {
	pieces := peer.Pieces(text)
	pass := func() {
		for _, piece := range pieces {
			t.Scan(piece)
		}
	}
	pass()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pass()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// rules sums up which rules match in each piece, as libraries see it that know
// no places.
func (t *trawl) rules(text []byte) peer.Checked {
	var sum peer.Sum
	offset := 0
	for _, piece := range peer.Pieces(text) {
		for _, rule := range t.pack.Scan(t.scratch, piece, match.Query{Want: match.WantRules}).Rules {
			sum.Add(int(rule), offset, offset)
		}
		offset += len(piece)
	}
	return sum.Checked()
}

// order holds the matches against the order that is promised.
func (t *trawl) order(text []byte) (bool, error) {
	for _, piece := range peer.Pieces(text) {
		n := t.Scan(piece)
		for i := 1; i < n; i++ {
			a, b := t.matches[i-1], t.matches[i]
			if a.End > b.End || a.End == b.End && (a.Start > b.Start || a.Start == b.Start && a.Rule >= b.Rule) {
				return false, fmt.Errorf("%+v comes before %+v", a, b)
			}
		}
	}
	return true, nil
}
