// Two workers cannot have one name.

package test

import (
	"syscall"
	"testing"

	"trawl/edge/wire"
)

func TestSecondWorkerOfANameWaitsForTheFirstToGo(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	broker := f.broker(t)
	words := f.history(t)
	first := f.worker(t, "twin", words)
	f.waitWorkers(t, 1)
	before := workerStatus(f.status(t), "twin")

	second := f.worker(t, "twin", words)
	second.waitLog(t, "the broker refuses this worker")
	second.waitLog(t, `a worker named \"twin\" is connected already`)
	broker.waitLog(t, "worker refused")
	if now := workerStatus(f.status(t), "twin"); now == nil || now.Address != before.Address {
		t.Errorf("the first worker's place was taken: %+v, before %+v", now, before)
	}

	first.signal(syscall.SIGKILL)
	f.waitStatus(t, "the second takes over", func(s *wire.Status) bool {
		w := workerStatus(s, "twin")
		return w != nil && w.Address != before.Address
	})
	if out, stderr, _ := f.run(t, "", "send", "--worker", "twin", historyText); out != historyAnswer+"\n" {
		t.Errorf("the second answers %s%s", out, stderr)
	}
}
