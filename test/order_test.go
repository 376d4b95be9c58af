// Broker, worker and client start in any order.

package test

import (
	"strings"
	"testing"

	"trawl/edge/wire"
)

func TestAnyStartOrder(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	for _, order := range []string{
		"broker worker client", "broker client worker",
		"worker broker client", "worker client broker",
		"client broker worker", "client worker broker",
	} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, "")
			var client *socket
			listening := false
			for _, who := range strings.Fields(order) {
				switch who {
				case "broker":
					f.broker(t)
					listening = true
				case "worker":
					f.worker(t, "w1", f.history(t))
					if !listening {
						knock(t, f.workers)
					} else if client == nil {
						f.waitWorkers(t, 1)
					}
				case "client":
					client = newSocket(t, "REQ", f.clients)
					client.send(t, historyText)
					if !listening {
						knock(t, f.clients)
					} else {
						f.waitStatus(t, "the request is there", func(s *wire.Status) bool {
							return s.Broker.Pending == 1 || s.Broker.Answers["ok"] > 0 && s.Broker.Clients == 2
						})
					}
				}
			}
			if got := client.receive(t); len(got) != 1 || got[0] != historyAnswer {
				t.Errorf("got %q, want %q", got, historyAnswer)
			}
		})
	}
}
