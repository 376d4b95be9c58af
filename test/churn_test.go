// Many short-lived clients leave nothing behind.

package test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"trawl/edge/wire"
)

func TestShortLivedClientsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	broker := f.broker(t)
	f.worker(t, "w1", f.history(t))
	f.waitWorkers(t, 1)

	alone := func(s *wire.Status) bool { return s.Broker.Clients == 1 && s.Broker.Pending == 0 } // 1: who asks
	churn := func(clients int) *wire.Status {
		c := peer(t, "churn.py", f.clients, fmt.Sprint(clients))
		if code := c.wait(t); code != 0 {
			t.Fatalf("exit status %d", code)
		}
		return f.waitStatus(t, "the broker is alone again", alone)
	}
	before := churn(300) // what grows once, such as pools of buffers, has grown
	files := descriptors(t, broker)
	after := churn(1000)
	if now := descriptors(t, broker); now > files+2 {
		t.Errorf("the broker has %d files open, %d before", now, files)
	}
	most := int64(8 << 20)
	if os.Getenv("TRAWL_RACE") != "" {
		most = 32 << 20 // the race detector's own
	}
	if grown := after.Broker.ResidentBytes - before.Broker.ResidentBytes; grown > most {
		t.Errorf("the broker grew by %d bytes over 1,000 clients", grown)
	}
	if ok := after.Broker.Answers["ok"] - before.Broker.Answers["ok"]; ok < 500 {
		t.Errorf("only %d requests were answered", ok)
	}

	broker.signal(syscall.SIGQUIT) // Go's runtime prints all goroutines and exits
	broker.wait(t)
	if n := strings.Count(broker.log.String(), "\ngoroutine "); n == 0 || n > 40 {
		t.Errorf("the broker has %d goroutines", n)
	}
}
