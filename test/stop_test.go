// Stopping in good order: what was taken is answered.

package test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"trawl/edge/wire"
)

// loaded is a broker with a worker that the test drives, and six requests: one
// at the worker, five queued.
func loaded(t *testing.T, args ...string) (f *fleet, broker *process, worker, client *socket) {
	t.Helper()
	need(t, "python3-zmq")
	f = newFleet(t, "")
	broker = f.broker(t, args...)
	worker = newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 1)
	client = newSocket(t, "DEALER", f.clients)
	for i := range 6 {
		client.send(t, fmt.Sprintf(`{"id":"%d"}`, i), fmt.Sprint("text ", i))
	}
	if got := worker.receive(t); len(got) != 1 || got[0] != "text 0" {
		t.Fatalf("the worker got %q", got)
	}
	f.waitStatus(t, "six requests are there", func(s *wire.Status) bool { return s.Broker.Pending == 6 })
	return f, broker, worker, client
}

func TestTerminatedBrokerAnswersWhatItHas(t *testing.T) {
	t.Parallel()
	f, broker, worker, client := loaded(t)
	broker.signal(syscall.SIGTERM)
	f.waitStatus(t, "the broker drains", func(s *wire.Status) bool { return s.Broker.Draining })
	wantError(t, client.ask(t, `{"id":"late"}`, "late"), wire.Draining, "")
	for i := range 6 {
		if i > 0 {
			worker.receive(t)
		}
		worker.send(t, fmt.Sprint("done ", i))
	}
	answered := map[string]string{}
	for range 6 {
		h, results := answer(t, client.receive(t))
		if h.Error != nil || len(results) != 1 {
			t.Fatalf("answer %+v %q", h, results)
		}
		answered[h.ID] = results[0]
	}
	for i := range 6 {
		if got, want := answered[fmt.Sprint(i)], fmt.Sprint("done ", i); got != want {
			t.Errorf("request %d was answered %q, want %q", i, got, want)
		}
	}
	if code := broker.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestTerminatedBrokerRefusesWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	_, broker, _, client := loaded(t, "--drain-timeout", "300ms")
	broker.signal(syscall.SIGTERM)
	ids := map[string]bool{}
	for range 6 {
		frames := client.receive(t)
		wantError(t, frames, wire.Draining, "")
		h, _ := answer(t, frames)
		ids[h.ID] = true
	}
	if len(ids) != 6 {
		t.Errorf("answered were %v, want all six", ids)
	}
	if code := broker.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestSecondSignalEndsTheBrokerAtOnce(t *testing.T) {
	t.Parallel()
	_, broker, _, _ := loaded(t, "--drain-timeout", "1h")
	broker.signal(syscall.SIGTERM)
	broker.waitLog(t, "draining")
	broker.signal(syscall.SIGTERM)
	broker.wait(t)
	if s := broker.cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v, want the signal", broker.cmd.ProcessState)
	}
}

func TestStopCommands(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	broker := f.broker(t)
	words := f.history(t)
	w1, w2 := f.worker(t, "w1", words), f.worker(t, "w2", words)
	f.waitWorkers(t, 2)

	if out, stderr, code := f.run(t, "", "stop", "--worker", "w1"); code != 0 {
		t.Fatalf("stop --worker: exit status %d: %s%s", code, out, stderr)
	}
	if code := w1.wait(t); code != 0 {
		t.Errorf("the stopped worker's exit status is %d", code)
	}
	f.waitWorkers(t, 1)
	if out, stderr, _ := f.run(t, "", "send", historyText); out != historyAnswer+"\n" {
		t.Errorf("after one of two workers was stopped: %s%s", out, stderr)
	}
	if _, stderr, code := f.run(t, "", "stop", "--worker", "nobody"); code != 2 || !strings.Contains(stderr, "nobody") {
		t.Errorf("stop of a worker that is not there: exit status %d: %s", code, stderr)
	}

	if out, stderr, code := f.run(t, "", "stop"); code != 0 {
		t.Fatalf("stop: exit status %d: %s%s", code, out, stderr)
	}
	if code := broker.wait(t); code != 0 {
		t.Errorf("the stopped broker's exit status is %d", code)
	}
	w2.waitLog(t, "not connected")
	f.broker(t) // the worker waited for it
	f.waitWorkers(t, 1)
	w2.signal(syscall.SIGTERM)
	if code := w2.wait(t); code != 0 {
		t.Errorf("the terminated worker's exit status is %d", code)
	}
}

func TestDrainedBrokerTakesNoNewRequests(t *testing.T) {
	t.Parallel()
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	_, broker, worker, client := loaded(t, "--http", address)
	if code, body := ask(t, "GET", "http://"+address+"/readyz", ""); code != 200 {
		t.Errorf("/readyz before: %d %s", code, body)
	}
	if h, results := answer(t, client.ask(t, `{"op":"drain"}`, "")); h.Error != nil || len(results) != 1 {
		t.Fatalf("drain was answered %+v %q", h, results)
	}
	wantError(t, client.ask(t, `{}`, "late"), wire.Draining, "")
	if code, body := ask(t, "GET", "http://"+address+"/readyz", ""); code != 503 || !strings.HasPrefix(body, "draining\n") {
		t.Errorf("/readyz: %d %s", code, body)
	}
	worker.send(t, "done")
	if h, results := answer(t, client.receive(t)); h.ID != "0" || len(results) != 1 || results[0] != "done" {
		t.Errorf("answer %+v %q", h, results)
	}
	if !broker.running() {
		t.Error("the broker has ended")
	}
}
