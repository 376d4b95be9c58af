// A fleet of boards: 32-bit ARM next to others. The ARM processes run under
// QEMU.

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"trawl/edge/wire"
)

// emulator runs programs for 32-bit ARM; empty if there is none.
var emulator = sync.OnceValue(func() string {
	path, _ := exec.LookPath("qemu-arm-static")
	return path
})

// armBinary builds trawl for the oldest boards, once.
var armBinary = sync.OnceValues(func() (string, error) {
	program := filepath.Join(scratch, "trawl-armv6")
	cmd := exec.Command("go", "build", "-o", program, "../cmd/trawl")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOARM=6")
	_, err := cmd.Output()
	return program, err
})

// startARM starts a trawl command as an ARM process.
func startARM(t *testing.T, name string, command []string) *process {
	t.Helper()
	program, err := armBinary()
	if err != nil {
		t.Fatalf("go build: %v", err)
	}
	return start(t, name, nil, append([]string{emulator(), program}, command[1:]...)...)
}

func TestARMBrokerAndWorkerBesideOthers(t *testing.T) {
	t.Parallel()
	need(t, "qemu-user-static", "python3-zmq")
	f := newFleet(t, "")
	words := f.history(t)
	broker := startARM(t, "ARM broker", f.command("broker", "--clients", f.clients, "--workers", f.workers))
	broker.waitLog(t, "broker ready")
	startARM(t, "ARM worker", f.command("worker", "--broker", f.workers, "--name", "arm", "--rules", words))
	f.worker(t, "host", words)
	f.waitWorkers(t, 2)

	client := peer(t, "pipeline.py", f.clients, "2000", "64", "history")
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	client.waitLog(t, "answered 2000")
	f.waitStatus(t, "both workers have answered", func(s *wire.Status) bool {
		arm, host := workerStatus(s, "arm"), workerStatus(s, "host")
		return arm != nil && host != nil && arm.Answered > 0 && host.Answered > 0
	})
	req := newSocket(t, "REQ", f.clients)
	if got := req.ask(t, historyText); len(got) != 1 || got[0] != historyAnswer {
		t.Errorf("got %q, want %q", got, historyAnswer)
	}
}
