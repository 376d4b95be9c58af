package worker

// Health: the state of a worker, reported about once a second for the service manager.

import (
	"sync"
	"time"
)

const (
	// reportTime is the time between two calls of Options.Report.
	reportTime = time.Second
	// hungTime is how long a request may be on a slot after its deadline. Scans look at the clock all
	// the time: a slot with a request beyond hungTime will not come back.
	hungTime = time.Minute
)

// Health is the state of a worker at a moment.
type Health struct {
	Connected int // brokers connected, after their welcome
	Brokers   int // all brokers in the options
	Waiting   int // requests waiting for a slot
	Running   int // requests with a slot
	Stopping  bool
	// Refused is BROKER: REASON of the first broker refusing this worker, for a name or key, say.
	// Empty: no broker refuses.
	Refused string
}

// startReports calls Options.Report at once and then every reportTime, until stop is called.
func (w *worker) startReports() (stop func()) {
	if w.options.Report == nil {
		return func() {}
	}
	w.report()
	done := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() {
		ticks := time.NewTicker(reportTime)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				w.report()
			}
		}
	})
	return func() {
		close(done)
		reporting.Wait()
	}
}

// report calls Options.Report, unless a slot hangs. report takes every lock on the path of a request:
// a report means that the worker does not hang.
func (w *worker) report() {
	if w.options.Report == nil {
		return
	}
	h := Health{Brokers: len(w.links), Stopping: w.draining.Load()}
	for _, l := range w.links {
		l.mu.Lock()
		if l.welcome != nil {
			h.Connected++
		}
		if l.refusal != "" && h.Refused == "" {
			h.Refused = l.broker + ": " + l.refusal
		}
		l.mu.Unlock()
	}
	var hung int
	h.Waiting, h.Running, hung = w.jobs.load(time.Now())
	if hung == 0 {
		w.options.Report(h)
	} else if w.hangLogged.CompareAndSwap(false, true) {
		w.options.Log.Error("matching hangs: a request is on a slot long after its deadline; a service manager with a watchdog restarts this worker", "slots", hung)
	}
}
