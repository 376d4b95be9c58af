//go:build holdtime

package broker

// Measuring how long the router's lock is held, for builds with the tag holdtime: asking
// the clock twice in each critical section costs too much for every broker.

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

var (
	sectionBegan   time.Time // guarded by the lock of the only router of a process
	sectionLongest time.Duration
)

func (r *router) beganSection() { sectionBegan = time.Now() }

// endedSection logs every section that was longer than all before, and appends it (microseconds,
// items visited, function) to the file that TRAWL_HOLDTIME names, so that the brokers of many tests
// can be looked at together.
func (r *router) endedSection() {
	took := time.Since(sectionBegan)
	if took <= sectionLongest || took < 100*time.Microsecond {
		return
	}
	sectionLongest = took
	var by [8]uintptr
	frames := runtime.CallersFrames(by[:runtime.Callers(4, by[:])])
	caller, _ := frames.Next()
	r.log.Info("longest critical section", "took", took, "visited", r.visited, "in", caller.Function)
	if path := os.Getenv("TRAWL_HOLDTIME"); path != "" {
		if f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
			fmt.Fprintln(f, took.Microseconds(), r.visited, caller.Function)
			_ = f.Close()
		}
	}
}
