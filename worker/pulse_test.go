package worker

import (
	"context"
	"log/slog"
	"strings"
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

// A worker that is refused says so in its pulse, and once in its log however often it
// asks.
func TestRefusalIsInThePulseAndOnceInTheLog(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	pulses := make(chan Pulse, 1000)
	o.Pulse = func(p Pulse) { pulses <- p }
	var log syncBuffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	o.refusedPause = time.Millisecond
	run(t, o)
	for range 5 {
		l := b.accept()
		l.recv()
		l.send("X", `{"error":{"code":"forbidden","message":"name taken"}}`)
	}
	waitPulse(t, pulses, func(p Pulse) bool { return p == Pulse{Brokers: 1, Refused: b.endpoint + ": name taken"} })
	for range 2 { // as a broker of before answers on its endpoint for clients
		l := b.accept()
		l.recv()
		l.send(`{"error":{"code":"bad_request","message":"no header"}}`)
	}
	waitPulse(t, pulses, func(p Pulse) bool { return strings.Contains(p.Refused, "endpoint for clients") && p.Connected == 0 })
	b.welcome(time.Minute)
	waitPulse(t, pulses, func(p Pulse) bool { return p == Pulse{Brokers: 1, Connected: 1} })
	text := log.String()
	if strings.Count(text, "level=ERROR") != 2 || strings.Count(text, "name taken") != 1 || strings.Count(text, "endpoint for clients") != 1 || strings.Contains(text, "not connected") {
		t.Errorf("log:\n%s", text)
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
