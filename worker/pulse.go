package worker

import (
	"sync"
	"time"
)

const (
	// pulseTime is the time between two calls of Options.Pulse.
	pulseTime = time.Second
	// hungTime is how long after its deadline a request may still be on a slot:
	// matching looks at the clock all the time, so a slot with one beyond it
	// will not come back.
	hungTime = time.Minute
)

// Pulse is how a worker is at a moment.
type Pulse struct {
	Connected int // brokers that have welcomed this worker, and are connected
	Brokers   int // that it is to serve
	Waiting   int // requests that wait for a slot
	Running   int // requests that a slot has
	Stopping  bool
	// Refused is BROKER: REASON of the first broker that does not take this worker as
	// it is, for its name or key for example; empty: none does so.
	Refused string
}

// startPulse calls Options.Pulse at once and then again and again, until the
// function returned is called.
func (w *state) startPulse() (stop func()) {
	if w.options.Pulse == nil {
		return func() {}
	}
	w.pulse()
	done := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		ticks := time.NewTicker(pulseTime)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				w.pulse()
			}
		}
	})
	return func() {
		close(done)
		beating.Wait()
	}
}

// pulse shows that the worker does not hang. It takes every lock that a request
// has to pass, and is silent while a slot does not come back.
func (w *state) pulse() {
	if w.options.Pulse == nil {
		return
	}
	p := Pulse{Brokers: len(w.links), Stopping: w.draining.Load()}
	for _, l := range w.links {
		l.mu.Lock()
		if l.welcome != nil {
			p.Connected++
		}
		if l.refusal != "" && p.Refused == "" {
			p.Refused = l.broker + ": " + l.refusal
		}
		l.mu.Unlock()
	}
	var hung int
	p.Waiting, p.Running, hung = w.jobs.load(time.Now())
	if hung == 0 {
		w.options.Pulse(p)
	} else if w.hangs.CompareAndSwap(false, true) {
		w.options.Log.Error("matching hangs: a request is on a slot long after its deadline; a service manager with a watchdog restarts this worker", "slots", hung)
	}
}

// load counts what waits and what runs, and slots that do not come back.
func (q *queue) load(now time.Time) (waiting, running, hung int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.running {
		if r.slot == nil { // it waits for answers
			continue
		}
		if running++; now.Sub(r.deadline) > hungTime {
			hung++
		}
	}
	return len(q.jobs), running, hung
}
