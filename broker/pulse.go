package broker

import "time"

// pulseTime is the time between two calls of Options.Pulse.
const pulseTime = time.Second

// Pulse is how a broker is at a moment.
type Pulse struct {
	Clients  int // connected
	Workers  int // connected
	Pending  int // requests not answered yet
	Stopping bool
}

// pulse shows that the broker does not hang: whoever holds the router's lock for
// ever, or keeps tick from coming round, stops it.
func (b *Broker) pulse(stopping bool) {
	if b.options.Pulse == nil {
		return
	}
	r := b.router
	r.lock()
	p := Pulse{Clients: r.numClients(), Workers: r.workers.len(), Pending: r.pending, Stopping: stopping}
	r.unlock()
	b.options.Pulse(p)
}
