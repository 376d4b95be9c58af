package worker

// Health: what a worker tells its service manager, about once a second.

import (
	"sync"
	"time"
)

const (
	// reportTime is the time between two calls of Options.Report.
	reportTime = time.Second
	// hungTime is how long a request may be on a slot after its deadline. A scan looks at the clock
	// all the time, so a slot with a request beyond hungTime will not come back.
	hungTime = time.Minute
)

// Health is how a worker is at a moment.
type Health struct {
	Connected int // brokers that are connected and have welcomed this worker
	Brokers   int // all brokers in the options
	Waiting   int // requests that wait for a slot
	Running   int // requests that have a slot
	Stopping  bool
	// Refused is BROKER: REASON of the first broker that does not take this worker as it is, such as
	// for its name or key. Empty: no broker refuses it.
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

// report calls Options.Report. It takes every lock that a request has to pass, and does not call
// while a slot hangs: so a report shows that the worker does not hang.
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
