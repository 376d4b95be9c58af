// The brokers that are compared, the loads on them, and the bars.

package main

import (
	"fmt"
	"strconv"
)

const workers = 2

// load is what the client does.
type load struct {
	size, inFlight int // bytes of a request; requests that wait for answers at once
	curve          bool
}

func (l load) String() string {
	mechanism := "NULL"
	if l.curve {
		mechanism = "CURVE"
	}
	size := strconv.Itoa(l.size) + " B"
	if l.size >= 1<<10 {
		size = strconv.Itoa(l.size>>10) + " KB"
	}
	return fmt.Sprintf("%s, %s, %d in flight", size, mechanism, l.inFlight)
}

var loads = []load{
	{size: 256, inFlight: 64},
	{size: 16 << 10, inFlight: 64},
	{size: 256, inFlight: 1},
	{size: 16 << 10, inFlight: 1},
	{size: 256, inFlight: 64, curve: true},
	{size: 16 << 10, inFlight: 64, curve: true},
	{size: 256, inFlight: 1, curve: true},
	{size: 16 << 10, inFlight: 1, curve: true},
}

// broker is one of those compared.
type broker struct {
	name    string
	curve   bool                                                           // can do CURVE
	backs   int                                                            // endpoints for workers
	command func(t *tools, front string, backs []string, k *keys) []string // k is nil without CURVE
	bars    func(l load) bars
}

// reference is what the others are compared with.
var reference = &broker{
	name: "zmq_proxy", curve: true, backs: 1,
	command: func(t *tools, front string, backs []string, k *keys) []string {
		argv := []string{t.peer, "proxy", "--front", front, "--back", backs[0]}
		if k != nil {
			argv = append(argv, "--secret", k.broker.secret)
		}
		return argv
	},
	bars: func(load) bars { return bars{} },
}

var engine = &broker{
	name: "engine", curve: true, backs: 1,
	command: func(t *tools, front string, backs []string, k *keys) []string {
		argv := []string{t.engine}
		if k != nil {
			argv = append(argv, "-curve-secret", k.broker.secret)
		}
		return append(argv, front, backs[0])
	},
	bars: func(l load) bars {
		switch {
		case l.inFlight == 1 && !l.curve:
			return bars{trip: 1}
		case l.size == 256 && l.inFlight == 64 && !l.curve:
			return bars{rate: 1.1, cpu: 0.65}
		case l.size == 256 && l.inFlight == 64 && l.curve:
			return bars{rate: 0.8}
		}
		return bars{}
	},
}

var product = &broker{
	name: "trawl broker", curve: true, backs: 1,
	command: func(t *tools, front string, backs []string, k *keys) []string {
		argv := []string{t.trawl, "broker", "--clients", front, "--workers", backs[0], "--http", "off", "--log-level", "warn"}
		if k != nil {
			argv = append(argv, "--key", k.file, "--allowed-keys", k.allowed)
		}
		return argv
	},
	bars: func(l load) bars {
		switch {
		case l.inFlight == 1 && !l.curve:
			return bars{trip: 1}
		case l.size == 256 && l.inFlight == 64 && !l.curve:
			return bars{rate: 1, cpu: 0.75}
		case l.size == 16<<10 && l.inFlight == 64 && !l.curve:
			return bars{rate: 1.4, cpu: 0.55}
		}
		return bars{}
	},
}

var zmq4 = &broker{
	name: "go-zeromq/zmq4", backs: workers,
	command: func(t *tools, front string, backs []string, _ *keys) []string {
		return append([]string{t.zmq4, front}, backs...)
	},
	bars: func(load) bars { return bars{} },
}

// brokers begins with the reference.
var brokers = []*broker{reference, engine, product, zmq4}

// bars are ratios to the reference; 0: none.
type bars struct {
	rate float64 // requests per second: at least
	cpu  float64 // CPU time per request: at most
	trip float64 // p50 and p99 of the round trip: at most
}
