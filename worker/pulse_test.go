package worker

import (
	"context"
	"testing"
	"time"

	"trawl/edge/match"
)

func TestPulseTellsHowTheWorkerIs(t *testing.T) {
	b := listen(t)
	pulses := make(chan Pulse, 100)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Brokers: []string{b.endpoint, "inproc://nobody-listens"}, Rules: map[string]*match.Pack{"default": pack(t, "he")},
			Pulse: func(p Pulse) { pulses <- p },
		})
	}()
	waitPulse(t, pulses, func(p Pulse) bool { return p == Pulse{Brokers: 2} }) // ready without any broker
	b.welcome(time.Second)
	waitPulse(t, pulses, func(p Pulse) bool { return p == Pulse{Brokers: 2, Connected: 1} })
	stop()
	waitPulse(t, pulses, func(p Pulse) bool { return p.Stopping })
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func waitPulse(t *testing.T, pulses <-chan Pulse, is func(Pulse) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case p := <-pulses:
			if is(p) {
				return
			}
		case <-late:
			t.Fatal("no such pulse came")
		}
	}
}

func TestWorkerWithASlotThatHangsHasNoPulse(t *testing.T) {
	pulses := 0
	w := &state{jobs: newQueue(), options: Options{Pulse: func(Pulse) { pulses++ }}.withDefaults()}
	w.jobs.open([]*slot{{}}, func() {})
	for _, c := range []struct {
		name     string
		deadline time.Time
		want     int
	}{
		{"in time", time.Now().Add(time.Hour), 1},
		{"a little late: it may be about to stop", time.Now().Add(-time.Second), 1},
		{"long after its deadline", time.Now().Add(-2 * hungTime), 0},
	} {
		var slot running
		w.jobs.push(job{deadline: c.deadline})
		if _, ok := w.jobs.pop(&slot, func() {}); !ok {
			t.Fatal("no job")
		}
		pulses = 0
		w.jobs.wait(&slot)
		if w.pulse(); pulses != 1 {
			t.Errorf("%s, but waiting for answers: no pulse", c.name)
		}
		w.jobs.resume(&slot)
		pulses = 0
		w.pulse()
		if pulses != c.want {
			t.Errorf("%s: %d pulses, want %d", c.name, pulses, c.want)
		}
		w.jobs.done(&slot)
		w.pulse()
		if pulses != c.want+1 {
			t.Errorf("%s: no pulse once it came back", c.name)
		}
	}
}
