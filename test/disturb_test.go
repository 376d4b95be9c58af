// What happens to a worker during a scan does not show in its output.

package test

import (
	"sync"
	"syscall"
	"testing"
	"time"

	"trawl/edge/wire"
)

// disturbed is a scan over a broker and the workers "victim" and "other", of
// which something happens to the first.
type disturbed struct {
	*fleet
	corpus         *corpus
	broker, victim *process
}

// scanWhile scans the corpus over f, and calls disturb when a quarter of the output
// has come: half of it is held up until disturb returns. The output is to be what it
// always is.
func (f *fleet) scanWhile(t *testing.T, c *corpus, disturb func()) {
	t.Helper()
	begun, over := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(over) })
	out := &comparer{want: c.matches, marks: []mark{
		{len(c.matches) / 4, func() { close(begun) }},
		{len(c.matches) / 2, func() { <-over }},
	}}
	scan := startScan(t, f, out, "", append([]string{"--broker", f.clients, "--timeout", "60s", "--json"}, c.files...)...)
	t.Cleanup(goOn) // before the scan is killed, which would wait for its output
	select {
	case <-begun:
	case <-time.After(patience):
		t.Fatal("not even a quarter of the output came")
	}
	disturb()
	if !scan.running() {
		t.Error("the scan had ended before the disturbance had")
	}
	goOn()
	if code := scan.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	out.check(t)
}

func TestScanIsNotChangedByWhatHappensToAWorker(t *testing.T) {
	t.Parallel()
	c := realInput(t)
	for _, test := range []struct {
		name     string
		settings string
		signal   syscall.Signal                   // to the victim, when a quarter of the output has come
		then     func(t *testing.T, d *disturbed) // before the second half comes
		after    func(t *testing.T, d *disturbed) // when the scan has ended
	}{
		{
			name: "kill", signal: syscall.SIGKILL,
			then: func(t *testing.T, d *disturbed) { d.broker.waitLog(t, "worker gone") },
		},
		{
			name: "kill with requests in hand", signal: syscall.SIGSTOP,
			then: func(t *testing.T, d *disturbed) {
				d.waitStatus(t, "the stopped worker holds a request", func(s *wire.Status) bool {
					w := workerStatus(s, "victim")
					return w != nil && w.Outstanding > 0
				})
				d.victim.signal(syscall.SIGKILL)
				d.broker.waitLog(t, "worker gone")
			},
			after: func(t *testing.T, d *disturbed) {
				if s := d.status(t); s.Broker.Retried == 0 {
					t.Error("no request was given to another worker")
				}
			},
		},
		{
			name: "kill and restart", signal: syscall.SIGKILL,
			then: func(t *testing.T, d *disturbed) {
				d.broker.waitLog(t, "worker gone")
				d.worker(t, "victim", d.corpus.words)
				d.waitWorkers(t, 2)
			},
			after: func(t *testing.T, d *disturbed) {
				if w := workerStatus(d.status(t), "victim"); w == nil || w.Answered == 0 {
					t.Errorf("the restarted worker did nothing: %+v", w)
				}
			},
		},
		{
			name: "terminate", signal: syscall.SIGTERM,
			then: func(t *testing.T, d *disturbed) {
				if code := d.victim.wait(t); code != 0 {
					t.Errorf("the worker's exit status is %d", code)
				}
			},
			after: func(t *testing.T, d *disturbed) {
				if s := d.status(t); s.Broker.Retried != 0 {
					t.Errorf("%d requests were left by a worker that had time to answer them", s.Broker.Retried)
				}
			},
		},
		{
			name: "stop and continue", settings: "broker: {heartbeat: 300ms}", signal: syscall.SIGSTOP,
			then: func(t *testing.T, d *disturbed) { d.broker.waitLog(t, "worker is silent: lost") },
			after: func(t *testing.T, d *disturbed) {
				if s := d.status(t); len(s.Workers) != 1 || s.Broker.Retried == 0 {
					t.Errorf("workers %+v, retried %d; want one, and some", s.Workers, s.Broker.Retried)
				}
				d.victim.signal(syscall.SIGCONT)
				d.waitWorkers(t, 2)
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := &disturbed{fleet: newFleet(t, test.settings), corpus: c}
			d.broker = d.fleet.broker(t)
			d.victim = d.worker(t, "victim", c.words)
			d.worker(t, "other", c.words)
			d.waitWorkers(t, 2)

			d.scanWhile(t, c, func() {
				d.victim.signal(test.signal)
				test.then(t, d)
			})
			if test.after != nil {
				test.after(t, d)
			}
		})
	}
}
