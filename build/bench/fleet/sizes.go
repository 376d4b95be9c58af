// How the broker's cost grows with the fleet: requests per second, CPU time and round
// trips beside zmq_proxy, with many simulated workers that answer at once.

package main

import (
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"trawl/build/bench/internal/lab"
	"trawl/edge/human"
)

// size is how many workers there are.
type size int

func (s size) String() string { return fmt.Sprintf("%d workers", int(s)) }

var sizes = []size{2, 20, 200, 1000}

const (
	bodyBytes = 256 // of a request
	rateBar   = 1.0 // requests per second: at least so many times those of zmq_proxy
)

// router is a broker without any work but passing messages.
type router struct {
	name    string
	command func(b *bench, front, back string) []string
	workers string // kind of the simulator's
}

// routers begins with the reference.
var routers = []*router{
	{"zmq_proxy", func(b *bench, front, back string) []string {
		return []string{b.libzmq, "proxy", "--front", front, "--back", back}
	}, "rep"},
	{"trawl broker", (*bench).brokerCommand, "trawl"},
}

// startRouter returns when all workers are connected. The caller stops the fleet.
func (b *bench) startRouter(r *router, s size) (*fleet, error) {
	f := &fleet{front: lab.FreeEndpoint()}
	back := lab.FreeEndpoint()
	err := f.run(b.ctx, r.command(b, f.front, back)...)
	if err == nil {
		err = f.runReady(b.ctx, b.simulator, r.workers, back, strconv.Itoa(int(s)))
	}
	if err != nil {
		return nil, f.explain(err)
	}
	return f, nil
}

// sizeResult holds what was measured of one broker with so many workers, a sample a run.
type sizeResult struct {
	router   *router
	size     size
	samples  []lab.Sample
	resident []int64 // bytes, of the broker after the load
}

// measureSizes lets the brokers take turns, and changes who begins. Results of the
// reference come before those of the others with as many workers.
func (b *bench) measureSizes(sizes []size) ([]*sizeResult, error) {
	defer lab.Progress("")
	var results []*sizeResult
	for _, s := range sizes {
		var row []*sizeResult
		for _, r := range routers {
			row = append(row, &sizeResult{router: r, size: s})
		}
		results = append(results, row...)
		for run := range b.Runs {
			for i := range row {
				r := row[(i+run)%len(row)]
				lab.Progress(fmt.Sprintf("run %d of %d: %s: %s", run+1, b.Runs, r.router.name, s))
				if err := b.measureSize(r); err != nil {
					return nil, fmt.Errorf("%s: %s: %w", r.router.name, s, err)
				}
			}
		}
	}
	return results, nil
}

func (b *bench) measureSize(r *sizeResult) error {
	f, err := b.startRouter(r.router, r.size)
	if err != nil {
		return err
	}
	defer f.stop()
	pid := f.processes[0].Process.Pid
	line, err := exec.CommandContext(b.ctx, b.libzmq, "load", "--connect", f.front, "--size", strconv.Itoa(bodyBytes),
		"--in-flight", strconv.Itoa(inFlight), "--seconds", strconv.FormatFloat(b.Seconds, 'f', 3, 64), "--cpu-of", strconv.Itoa(pid)).Output()
	if err != nil {
		return f.explain(fmt.Errorf("the client: %w", err))
	}
	s, err := lab.ParseSample(line)
	if err != nil {
		return err
	}
	if s.Refused > 0 {
		return fmt.Errorf("%d of %d requests were refused", s.Refused, s.Total)
	}
	resident, err := lab.Memory(pid, "VmRSS")
	r.samples, r.resident = append(r.samples, s), append(r.resident, resident)
	return err
}

func printSizes(w io.Writer, results []*sizeResult) {
	fmt.Fprintf(w, "\nSimulated workers, %d B. × is the ratio to zmq_proxy, the median over the runs; in brackets the bar, **bold** where it is missed.\n\n"+
		"| workers | broker | requests/s | × | CPU µs/request | × | p50 µs | p99 µs | resident |\n"+
		"|---|---|---|---|---|---|---|---|---|\n", bodyBytes)
	var reference *sizeResult
	for _, r := range results {
		var rate, cpu string
		if r.router == routers[0] {
			reference = r
		} else {
			rate = lab.AtLeast(lab.MedianRatio(r.each(lab.Sample.Rate), reference.each(lab.Sample.Rate)), rateBar)
			cpu = lab.AtMost(lab.MedianRatio(r.each(lab.Sample.CPUPerRequest), reference.each(lab.Sample.CPUPerRequest)), 0)
		}
		fmt.Fprintf(w, "| %d | %s | %.0f | %s | %.1f | %s | %.0f | %.0f | %s |\n", r.size, r.router.name,
			r.median(lab.Sample.Rate), rate, r.median(lab.Sample.CPUPerRequest), cpu,
			r.median(func(s lab.Sample) float64 { return s.P50 }), r.median(func(s lab.Sample) float64 { return s.P99 }),
			human.Bytes(lab.Median(r.resident)))
	}
}

func (r *sizeResult) each(value func(lab.Sample) float64) (values []float64) {
	for _, s := range r.samples {
		values = append(values, value(s))
	}
	return values
}

func (r *sizeResult) median(value func(lab.Sample) float64) float64 { return lab.Median(r.each(value)) }
