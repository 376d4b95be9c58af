package broker

import (
	"fmt"
	"strings"
	"testing"

	"trawl/edge/wire"
)

func (r *rig) plain() *peer { return r.dial(r.workers, "REP") }

func TestPlainWorker(t *testing.T) {
	r := start(t, nil)
	rep := r.plain()
	c := r.client()
	c.send("text")
	frames := rep.recv()
	if len(frames) != 3 || len(frames[0]) != 8 || frames[1] != "" || frames[2] != "text" {
		t.Fatalf("a plain worker got %q, want [number, empty, text]", frames)
	}
	rep.send("12345678", "", "an answer to an earlier connection's request")
	rep.send(frames[0], "", "TEXT")
	c.want("TEXT")

	c.send(`{"id":"1"}`, "text")
	frames = rep.recv()
	rep.send(frames[0], "", "TEXT")
	got := c.recv()
	if len(got) != 2 || got[1] != "TEXT" || !strings.Contains(got[0], `"id":"1","worker":"`) {
		t.Errorf("answer %q", got)
	}
	for _, header := range []string{`{"want":"count"}`, `{"limit":1}`, `{"fields":["text"]}`, `{"split":"lines"}`, `{"format":"packed"}`} {
		c.send(header, "text")
		c.wantError(wire.BadRequest)
	}
	c.send(`{}`, "two", "texts")
	c.wantError(wire.BadRequest)
	if s := r.status(); s.Broker.StaleAnswers != 1 || s.Workers[0].Kind != "plain" {
		t.Errorf("late %d, kind %s", s.Broker.StaleAnswers, s.Workers[0].Kind)
	}
}

func TestPlainWorkerGetsOneRequestUntilItHasAnswered(t *testing.T) {
	r := start(t, nil)
	rep := r.plain()
	c := r.client()
	for range 3 {
		c.send("t")
	}
	frames := rep.recv()
	r.until("two wait", func(s *wire.Status) bool { return s.RuleSets[0].Queued == 2 && s.Workers[0].Outstanding == 1 })
	rep.send(frames[0], "", "T")
	c.want("T")
	rep.recv()
	rep.recv() // its window is open now
}

func TestPlainWorkerThatBreaksTheEnvelopeIsClosed(t *testing.T) {
	r := start(t, nil)
	rep := r.plain()
	c := r.client()
	c.send("t")
	rep.recv()
	rep.send("nonsense")
	w := r.worker("w", 1)
	w.answer(w.task(), "done")
	c.want("done")
}

func TestMixedWorkersShareTheWork(t *testing.T) {
	r := start(t, nil)
	rep := r.plain()
	w := r.worker("w", 1)
	r.until("both are there", func(s *wire.Status) bool { return len(s.Workers) == 2 })
	c := r.client()
	c.send(`{"want":"count"}`, "needs a trawl worker")
	w.task()
	c.send("any") // the plain one is free
	if frames := rep.recv(); frames[2] != "any" {
		t.Errorf("got %q", frames)
	}
	if s := r.status().Broker; s.Retried != 0 {
		t.Error("the other one had it first")
	}
}

func TestFurtherPlainEndpoint(t *testing.T) {
	e := fmt.Sprintf("inproc://p%d", endpointNumber.Add(1))
	r := start(t, func(o *Options) { o.Plain = []Plain{{Endpoint: e, Rules: "upper"}} })
	c := r.client()
	c.send(`{"rules":"upper"}`, "t")
	if frames := r.dial(e, "REP").recv(); frames[2] != "t" {
		t.Errorf("got %q", frames)
	}
}
