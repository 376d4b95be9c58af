// What broker and worker take on a board while they have nothing to do.

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Budgets of resident memory, in kB. Measured on amd64: a broker 9,200; a worker with
// 100,000 words 13,300, and 14,200 right after it has compiled them itself. 7,000
// of each are pages of the program, which all of its processes share.
const (
	brokerBudget = 12_000
	workerBudget = 20_000
)

func TestIdleMemoryAndTimeToReady(t *testing.T) {
	need(t, "wamerican-insane in TRAWL_PACKAGES")
	f := newFleet(t, "")
	words := write(t, filepath.Join(f.dir, "words.txt"), largeList(t, 100_000))
	state := filepath.Join(f.dir, "state")

	// ready starts a service and says how long that took.
	ready := func(name string, argv ...string) *process {
		told := listenForNotes(t)
		start := time.Now()
		p := told.start(name, argv...)
		told.wait("READY=1")
		t.Logf("%s: ready after %d ms", name, time.Since(start).Milliseconds())
		return p
	}
	within := func(p *process, budget int) {
		kB := p.kilobytes(t, "status", "VmRSS")
		t.Logf("%s: %d kB resident, of %d", p.name, kB, budget)
		if kB > budget && os.Getenv("TRAWL_RACE") == "" {
			t.Errorf("%s: %d kB resident are over its budget of %d", p.name, kB, budget)
		}
	}
	broker := ready("broker", f.command("broker", "--clients", f.clients, "--workers", f.workers)...)
	argv := f.command("worker", "--broker", f.workers, "--state-dir", state, "--rules", words, "--name")
	compiled := ready("worker that compiles 100,000 words", append(argv, "w1")...)
	f.waitWorkers(t, 1)
	found := ready("worker that finds its pack", append(argv, "w2")...)
	f.waitWorkers(t, 2)
	if log := found.log.String(); strings.Contains(log, "rules compiled") {
		t.Errorf("the second worker compiled as well: %s", log)
	}
	within(broker, brokerBudget)
	within(compiled, workerBudget)
	within(found, workerBudget)
}
