// The peer in C over libzmq, build/bench/zmtp/libzmqpeer: how it is built, and
// what its client measures.

package lab

import (
	"encoding/json"
	"fmt"
	"path/filepath"
)

// BuildLibzmqPeer is the command for Build that makes the peer; it wants gcc and libzmq's
// headers, and to be run in the root of the repository.
func BuildLibzmqPeer(program string) ([]string, error) {
	const folder = "build/bench/zmtp/libzmqpeer"
	sources, err := filepath.Glob(folder + "/*.c")
	if err != nil || len(sources) == 0 {
		return nil, fmt.Errorf("%s is not here; run this in the root of the repository", folder)
	}
	argv := append([]string{"gcc", "-std=gnu11", "-O2", "-Wall", "-o", program}, sources...)
	return append(argv, "-lzmq"), nil
}

// Sample is what the peer's command load prints: a client's measurement.
type Sample struct {
	Requests int     `json:"requests"` // during the measurement
	Total    int     `json:"total"`    // with the warm-up
	Refused  int     `json:"refused"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu_us"` // of the broker's process, in µs
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
}

// ParseSample reads a line of the client.
func ParseSample(line []byte) (s Sample, err error) {
	if err = json.Unmarshal(line, &s); err != nil {
		err = fmt.Errorf("the client says %q: %w", line, err)
	}
	return s, err
}

// Rate is the number of requests per second.
func (s Sample) Rate() float64 { return float64(s.Requests) / s.Seconds }

// CPUPerRequest is the broker's CPU time, in µs.
func (s Sample) CPUPerRequest() float64 { return s.CPU / float64(s.Requests) }
