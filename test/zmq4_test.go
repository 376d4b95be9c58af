// go-zeromq/zmq4 as client and as plain worker: the other ZeroMQ library in Go,
// which many programs were written with.

package test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	needs "trawl/test/need"
)

// zmq4Peer builds the peer, once.
var zmq4Peer = sync.OnceValues(func() (string, error) {
	program := filepath.Join(scratch, "zmq4peer")
	if out, err := needs.GoBuild("zmq4peer", nil, "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

func startZMQ4(t *testing.T, args ...string) *process {
	t.Helper()
	program, err := zmq4Peer()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, "zmq4peer "+args[0], nil, append([]string{program}, args...)...)
}

func TestZMQ4Clients(t *testing.T) {
	t.Parallel()
	need(t, "go-zeromq/zmq4")
	f := newFleet(t, "")
	f.broker(t)
	f.worker(t, "w", f.history(t))
	f.waitWorkers(t, 1)
	for _, kind := range []string{"req", "dealer"} {
		t.Run(kind, func(t *testing.T) {
			client := startZMQ4(t, kind, f.clients, "2000", historyText, historyAnswer)
			if code := client.wait(t); code != 0 {
				t.Errorf("exit status %d", code)
			}
			client.waitLog(t, "answered 2000")
		})
	}
}

func TestZMQ4PlainWorkers(t *testing.T) {
	t.Parallel()
	need(t, "go-zeromq/zmq4", "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	for range 2 {
		startZMQ4(t, "rep", f.workers)
	}
	f.waitWorkers(t, 2)
	client := peer(t, "pipeline.py", f.clients, "2000", "64", "upper")
	if code := client.wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	client.waitLog(t, "answered 2000")
	for _, w := range f.status(t).Workers {
		if w.Kind != "plain" || w.Answered == 0 {
			t.Errorf("worker %s is %s and answered %d requests; want plain, and some", w.Name, w.Kind, w.Answered)
		}
	}
}
