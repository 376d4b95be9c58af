package main

import (
	"testing"

	"trawl/build/bench/internal/lab"
	"trawl/test/need"
)

// The benchmark itself works: simulated workers answer through each broker, and every answer
// is the request (libzmqpeer checks).
func TestSimulatedWorkersAnswerThroughEachBroker(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	need.Program(t, "gcc", "gcc")
	need.Path(t, "/usr/include/zmq.h", "libzmq3-dev")
	t.Chdir("../../..")
	b, err := prepare(t.Context(), t.TempDir(), lab.Options{Runs: 1, Seconds: 0.05}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	results, err := b.measureSizes([]size{40})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(routers) {
		t.Fatalf("%d results of %d brokers", len(results), len(routers))
	}
	for _, r := range results {
		if s := r.samples[0]; s.Requests == 0 || s.CPU <= 0 || s.P50 <= 0 || s.P99 < s.P50 || r.resident[0] <= 0 {
			t.Errorf("%s: %+v, %d bytes resident", r.router.name, s, r.resident[0])
		}
	}
}
