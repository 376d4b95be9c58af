// Requests per second and CPU time per request, of each fleet under each load.

package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"trawl/build/bench/internal/lab"
)

const warmUp = time.Second

// load is how many lines of a log a request has, and the bar for requests per
// second: a ratio to the reference, 0 for none.
type load struct {
	lines int
	bar   float64
}

var loads = []load{{lines: 1, bar: 3}, {lines: 64}}

// result holds what was measured of one fleet under one load, a value a run.
type result struct {
	kind            *kind
	load            load
	rate            []float64 // requests per second
	broker, workers []float64 // µs of CPU time per request
	all             []float64 // their sum
	against         *result   // that of the reference
}

// measureFleets lets the fleets take turns, and changes who begins.
func (b *bench) measureFleets(loads []load) ([]*result, error) {
	var results []*result
	for _, l := range loads {
		all := texts(b.lines, l.lines)
		reference := &result{kind: kinds[0], load: l}
		row := []*result{reference}
		for _, k := range kinds[1:] {
			row = append(row, &result{kind: k, load: l, against: reference})
		}
		results = append(results, row...)
		if err := b.compare(all); err != nil {
			return nil, fmt.Errorf("%s: %w", l, err)
		}
		for run := range b.Runs {
			for i := range row {
				r := row[(i+run)%len(row)]
				lab.Progress(fmt.Sprintf("run %d of %d: %s: %s", run+1, b.Runs, r.kind.name, l))
				if err := b.measure(r, all, b.length()); err != nil {
					return nil, fmt.Errorf("%s: %s: %w", r.kind.name, l, err)
				}
			}
		}
	}
	lab.Progress("")
	return results, nil
}

func (l load) String() string {
	if l.lines == 1 {
		return "1 line a request"
	}
	return fmt.Sprintf("%d lines a request", l.lines)
}

// compare lets each fleet answer all texts: they must say the same.
func (b *bench) compare(all [][]byte) error {
	var want uint64
	for i, k := range kinds {
		lab.Progress(k.name + ": checking its answers")
		sum, matches, err := b.sum(k, all)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		if i == 0 {
			want = sum
		}
		if sum != want || matches == 0 {
			return fmt.Errorf("%s gives other answers than %s, with %d matches in %d texts", k.name, kinds[0].name, matches, len(all))
		}
	}
	return nil
}

func (b *bench) sum(k *kind, all [][]byte) (sum uint64, matches int, err error) {
	f, err := b.start(k)
	if err != nil {
		return 0, 0, err
	}
	defer f.stop()
	c, err := connect(b.ctx, f.front, all)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	return c.sum()
}

func (b *bench) measure(r *result, all [][]byte, length time.Duration) error {
	f, err := b.start(r.kind)
	if err != nil {
		return err
	}
	defer f.stop()
	c, err := connect(b.ctx, f.front, all)
	if err != nil {
		return err
	}
	defer c.Close()
	var broker, workers time.Duration
	var problem error
	clock := func() {
		b, w, err := f.cpu()
		broker, workers, problem = b-broker, w-workers, errors.Join(problem, err)
	}
	requests, took, err := c.load(warmUp, length, clock, clock)
	if err = errors.Join(err, problem); err != nil {
		return f.explain(err)
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(requests) }
	r.rate = append(r.rate, float64(requests)/took.Seconds())
	r.broker = append(r.broker, each(broker))
	r.workers = append(r.workers, each(workers))
	r.all = append(r.all, each(broker+workers))
	return nil
}

func printFleets(w io.Writer, results []*result) {
	fmt.Fprint(w, "\n× is the ratio to the Python fleet, the median over the runs; in brackets the bar, **bold** where it is missed.\n\n"+
		"| load | fleet | requests/s | × | lines/s | CPU µs/request: broker | workers | both | × |\n"+
		"|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		var rate, cpu string
		if r.against != nil {
			rate = lab.AtLeast(lab.MedianRatio(r.rate, r.against.rate), r.load.bar)
			cpu = lab.AtMost(lab.MedianRatio(r.all, r.against.all), 0)
		}
		fmt.Fprintf(w, "| %s | %s | %.0f | %s | %.0f | %.1f | %.1f | %.1f | %s |\n", r.load, r.kind.name, lab.Median(r.rate), rate,
			lab.Median(r.rate)*float64(r.load.lines), lab.Median(r.broker), lab.Median(r.workers), lab.Median(r.all), cpu)
	}
}
