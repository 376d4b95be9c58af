// What a broker takes while there is nothing to do but heartbeats: CPU time and memory.

package main

import (
	"fmt"
	"io"
	"time"

	"trawl/build/bench/internal/lab"
	"trawl/edge/human"
)

// idleSize is how many workers there are, and the bars: part of a core, and bytes of memory; 0:
// none.
type idleSize struct {
	size
	busy     float64
	resident int64
}

func (s idleSize) String() string { return "idle, " + s.size.String() }

var quiet = []idleSize{{size: 4, busy: 0.001}, {size: 1000, busy: 0.01, resident: 45e6}}

const (
	settling = 3 * time.Second // until what connecting took is over
	idleTime = 10 * time.Second
)

func (b *bench) printIdle(w io.Writer, sizes []idleSize) error {
	fmt.Fprintf(w, "\nIdle for %v, heartbeats on; in brackets the bar, **bold** where it is missed.\n\n"+
		"| workers | broker | %% of a core | resident | most resident |\n|---|---|---|---|---|\n", idleTime)
	for _, s := range sizes {
		for _, r := range routers {
			lab.Progress(fmt.Sprintf("%s: %s", r.name, s))
			busy, resident, most, err := b.idle(r, s.size)
			lab.Progress("")
			if err != nil {
				return fmt.Errorf("%s: %s: %w", r.name, s, err)
			}
			bars := s
			if r == routers[0] {
				bars = idleSize{}
			}
			fmt.Fprintf(w, "| %d | %s | %s | %s | %s |\n", s.size, r.name, lab.AtMost(100*busy, 100*bars.busy),
				lab.AtMost(float64(resident)/1e6, float64(bars.resident)/1e6)+" MB", human.Bytes(most))
		}
	}
	return nil
}

// idle returns the part of a core that a broker takes with so many idle workers, and its
// memory in bytes: afterwards, and the most since its start.
func (b *bench) idle(r *router, s size) (busy float64, resident, most int64, err error) {
	f, err := b.startRouter(r, s)
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.stop()
	pid := f.processes[0].Process.Pid
	time.Sleep(settling)
	before, err := lab.CPU(pid)
	if err != nil {
		return 0, 0, 0, f.explain(err)
	}
	began := time.Now()
	time.Sleep(idleTime)
	after, err := lab.CPU(pid)
	busy = float64(after-before) / float64(time.Since(began))
	if err == nil {
		resident, err = lab.Memory(pid, "VmRSS")
	}
	if err == nil {
		most, err = lab.Memory(pid, "VmHWM")
	}
	return busy, resident, most, err
}
