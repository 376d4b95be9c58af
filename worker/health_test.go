package worker

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"trawl/edge/match"
)

func TestHealthIsReported(t *testing.T) {
	b := listen(t)
	reports := make(chan Health, 100)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Brokers: []string{b.endpoint, "inproc://nobody-listens"}, Rules: map[string]*match.Pack{"default": pack(t, "he")},
			Report: func(h Health) { reports <- h },
		})
	}()
	waitHealth(t, reports, func(h Health) bool { return h == Health{Brokers: 2} }) // ready without any broker
	b.welcome(time.Second)
	waitHealth(t, reports, func(h Health) bool { return h == Health{Brokers: 2, Connected: 1} })
	stop()
	waitHealth(t, reports, func(h Health) bool { return h.Stopping })
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A worker that is refused reports it, and logs it once however often it
// asks.
func TestRefusalIsReportedAndLoggedOnce(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	reports := make(chan Health, 1000)
	o.Report = func(h Health) { reports <- h }
	var log syncBuffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	o.refusedPause = time.Millisecond
	run(t, o)
	for range 5 {
		l := b.accept()
		l.recv()
		l.send("X", `{"error":{"code":"forbidden","message":"name taken"}}`)
	}
	waitHealth(t, reports, func(h Health) bool { return h == Health{Brokers: 1, Refused: b.endpoint + ": name taken"} })
	for range 2 { // as a broker of before answers on its endpoint for clients
		l := b.accept()
		l.recv()
		l.send(`{"error":{"code":"bad_request","message":"no header"}}`)
	}
	waitHealth(t, reports, func(h Health) bool { return strings.Contains(h.Refused, "endpoint for clients") && h.Connected == 0 })
	b.welcome(time.Minute)
	waitHealth(t, reports, func(h Health) bool { return h == Health{Brokers: 1, Connected: 1} })
	text := log.String()
	if strings.Count(text, "level=ERROR") != 2 || strings.Count(text, "name taken") != 1 || strings.Count(text, "endpoint for clients") != 1 || strings.Contains(text, "not connected") {
		t.Errorf("log:\n%s", text)
	}
}

func waitHealth(t *testing.T, reports <-chan Health, is func(Health) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case h := <-reports:
			if is(h) {
				return
			}
		case <-late:
			t.Fatal("no such report came")
		}
	}
}

func TestWorkerWithASlotThatHangsReportsNothing(t *testing.T) {
	reports := 0
	w := &worker{jobs: newQueue(), options: Options{Report: func(Health) { reports++ }}.withDefaults()}
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
		var e execution
		w.jobs.push(job{deadline: c.deadline})
		if !w.jobs.pop(&e) {
			t.Fatal("no job")
		}
		reports = 0
		w.jobs.wait(&e)
		if w.report(); reports != 1 {
			t.Errorf("%s, but waiting for answers: no report", c.name)
		}
		w.jobs.resume(&e)
		reports = 0
		w.report()
		if reports != c.want {
			t.Errorf("%s: %d reports, want %d", c.name, reports, c.want)
		}
		w.jobs.done(&e)
		w.report()
		if reports != c.want+1 {
			t.Errorf("%s: no report once it came back", c.name)
		}
	}
}
