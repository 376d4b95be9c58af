//go:build holdtime

// Measuring how long the router's lock is held, for builds with the tag holdtime: asking
// the clock twice in each critical section costs too much for every broker.
package broker

import (
	"runtime"
	"time"
)

var (
	sectionBegan   time.Time // guarded by the lock of the only router of a process
	sectionLongest time.Duration
)

func (r *router) beganSection() { sectionBegan = time.Now() }

// endedSection logs every section that was longer than all before.
func (r *router) endedSection() {
	took := time.Since(sectionBegan)
	if took <= sectionLongest || took < 100*time.Microsecond {
		return
	}
	sectionLongest = took
	var by [8]uintptr
	frames := runtime.CallersFrames(by[:runtime.Callers(3, by[:])])
	caller, _ := frames.Next()
	r.log.Info("longest critical section", "took", took, "visited", r.visited, "in", caller.Function)
}
