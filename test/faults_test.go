// Workers that are killed, and workers that hang, under load: nothing is lost
// and nothing is answered twice.

package test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"trawl/edge/wire"
)

var faultsFor = flag.Duration("faults", 5*time.Second, "how long workers are killed, or stopped, under load")

// faultyFleet is three workers under load. Heartbeats are quick, so that a
// worker that hangs is soon lost.
func faultyFleet(t *testing.T) (f *fleet, broker *process, words string, workers []*process, l *load) {
	f = newFleet(t, "broker: {heartbeat: 200ms}")
	broker = f.broker(t)
	words = f.history(t)
	for i := range 3 {
		workers = append(workers, f.worker(t, fmt.Sprint("w", i), words))
	}
	f.waitWorkers(t, 3)
	return f, broker, words, workers, startLoad(t, f, 64)
}

// every calls f every interval for as long as the test is to last.
func every(interval time.Duration, f func()) {
	ticks := time.NewTicker(max(interval, time.Millisecond))
	defer ticks.Stop()
	for end := time.Now().Add(*faultsFor); time.Now().Before(end); <-ticks.C {
		f()
	}
}

func TestNothingIsLostWhenWorkersAreKilled(t *testing.T) {
	f, _, words, workers, l := faultyFleet(t)
	kills := 0
	every(500*time.Millisecond, func() {
		i := rand.IntN(len(workers))
		workers[i].signal(syscall.SIGKILL)
		workers[i].wait(t)
		workers[i] = f.worker(t, fmt.Sprint("w", i), words)
		kills++
	})
	l.waitAnswered(t)
	l.finish(t)
	s := f.waitStatus(t, "all is done and all are back", func(s *wire.Status) bool { return s.Broker.Pending == 0 && len(s.Workers) == 3 })
	t.Logf("%d workers killed; retried %d, reclaimed %d, late answers dropped %d", kills, s.Broker.Retried, s.Broker.Reclaimed, s.Broker.StaleAnswers)
	if s.Broker.Retried == 0 {
		t.Error("no worker had anything when it was killed")
	}
	// By chance a request is on a slot of two of them: only where it takes as long
	// as a worker lives, as with the race detector on a busy machine.
	if l.unlucky > kills/4 {
		t.Errorf("%d requests met two workers that were killed, of %d", l.unlucky, kills)
	}
}

// Workers that leave in order give back what they have not begun: nothing is
// retried, so nothing counts as a loss.
func TestWorkersThatLeaveInOrderCostNothing(t *testing.T) {
	f, _, words, workers, l := faultyFleet(t)
	every(500*time.Millisecond, func() {
		i := rand.IntN(len(workers))
		workers[i].waitLog(t, "msg=connected") // else it might not listen to signals yet
		workers[i].signal(syscall.SIGTERM)
		if code := workers[i].wait(t); code != 0 {
			t.Errorf("exit status %d", code)
		}
		workers[i] = f.worker(t, fmt.Sprint("w", i), words)
	})
	l.waitAnswered(t)
	l.finish(t)
	s := f.status(t)
	t.Logf("retried %d, reclaimed %d, late answers dropped %d", s.Broker.Retried, s.Broker.Reclaimed, s.Broker.StaleAnswers)
	if s.Broker.Retried != 0 || s.Broker.StaleAnswers != 0 {
		t.Error("want no retries and no late answers")
	}
}

func TestStoppedWorkerIsReplacedAndServesAgain(t *testing.T) {
	f, broker, _, workers, l := faultyFleet(t)
	rounds := 0
	every(0, func() {
		w := workers[rounds%len(workers)]
		w.signal(syscall.SIGSTOP)
		f.waitStatus(t, "the stopped worker is lost", func(s *wire.Status) bool { return workerStatus(s, w.name) == nil })
		l.waitAnswered(t) // by others: it is still stopped
		w.signal(syscall.SIGCONT)
		f.waitStatus(t, "it serves again", func(s *wire.Status) bool {
			now := workerStatus(s, w.name)
			return now != nil && now.Answered > 0
		})
		rounds++
	})
	l.finish(t)
	broker.waitLog(t, "worker is silent: lost")
	f.waitStatus(t, "nothing is left", func(s *wire.Status) bool { return s.Broker.Pending == 0 }) // status can be a moment old
	s := f.status(t)
	t.Logf("stopped %d times; retried %d, late answers dropped %d", rounds, s.Broker.Retried, s.Broker.StaleAnswers)
	if s.Broker.Pending != 0 {
		t.Errorf("%d requests are left", s.Broker.Pending)
	}
}
