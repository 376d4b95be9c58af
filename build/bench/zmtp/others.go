// What is not throughput: memory, allocations, and clients that suffer from
// others.

package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"time"

	productbroker "trawl/broker"
	"trawl/build/bench/internal/lab"
	"trawl/edge/human"
	"trawl/edge/zmtp"
)

// other is a row of the second table.
type other struct {
	what   string
	broker *broker
	bar    string
	value  func(b *bench, k *broker) (text string, missed bool, err error)
}

const (
	idleConnections = 100
	idleBar         = 12 << 20 // bytes
	slowBar         = 5000.0   // µs
	allocationsBar  = 1.0
)

var others = []other{
	{"allocations per routed message, 256 B", engine, "≤ 1", engineAllocations},
	{"allocations per routed message, 256 B", product, "≤ 1", productAllocations},
	{"resident memory, 100 idle connections", reference, "", idleMemory},
	{"resident memory, 100 idle connections", engine, "≤ 12 MB", idleMemory},
	{"resident memory, 100 idle connections", product, "≤ 12 MB", idleMemory},
	{"beside a client that never reads", reference, "", besideStuck},
	{"beside a client that never reads", engine, "p99 < 5 ms", besideStuck},
	{"beside a client that never reads", product, "p99 < 5 ms", besideStuck},
	{"beside 64 KB at full speed as well", reference, "", besideFlood},
	{"beside 64 KB at full speed as well", engine, "", besideFlood}, // it admits everything: the flood fills the workers' queues
	{"beside 64 KB at full speed as well", product, "p99 < 5 ms", besideFlood},
}

func (b *bench) printOthers(w io.Writer) error {
	var rows []string
	for _, o := range others {
		if !b.wanted(o.broker.name, o.what) {
			continue
		}
		lab.Progress(o.broker.name + ": " + o.what)
		value, missed, err := o.value(b, o.broker)
		if err != nil {
			lab.Progress("")
			return fmt.Errorf("%s: %s: %w", o.broker.name, o.what, err)
		}
		if missed && o.bar != "" {
			value = "**" + value + "**"
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |\n", o.what, o.broker.name, value, o.bar))
	}
	lab.Progress("")
	if len(rows) > 0 {
		fmt.Fprintf(w, "\n| measure | broker | value | bar |\n|---|---|---|---|\n%s", strings.Join(rows, ""))
	}
	return nil
}

// ---- allocations ----

var smallRequests = load{size: 256, inFlight: 64}

// engineAllocations asks the proxy for its count before and after a load. A
// first load fills its pools.
func engineAllocations(b *bench, k *broker) (string, bool, error) {
	s, err := b.start(k, false)
	if err != nil {
		return "", false, err
	}
	defer s.stop()
	return s.allocations(b.Seconds, func() (uint64, error) {
		if _, err := io.WriteString(s.broker.stdin, "mallocs\n"); err != nil {
			return 0, err
		}
		return strconv.ParseUint(s.broker.line(), 10, 64)
	})
}

// productAllocations has the broker in this process, which does nothing else
// meanwhile.
func productAllocations(b *bench, _ *broker) (string, bool, error) {
	front, back := lab.FreeEndpoint(), lab.FreeEndpoint()
	k, err := productbroker.Listen(productbroker.Options{Clients: []string{front}, Workers: []string{back}})
	if err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithCancel(b.ctx)
	served := make(chan error, 1)
	go func() { served <- k.Serve(ctx) }()
	s := &setup{b: b, front: front, backs: []string{back}}
	defer func() {
		s.stop()
		cancel()
		<-served
	}()
	if err := s.connectWorkers(); err != nil {
		return "", false, err
	}
	return s.allocations(b.Seconds, func() (uint64, error) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.Mallocs, nil
	})
}

// allocations counts those of a load. A request is two routed messages: there,
// and back.
func (s *setup) allocations(seconds float64, count func() (uint64, error)) (string, bool, error) {
	if _, err := s.load(smallRequests, seconds); err != nil {
		return "", false, err
	}
	before, err := count()
	if err != nil {
		return "", false, err
	}
	got, err := s.load(smallRequests, seconds)
	if err != nil {
		return "", false, err
	}
	after, err := count()
	perMessage := float64(after-before) / float64(2*got.Total)
	return fmt.Sprintf("%.2f", perMessage), perMessage > allocationsBar, err
}

// ---- memory ----

func idleMemory(b *bench, k *broker) (string, bool, error) {
	s, err := b.start(k, false)
	if err != nil {
		return "", false, err
	}
	defer s.stop()
	without, err := s.broker.memory("VmRSS")
	if err != nil {
		return "", false, err
	}
	for range idleConnections {
		c, err := zmtp.Dial(b.ctx, s.front, zmtp.Options{SocketType: "DEALER"})
		if err != nil {
			return "", false, err
		}
		defer c.Close()
	}
	time.Sleep(time.Second) // what the handshakes took is given back, or not
	with, err := s.broker.memory("VmRSS")
	return fmt.Sprintf("%s (%s without)", human.Bytes(with), human.Bytes(without)), with > idleBar, err
}

// ---- clients that others make suffer ----

// stuckRequests and floodRequests are the nuisances: 16 KB a thousand times a
// second without reading an answer, and 64 KB as fast as it goes with 200
// requests in flight (less than a send queue takes, or it would be cut off).
var (
	stuckRequests = []string{"--size", "16384", "--rate", "1000", "--never-read"}
	floodRequests = []string{"--size", "65536", "--in-flight", "200"}
)

func besideStuck(b *bench, k *broker) (string, bool, error) { return b.beside(k, stuckRequests) }
func besideFlood(b *bench, k *broker) (string, bool, error) {
	return b.beside(k, stuckRequests, floodRequests)
}

// beside measures one client with one request in flight while others misbehave.
func (b *bench) beside(k *broker, nuisances ...[]string) (string, bool, error) {
	var samples []lab.Sample
	var peak int64
	refused, total := 0, 0
	for range b.Runs {
		got, memory, err := b.besideOnce(k, nuisances)
		if err != nil {
			return "", false, err
		}
		samples = append(samples, got)
		peak = max(peak, memory)
		refused += got.Refused
		total += got.Total
	}
	late := lab.Median(values(samples, p99))
	text := fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, peak %s", lab.Median(values(samples, p50))/1e3, late/1e3, human.Bytes(peak))
	if refused > 0 {
		text += fmt.Sprintf(", %d of %d refused", refused, total)
	}
	return text, late >= slowBar || refused > 0, nil
}

func (b *bench) besideOnce(k *broker, nuisances [][]string) (got lab.Sample, peak int64, err error) {
	s, err := b.start(k, false)
	if err != nil {
		return lab.Sample{}, 0, err
	}
	defer s.stop()
	for _, args := range nuisances {
		if _, err := s.peer("flood", s.front, args...); err != nil {
			return lab.Sample{}, 0, err
		}
	}
	time.Sleep(time.Second) // queues fill
	if got, err = s.load(load{size: 256, inFlight: 1}, b.Seconds); err != nil {
		return lab.Sample{}, 0, err
	}
	peak, err = s.broker.memory("VmHWM")
	return got, peak, err
}
