// A fleet of named workers, some of which ask others, from its start to its end.

package test

import (
	"fmt"
	"syscall"
	"testing"

	"trawl/edge/wire"
)

func TestTenNamedWorkersOfWhichTwoAskOthers(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	broker := f.broker(t)
	words := f.history(t)
	var names []string
	var workers []*process
	for i := range 8 {
		name := fmt.Sprint("w", i)
		names, workers = append(names, name), append(workers, f.worker(t, name, words))
	}
	for name, other := range map[string]string{"w8": "w9", "w9": "w0"} {
		p := start(t, name, nil, customWorker(t), "--broker", f.workers, "--name", name, "--ask", other)
		names, workers = append(names, name), append(workers, p)
	}
	f.waitWorkers(t, len(names))
	client := peer(t, "names.py", append([]string{f.clients, "100"}, names...)...)
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status of the client is %d", code)
	}
	client.waitLog(t, "answered 100")
	f.waitStatus(t, "nothing is left", func(s *wire.Status) bool { return s.Broker.SubRequests > 0 && s.Broker.Pending == 0 }) // status can be a moment old
	s := f.status(t)
	if s.Broker.SubRequests == 0 || s.Broker.Pending != 0 {
		t.Errorf("%d requests of workers, %d pending; want some, and none", s.Broker.SubRequests, s.Broker.Pending)
	}
	for _, w := range s.Workers {
		if w.Answered == 0 || w.Outstanding+w.Waiting != 0 {
			t.Errorf("worker %s answered %d requests and still has %d", w.Name, w.Answered, w.Outstanding)
		}
	}
	for _, w := range workers[:2] { // by their signal
		w.terminate(t)
	}
	for i, w := range workers[2:] { // because a client says so
		if _, stderr, code := f.run(t, "", "stop", "--worker", names[i+2]); code != 0 {
			t.Errorf("stop --worker %s: exit status %d: %s", names[i+2], code, stderr)
		}
		if code := w.wait(t); code != 0 {
			t.Errorf("the exit status of %s is %d", w.name, code)
		}
	}
	if _, stderr, code := f.run(t, "", "stop"); code != 0 {
		t.Errorf("stop: exit status %d: %s", code, stderr)
	}
	if code := broker.wait(t); code != 0 {
		t.Errorf("the broker's exit status is %d", code)
	}
}

// A worker that is killed while others work for it: what it has asked is dropped, and
// the request answered as one whose worker is lost.
func TestKilledWorkerLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	asked := newSocket(t, "REP", f.workers) // a plain worker, for the rule set default
	f.waitWorkers(t, 1)
	name := f.status(t).Workers[0].Name
	asking := start(t, "asking", nil, customWorker(t), "--broker", f.workers, "--name", "asking", "--ask", name)
	f.waitWorkers(t, 2)
	client := newSocket(t, "DEALER", f.clients)
	client.send(t, `{"worker":"asking","deadline_ms":60000}`, "text")
	if got := asked.receive(t); len(got) != 1 || got[0] != "text" {
		t.Fatalf("the worker asked got %q", got)
	}
	if w := workerStatus(f.status(t), "asking"); w.Waiting != 1 {
		t.Errorf("%d requests wait at the asking worker, want 1", w.Waiting)
	}
	asking.signal(syscall.SIGKILL)
	wantError(t, client.receive(t), "worker_lost", "asking")
	if s := f.status(t); s.Broker.Pending != 0 || s.Broker.PendingBytes != 0 {
		t.Errorf("%d requests are pending", s.Broker.Pending)
	}
	asked.send(t, `{"matches":[]}`)
	eventually(t, "the late answer is dropped", func() bool { return f.status(t).Broker.StaleAnswers == 1 })
}
