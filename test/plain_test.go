// Plain workers: REP sockets of any language.

package test

import (
	"syscall"
	"testing"

	"trawl/edge/wire"
)

func TestPlainWorkersLoseNothingWhenOneIsKilled(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	var workers []*process
	for range 4 {
		workers = append(workers, peer(t, "upper.py", f.workers))
	}
	f.waitWorkers(t, 4)
	client := peer(t, "pipeline.py", f.clients, "10000", "64", "upper")
	client.waitLog(t, "half")
	workers[0].signal(syscall.SIGKILL)
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	client.waitLog(t, "answered 10000")
	f.waitWorkers(t, 3)
	for _, w := range f.status(t).Workers {
		if w.Kind != "plain" || w.Answered == 0 {
			t.Errorf("worker %s is %s and answered %d requests; want plain, and some", w.Name, w.Kind, w.Answered)
		}
	}
}

// A worker that is killed while it holds a request for sure.
func TestPlainWorkersRequestGoesToAnother(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	first := newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 1)
	client := newSocket(t, "DEALER", f.clients)
	client.send(t, `{"id":"1"}`, "one")
	if got := first.receive(t); len(got) != 1 || got[0] != "one" {
		t.Fatalf("the worker got %q, want the text alone", got)
	}
	second := newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 2)
	first.kill()
	if got := second.receive(t); len(got) != 1 || got[0] != "one" {
		t.Fatalf("the other worker got %q", got)
	}
	second.send(t, "ONE")
	if h, results := answer(t, client.receive(t)); h.ID != "1" || len(results) != 1 || results[0] != "ONE" {
		t.Errorf("answer %+v %q", h, results)
	}
	if s := f.status(t); s.Broker.Retried != 1 || s.Broker.Pending != 0 {
		t.Errorf("retried %d, pending %d; want 1 and 0", s.Broker.Retried, s.Broker.Pending)
	}
}

// The worker of the demo that trawl replaces.
func TestPlainWorkerThatMatches(t *testing.T) {
	t.Parallel()
	need(t, "python3-ahocorasick")
	f := newFleet(t, "")
	f.broker(t)
	peer(t, "ahocorasick_worker.py", f.workers, "he", "she", "his", "hers")
	f.waitWorkers(t, 1)
	client := newSocket(t, "REQ", f.clients)
	if got := client.ask(t, historyText); len(got) != 1 || got[0] != historyAnswer {
		t.Errorf("got %q, want %q", got, historyAnswer)
	}
	many := peer(t, "pipeline.py", f.clients, "500", "64", "history")
	if code := many.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// A plain worker sends no heartbeats: one that does not answer gets nothing
// new until it does.
func TestSilentPlainWorkerGetsNothingNew(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	worker := newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 1)
	client := newSocket(t, "DEALER", f.clients)
	ask := func(text string) { client.send(t, `{"deadline_ms":60000}`, text) }
	ask("one")
	worker.receive(t)
	worker.send(t, "ONE") // from now on it may hold several
	client.receive(t)

	ask("two")
	worker.receive(t)
	f.waitStatus(t, "the worker counts as silent", func(s *wire.Status) bool { return s.Workers[0].State == "silent" })
	ask("three")
	s := f.waitStatus(t, "the new request is there", func(s *wire.Status) bool { return s.Broker.Pending == 2 })
	if held := s.Workers[0].Outstanding; held != 1 {
		t.Errorf("the silent worker holds %d requests, want 1", held)
	}
	worker.send(t, "TWO")
	if got := worker.receive(t); got[0] != "three" {
		t.Errorf("the worker that answers again got %q", got)
	}
}

// What only a trawl worker can do is refused, and not done wrong.
func TestPlainWorkersRefuseWhatTheyCannotDo(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	peer(t, "upper.py", f.workers)
	f.waitWorkers(t, 1)
	client := newSocket(t, "DEALER", f.clients)
	for _, request := range [][]string{
		{`{}`, "one", "two"},
		{`{"want":"count"}`, "one"},
		{`{"limit":5}`, "one"},
		{`{"split":"lines"}`, "one"},
		{`{"fields":["text"]}`, "one"},
		{`{"format":"packed"}`, "one"},
	} {
		wantError(t, client.ask(t, request...), wire.BadRequest, "plain workers")
	}
	if _, results := answer(t, client.ask(t, `{}`, "one")); len(results) != 1 || results[0] != "ONE" {
		t.Errorf("after the refusals: %q", results)
	}
}
