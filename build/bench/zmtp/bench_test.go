package main

import (
	"regexp"
	"strings"
	"testing"

	"trawl/build/bench/internal/lab"
	"trawl/test/need"
)

func TestRatiosAreThoseOfTheSameRun(t *testing.T) {
	sampled := func(rates ...int) (s []lab.Sample) {
		for _, r := range rates {
			s = append(s, lab.Sample{Requests: r, Seconds: 1, P50: float64(r)})
		}
		return s
	}
	// The machine was half as fast in the second run.
	theirs := &result{broker: reference, load: loads[0], samples: sampled(100, 50, 110)}
	mine := &result{broker: engine, load: loads[0], samples: sampled(120, 60, 121), against: theirs}
	if got := mine.ratio(rate); got != 1.2 {
		t.Errorf("ratio %v, want 1.2", got)
	}
	if got := mine.median(rate); got != 120 {
		t.Errorf("median %v, want 120", got)
	}
	if got := mine.bestRatio(p50); got != 1.2 {
		t.Errorf("ratio of the best runs %v, want 60/50", got)
	}
}

func TestOnlyChosenRowsAreMeasuredBesideTheReference(t *testing.T) {
	b := &bench{Options: lab.Options{Only: regexp.MustCompile("engine: 256 B, CURVE, 1 in")}}
	var rows []string
	for _, r := range b.rows() {
		rows = append(rows, r.broker.name+": "+r.load.String())
	}
	if got := strings.Join(rows, "; "); got != "zmq_proxy: 256 B, CURVE, 1 in flight; engine: 256 B, CURVE, 1 in flight" {
		t.Errorf("rows: %s", got)
	}
}

// The benchmark itself works: one short measurement of each broker.
func TestEveryBrokerAnswersUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	need.Program(t, "gcc", "gcc")
	need.Path(t, "/usr/include/zmq.h", "libzmq3-dev")
	t.Chdir("../../..")
	b := &bench{ctx: t.Context(), Options: lab.Options{Seconds: 0.05}}
	out := t.TempDir()
	var err error
	if b.tools, err = buildTools(b.ctx, out); err != nil {
		t.Fatal(err)
	}
	if b.keys, err = newKeys(b.ctx, b.tools, out); err != nil {
		t.Fatal(err)
	}
	for _, k := range brokers {
		for _, curve := range []bool{false, true} {
			if curve && !k.curve {
				continue
			}
			r := &result{broker: k, load: load{size: 256, inFlight: 8, curve: curve}}
			if err := b.measure(r); err != nil {
				t.Errorf("%s: %v", k.name, err)
			} else if s := r.samples[0]; s.Requests == 0 || s.CPU <= 0 || s.P50 <= 0 || s.P99 < s.P50 {
				t.Errorf("%s: %+v", k.name, s)
			}
		}
	}
}
