// Plain workers: REP sockets of any language.

package test

import (
	"fmt"
	"strings"
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

// A plain worker sends no heartbeats, and one that hangs still answers libzmq's
// PINGs: it gets nothing new until it answers, and another does what it has, too.
func TestSilentPlainWorkerGetsNothingNew(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	worker := newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 1)
	client := newSocket(t, "DEALER", f.clients)
	ask := func(text string) { client.send(t, `{"id":"`+text+`","deadline_ms":60000}`, text) }
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

	other := newSocket(t, "REP", f.workers)
	for range 2 {
		text := other.receive(t)[0]
		other.send(t, strings.ToUpper(text))
		if h, results := answer(t, client.receive(t)); results[0] != strings.ToUpper(h.ID) {
			t.Errorf("answer %+v %q", h, results)
		}
	}
	worker.send(t, "TWO") // too late: nobody waits for it
	f.waitStatus(t, "the late answer is dropped", func(s *wire.Status) bool { return s.Broker.StaleAnswers == 1 })
	other.kill()
	f.waitWorkers(t, 1)
	ask("four")
	if got := worker.receive(t); got[0] != "four" {
		t.Errorf("the worker that answers again got %q", got)
	}
	worker.send(t, "FOUR")
	if h, results := answer(t, client.receive(t)); h.ID != "four" || results[0] != "FOUR" {
		t.Errorf("answer %+v %q", h, results)
	}
	if s := f.status(t); s.Broker.HedgedSilent != 1 || s.Broker.Pending != 0 {
		t.Errorf("copied %d, pending %d; want 1 and 0", s.Broker.HedgedSilent, s.Broker.Pending)
	}
}

// A REP keeps what it has received when its connection ends, works on it when
// it is back, and answers it on the new connection. Those answers are for
// nobody: they must not become those of new requests.
func TestPlainWorkerThatComesBackWithAStaleQueue(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	broker := f.broker(t)
	worker := newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 1)
	client := newSocket(t, "DEALER", f.clients)
	ask := func(text string) { client.send(t, `{"id":"`+text+`"}`, text) }
	ask("first")
	worker.receive(t)
	worker.send(t, "FIRST")
	client.receive(t)
	for i := range 3 {
		ask(fmt.Sprint("old", i))
	}
	if got := worker.receive(t); got[0] != "old0" {
		t.Fatalf("the worker got %q", got)
	}
	f.waitStatus(t, "more wait at the worker", func(s *wire.Status) bool { return s.Workers[0].Outstanding >= 2 })
	broker.signal(syscall.SIGKILL)
	broker.wait(t)
	f.broker(t)
	f.waitWorkers(t, 1)
	f.waitStatus(t, "the client is back", func(s *wire.Status) bool { return s.Broker.Clients == 2 })
	ask("new0")
	ask("new1")
	f.waitStatus(t, "the new requests are there", func(s *wire.Status) bool {
		return s.Broker.Pending == 2 && s.Workers[0].Outstanding == 1 // one, until it has answered it
	})
	worker.send(t, "OLD0")
	for answered := 0; answered < 2; {
		text := worker.receive(t)[0]
		worker.send(t, strings.ToUpper(text))
		if strings.HasPrefix(text, "new") {
			if h, results := answer(t, client.receive(t)); results[0] != strings.ToUpper(h.ID) || h.ID != text {
				t.Errorf("answer %+v %q to %s", h, results, text)
			}
			answered++
		}
	}
}

// Further endpoints serve further rule sets; one that is declared not idempotent is
// never asked twice, one that is not is, and trawl workers share in the work.
func TestPlainEndpointsOfRuleSets(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	upper, order := fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t)), fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t))
	f := newFleet(t, fmt.Sprintf(`broker:
  plain: [{endpoint: %q, rules: upper}, {endpoint: %q, rules: order}]
  rule_sets: {order: {idempotent: false, hedge: "off"}}`, upper, order))
	f.broker(t)
	f.worker(t, "w1", f.history(t)) // serves default
	peer(t, "upper.py", upper)
	orders := []*socket{newSocket(t, "REP", order)}
	f.waitWorkers(t, 3)
	client := newSocket(t, "DEALER", f.clients)
	if _, results := answer(t, client.ask(t, `{"rules":"upper"}`, "text")); results[0] != "TEXT" {
		t.Errorf("the worker for upper answers %q", results)
	}
	if _, results := answer(t, client.ask(t, `{}`, historyText)); results[0] != historyAnswer {
		t.Errorf("the worker for default answers %q", results)
	}
	wantError(t, client.ask(t, `{"rules":"order","want":"count"}`, "x"), wire.BadRequest, "plain workers")

	client.send(t, `{"rules":"order","id":"1"}`, "one pizza")
	if got := orders[0].receive(t); got[0] != "one pizza" {
		t.Fatalf("the order's worker got %q", got)
	}
	orders = append(orders, newSocket(t, "REP", order))
	f.waitWorkers(t, 4)
	orders[0].kill()
	wantError(t, client.receive(t), wire.WorkerLost, "not idempotent")
	client.send(t, `{"rules":"order","id":"2"}`, "another")
	if got := orders[1].receive(t); got[0] != "another" {
		t.Errorf("the other worker got %q: an order was given out twice", got)
	}
}

// Plain and trawl workers for one rule set: what both can do both do, and a
// client does not notice that one kind goes.
func TestMixedWorkersUnderLoad(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq", "python3-ahocorasick")
	f := newFleet(t, "")
	f.broker(t)
	words := f.history(t)
	trawl := f.worker(t, "w1", words)
	plain := peer(t, "ahocorasick_worker.py", f.workers, "he", "she", "his", "hers")
	f.waitWorkers(t, 2)
	client := peer(t, "pipeline.py", f.clients, "6000", "64", "history")
	client.waitLog(t, "half")
	s := f.status(t)
	for _, w := range s.Workers {
		if w.Answered == 0 {
			t.Errorf("worker %s (%s) answered nothing", w.Name, w.Kind)
		}
	}
	trawl.signal(syscall.SIGKILL)
	trawl.wait(t)
	f.worker(t, "w1", words)
	f.waitWorkers(t, 2)
	plain.signal(syscall.SIGKILL)
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	client.waitLog(t, "answered 6000")
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
