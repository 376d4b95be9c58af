package broker

// The sign of life that a broker gives to the service manager.

import "time"

// pulseTime is the time between two calls of Options.Pulse, at most.
const pulseTime = time.Second

// Pulse is how a broker is at a moment.
type Pulse struct {
	Clients  int // connected
	Workers  int // connected
	Pending  int // requests not answered yet
	Stopping bool
}

// pulses calls for a pulse every pulseTime. One that is nearly due goes with something
// else: an idle process is woken less often.
type pulses struct {
	broker *Broker
	latest time.Time
	due    *time.Timer
}

// newPulses begins with a pulse.
func (b *Broker) newPulses() *pulses {
	p := &pulses{broker: b, due: time.NewTimer(pulseTime)}
	p.pulse(time.Now())
	return p
}

func (p *pulses) pulse(now time.Time) {
	p.latest = now
	p.due.Reset(pulseTime)
	p.broker.pulse(p.broker.stopping.Load())
}

func (p *pulses) pulseWith(now time.Time) {
	if now.Sub(p.latest) > pulseTime*3/4 {
		p.pulse(now)
	}
}

// pulse shows that the broker does not hang: whoever holds the router's lock for
// ever, or keeps tick from coming round, stops it.
func (b *Broker) pulse(stopping bool) {
	if b.options.Pulse == nil {
		return
	}
	p := b.router.pulse()
	p.Stopping = stopping
	b.options.Pulse(p)
}

// pulse returns how many peers and requests there are.
func (r monitor) pulse() Pulse {
	r.lock()
	defer r.unlock()
	return Pulse{Clients: r.numClients(), Workers: r.workers.len(), Pending: r.pending}
}
