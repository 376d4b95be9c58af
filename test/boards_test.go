// A fleet of boards: ARM with 32 and with 64 bits next to others. The ARM processes
// run under QEMU.

package test

import (
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"trawl/edge/wire"
	needs "trawl/test/need"
)

// boardKind is a kind of machine whose programs run here under an emulator.
type boardKind struct {
	name     string
	emulator string   // of package qemu-user-static
	env      []string // to build for it

	once    sync.Once
	program string
	err     error
}

var (
	armv6 = &boardKind{name: "armv6", emulator: "qemu-arm-static", env: []string{"GOARCH=arm", "GOARM=6"}}
	arm64 = &boardKind{name: "arm64", emulator: "qemu-aarch64-static", env: []string{"GOARCH=arm64"}}
)

// emulated reports whether programs for k can run here.
func (k *boardKind) emulated() bool {
	_, err := exec.LookPath(k.emulator)
	return err == nil
}

// start starts a trawl command as a process of such a board. The program is built
// once.
func (k *boardKind) start(t *testing.T, name string, command []string) *process {
	t.Helper()
	k.once.Do(func() {
		k.program = filepath.Join(scratch, "trawl-"+k.name)
		cmd := needs.GoBuild("", append([]string{"GOOS=linux"}, k.env...), "-ldflags", ownSettings(scratch), "-o", k.program, "../cmd/trawl")
		_, k.err = cmd.Output()
	})
	if k.err != nil {
		t.Fatalf("go build for %s: %v", k.name, k.err)
	}
	return start(t, name, nil, append([]string{k.emulator, k.program}, command[1:]...)...)
}

// A broker with 32 bits, a worker with 64, one that is neither, and clients of
// libzmq: the answers of all are the same, and when a board goes, the others take
// what it had.
func TestMixedFleet(t *testing.T) {
	t.Parallel()
	need(t, "qemu-user-static", "python3-zmq")
	f := newFleet(t, "")
	words := f.history(t)
	broker := armv6.start(t, "armv6 broker", f.command("broker", "--clients", f.clients, "--workers", f.workers))
	broker.waitLog(t, "broker ready")
	large := arm64.start(t, "arm64 worker", f.command("worker", "--broker", f.workers, "--name", "arm64", "--rules", words))
	f.waitWorkers(t, 1)

	req := newSocket(t, "REQ", f.clients)
	if got := req.ask(t, historyText); len(got) != 1 || got[0] != historyAnswer {
		t.Errorf("the arm64 worker alone: got %q, want %q", got, historyAnswer)
	}
	armv6.start(t, "armv6 worker", f.command("worker", "--broker", f.workers, "--name", "armv6", "--rules", words))
	f.worker(t, "host", words)
	f.waitWorkers(t, 3)

	client := peer(t, "pipeline.py", f.clients, "3000", "64", "history")
	f.waitStatus(t, "all three have answered", func(s *wire.Status) bool {
		for _, name := range []string{"armv6", "arm64", "host"} {
			if w := workerStatus(s, name); w == nil || w.Answered == 0 {
				return false
			}
		}
		return true
	})
	large.signal(syscall.SIGKILL)
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	client.waitLog(t, "answered 3000")
}
