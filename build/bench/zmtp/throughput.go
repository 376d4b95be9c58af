// Requests per second, CPU time and round trips, of each broker under each load.

package main

import (
	"fmt"
	"io"
	"slices"

	"trawl/build/bench/internal/lab"
)

// result holds the samples of one broker under one load, one for each run.
type result struct {
	broker  *broker
	load    load
	samples []lab.Sample
	against *result // that of the reference, with the samples of the same runs
}

// measureAll lets the brokers take turns under each load, run after run. The
// turn that begins changes, so that none always comes after the same.
func (b *bench) measureAll() ([]*result, error) {
	results := b.rows()
	for run := range b.Runs {
		for _, l := range loads {
			row := slices.DeleteFunc(slices.Clone(results), func(r *result) bool { return r.load != l })
			for i := range row {
				r := row[(i+run)%len(row)]
				lab.Progress(fmt.Sprintf("run %d of %d: %s: %s", run+1, b.Runs, r.broker.name, l))
				if err := b.measure(r); err != nil {
					lab.Progress("")
					return nil, fmt.Errorf("%s: %s: %w", r.broker.name, l, err)
				}
			}
		}
	}
	lab.Progress("")
	return results, nil
}

// rows returns empty results for what is to be measured.
func (b *bench) rows() []*result {
	var results []*result
	for _, l := range loads {
		against := &result{broker: reference, load: l}
		row := []*result{against}
		for _, k := range brokers[1:] {
			if b.wanted(k.name, l.String()) && (k.curve || !l.curve) {
				row = append(row, &result{broker: k, load: l, against: against})
			}
		}
		if len(row) > 1 || b.wanted(reference.name, l.String()) {
			results = append(results, row...)
		}
	}
	return results
}

func (b *bench) measure(r *result) error {
	s, err := b.start(r.broker, r.load.curve)
	if err != nil {
		return err
	}
	got, err := s.load(r.load, b.Seconds)
	if err == nil && got.Refused > 0 {
		err = fmt.Errorf("%d of %d requests were refused", got.Refused, got.Total)
	}
	if err != nil {
		return s.explain(err)
	}
	s.stop()
	r.samples = append(r.samples, got)
	return nil
}

// What is read from a sample.
func rate(s lab.Sample) float64 { return s.Rate() }
func cpu(s lab.Sample) float64  { return s.CPUPerRequest() }
func p50(s lab.Sample) float64  { return s.P50 }
func p99(s lab.Sample) float64  { return s.P99 }

// median of a value over the runs.
func (r *result) median(value func(lab.Sample) float64) float64 {
	return lab.Median(values(r.samples, value))
}

// ratio is the median of the ratios of the runs: what came shortly after one
// another is compared.
func (r *result) ratio(value func(lab.Sample) float64) float64 {
	mine, theirs := values(r.samples, value), values(r.against.samples, value)
	for i := range mine {
		mine[i] /= theirs[i]
	}
	return lab.Median(mine)
}

// bestRatio compares the best runs: for round trips, which a busy machine only
// makes longer.
func (r *result) bestRatio(value func(lab.Sample) float64) float64 {
	return slices.Min(values(r.samples, value)) / slices.Min(values(r.against.samples, value))
}

func values(samples []lab.Sample, value func(lab.Sample) float64) []float64 {
	var v []float64
	for _, s := range samples {
		v = append(v, value(s))
	}
	return v
}

func printThroughput(w io.Writer, results []*result) {
	if len(results) == 0 {
		return
	}
	fmt.Fprint(w, "\n× is the ratio to zmq_proxy: the median over the runs, for round trips that of the best runs.\n"+
		"In brackets the bar; **bold** where it is missed.\n\n"+
		"| load | broker | req/s | × | CPU µs/request | × | p50 µs | × | p99 µs | × |\n"+
		"|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintln(w, r.row())
	}
}

func (r *result) row() string {
	var ratios [4]string
	if r.against != nil {
		bars := r.broker.bars(r.load)
		ratios = [4]string{
			lab.AtLeast(r.ratio(rate), bars.rate), lab.AtMost(r.ratio(cpu), bars.cpu),
			lab.AtMost(r.bestRatio(p50), bars.trip), lab.AtMost(r.bestRatio(p99), bars.trip),
		}
	}
	return fmt.Sprintf("| %s | %s | %.0f | %s | %.1f | %s | %.0f | %s | %.0f | %s |", r.load, r.broker.name,
		r.median(rate), ratios[0], r.median(cpu), ratios[1], r.median(p50), ratios[2], r.median(p99), ratios[3])
}
