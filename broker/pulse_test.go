package broker

import (
	"testing"
	"time"
)

func TestPulseTellsHowTheBrokerIs(t *testing.T) {
	pulses := make(chan Pulse, 100)
	r := start(t, func(o *Options) { o.Pulse = func(p Pulse) { pulses <- p } })
	if first := waitPulse(t, pulses, func(Pulse) bool { return true }); first != (Pulse{}) {
		t.Errorf("the first pulse is %+v", first)
	}
	r.worker("w", 1)
	c := r.client()
	c.send(`{"id":"1","rules":"nobody"}`, "text")
	waitPulse(t, pulses, func(p Pulse) bool { return p.Clients == 1 && p.Workers == 1 && p.Pending == 1 && !p.Stopping })
	r.shutdown()
	waitPulse(t, pulses, func(p Pulse) bool { return p.Stopping })
}

func TestBrokerThatHangsHasNoPulse(t *testing.T) {
	pulses := make(chan Pulse, 100)
	r := start(t, func(o *Options) { o.Pulse = func(p Pulse) { pulses <- p } })
	waitPulse(t, pulses, func(Pulse) bool { return true })
	r.broker.router.mu.Lock()
	for len(pulses) > 0 {
		<-pulses
	}
	select {
	case p := <-pulses:
		t.Errorf("a pulse of a broker that hangs: %+v", p)
	case <-time.After(pulseTime * 5 / 4):
	}
	r.broker.router.mu.Unlock()
	waitPulse(t, pulses, func(Pulse) bool { return true })
}

func waitPulse(t *testing.T, pulses <-chan Pulse, is func(Pulse) bool) Pulse {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case p := <-pulses:
			if is(p) {
				return p
			}
		case <-late:
			t.Fatal("no such pulse came")
		}
	}
}
