// What happens on a real network: lost packets, a slow link, pulled cables,
// partitions, boards that hang, die and come back. Every request gets exactly one
// right answer, and afterwards everybody serves again.

package test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"trawl/edge/wire"
)

// lan is a broker, three workers and a client, each on a board of its own.
type lan struct {
	t *testing.T // the whole test's: what is started lives as long
	*network
	*fleet
	words   string
	broker  *process
	workers map[string]*process
	client  *remoteHammer
}

const lanHeartbeat = 300 * time.Millisecond

func newLAN(t *testing.T) *lan {
	t.Helper()
	l := &lan{t: t, network: newNetwork(t, "broker", "client", "w1", "w2", "w3"), workers: make(map[string]*process)}
	l.fleet = l.network.fleet(t, "broker", "broker: {heartbeat: "+lanHeartbeat.String()+", insecure: true}")
	l.words = l.history(t)
	l.broker = l.fleet.broker(t)
	for _, w := range []string{"w1", "w2", "w3"} {
		l.start(w)
	}
	l.waitWorkers(t, 3)
	l.client = startRemoteHammer(t, l.network.at("client"), hammering{
		Brokers: []string{l.clients}, Heartbeat: lanHeartbeat,
		InFlight: 16, Padding: 2 << 10, Retry: true,
	})
	return l
}

// start starts a worker on its board.
func (l *lan) start(w string) {
	l.t.Helper()
	l.workers[w] = l.on(l.network, w).worker(l.t, w, l.words)
}

// waitLost waits until the broker has no worker of that name.
func (l *lan) waitLost(t *testing.T, name string) {
	t.Helper()
	l.waitStatus(t, name+" is lost", func(s *wire.Status) bool { return workerStatus(s, name) == nil })
}

// served waits for a round of answers and until all three workers have taken part
// over the connections that they have now.
func (l *lan) served(t *testing.T) {
	t.Helper()
	l.client.tell(t, "round")
	l.waitStatus(t, "all three serve", func(s *wire.Status) bool {
		for _, name := range []string{"w1", "w2", "w3"} {
			if w := workerStatus(s, name); w == nil || w.Answered == 0 {
				return false
			}
		}
		return true
	})
}

func TestFaultsOfANetwork(t *testing.T) {
	l := newLAN(t)
	l.served(t)
	everybody := []string{"broker", "client", "w1", "w2", "w3"}
	for _, fault := range []struct {
		name string
		do   func(t *testing.T) // makes the fault, sees that there are answers, and heals it
	}{
		{"a tenth of all packets is lost", func(t *testing.T) {
			for _, board := range everybody {
				l.lose(t, board, 10)
			}
			for range 20 {
				l.client.tell(t, "round")
			}
			lost := 0
			for _, board := range everybody {
				lost += l.lost(t, board)
				l.heal(t, board)
			}
			if t.Logf("%d packets were lost", lost); lost < 20 {
				t.Error("that are too few to tell anything")
			}
		}},
		{"a slow link", func(t *testing.T) {
			l.rate(t, "broker", "2mbit")
			l.rate(t, "client", "2mbit")
			before, start := l.client.tell(t, "figures"), time.Now()
			for range 3 {
				l.client.tell(t, "round")
			}
			n := l.client.tell(t, "figures").Answered - before.Answered
			if rate := float64(n*2<<10*8) / time.Since(start).Seconds(); rate > 4e6 {
				t.Errorf("%.0f bits a second: the link is not slow", rate)
			}
			l.heal(t, "broker")
			l.heal(t, "client")
		}},
		{"the cable of a worker is pulled and put back", func(t *testing.T) {
			l.cable(t, "w1", "down")
			l.waitLost(t, "w1")
			l.client.tell(t, "round")
			l.cable(t, "w1", "up")
		}},
		{"a worker is cut off", func(t *testing.T) {
			l.part(t, "w2", "broker")
			l.waitLost(t, "w2")
			l.client.tell(t, "round")
			l.heal(t, "w2")
		}},
		{"the client is cut off", func(t *testing.T) {
			l.part(t, "client", "broker")
			eventually(t, "the client has noticed", func() bool { return len(l.client.tell(t, "figures").Away) > 0 })
			before := l.client.tell(t, "figures")
			l.heal(t, "client")
			if after := l.client.tell(t, "round"); after.Moved == before.Moved {
				t.Error("nothing was asked again")
			}
		}},
		{"a worker stands still and wakes up", func(t *testing.T) {
			l.workers["w3"].signal(syscall.SIGSTOP)
			l.waitLost(t, "w3")
			l.client.tell(t, "round") // by the others: it still stands
			l.workers["w3"].signal(syscall.SIGCONT)
		}},
		{"a worker is killed and started again", func(t *testing.T) {
			l.workers["w1"].signal(syscall.SIGKILL)
			l.workers["w1"].wait(t)
			l.waitLost(t, "w1")
			l.client.tell(t, "round")
			l.start("w1")
		}},
		{"the broker is killed and started again", func(t *testing.T) {
			l.broker.signal(syscall.SIGKILL)
			l.broker.wait(t)
			eventually(t, "the client has noticed", func() bool { return len(l.client.tell(t, "figures").Away) > 0 })
			l.broker = l.fleet.broker(l.t)
		}},
	} {
		ok := t.Run(fault.name, func(t *testing.T) {
			fault.do(t)
			l.served(t)
			if f := l.client.tell(t, "figures"); f.NWrong > 0 {
				t.Errorf("%d wrong answers: %q", f.NWrong, f.Wrong)
			}
		})
		if !ok {
			break // what comes next would only fail, too
		}
	}
	l.client.tell(t, "finish").check(t)
	s := l.waitStatus(t, "nothing is left", func(s *wire.Status) bool { return s.Broker.Pending == 0 })
	t.Logf("since the broker's restart: retried %d, reclaimed %d, late answers dropped %d", s.Broker.Retried, s.Broker.Reclaimed, s.Broker.StaleAnswers)
}

// The first broker of the list is a black hole: it neither answers nor refuses.
func TestBlackHoleAmongBrokersDelaysNobody(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, "hole", "broker", "w1", "client")
	hole, good := n.fleet(t, "hole", "broker: {insecure: true}"), n.fleet(t, "broker", "broker: {insecure: true}")
	n.swallow(t, "hole")
	good.broker(t)
	both := *good
	both.clients, both.workers = hole.clients+","+good.clients, hole.workers+","+good.workers
	w := both.on(n, "w1").worker(t, "w1", good.history(t))
	good.waitWorkers(t, 1)
	if strings.Contains(w.log.String(), "not connected") {
		t.Errorf("the worker had to give the first broker up before it served the second:\n%s", w.log)
	}
	client := both.on(n, "client")
	if out, stderr, code := client.run(t, "", "send", "--timeout", "3s", historyText); out != historyAnswer+"\n" {
		t.Errorf("send: exit status %d: %s%s", code, out, stderr)
	}
	if out, stderr, code := client.run(t, "", "status"); code != 0 || !strings.Contains(out, "w1") || !strings.Contains(stderr, hole.clients) {
		t.Errorf("status: exit status %d: %s%s", code, out, stderr)
	}
	n.heal(t, "hole")
	hole.broker(t)
	hole.waitWorkers(t, 1)
}
