// Two brokers: each is killed in turn, under load and under a scan. Nothing is
// lost, nothing is answered twice, and output does not change.

package test

import (
	"flag"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"trawl/edge/wire"
)

var brokersFor = flag.Duration("brokers", 0, "how long brokers are killed and restarted, in turn, every 5 s; 0: four times, one after the other")

// pair is two brokers with workers at both.
type pair struct {
	fleet   // of both: what takes lists of endpoints
	each    [2]*fleet
	brokers [2]*process
}

func newPair(t *testing.T, settings string) *pair {
	t.Helper()
	p := &pair{each: [2]*fleet{newFleet(t, settings), newFleet(t, settings)}}
	p.fleet = fleet{
		dir: p.each[0].dir, config: p.each[0].config,
		clients: p.each[0].clients + "," + p.each[1].clients,
		workers: p.each[0].workers + "," + p.each[1].workers,
	}
	for i, f := range p.each {
		p.brokers[i] = f.broker(t, "--name", fmt.Sprint("broker", i))
	}
	return p
}

// restart kills one broker and starts it again.
func (p *pair) restart(t *testing.T, i int) {
	t.Helper()
	p.brokers[i].signal(syscall.SIGKILL)
	p.brokers[i].wait(t)
	p.brokers[i] = p.each[i].broker(t, "--name", fmt.Sprint("broker", i))
}

func TestNothingIsLostWhenBrokersAreKilled(t *testing.T) {
	for _, spread := range []bool{false, true} {
		t.Run(fmt.Sprint("spread ", spread), func(t *testing.T) {
			p := newPair(t, "broker: {heartbeat: 200ms}")
			words := p.history(t)
			for i := range 3 {
				p.worker(t, fmt.Sprint("w", i), words)
			}
			for _, f := range p.each {
				f.waitWorkers(t, 3)
			}
			h := p.hammer(t, hammering{Spread: spread, Settle: time.Second, InFlight: 64, Padding: 8 << 10})
			h.waitRound(t)
			kills := 0
			if *brokersFor == 0 {
				for range 4 {
					p.restart(t, kills%2)
					kills++
					h.waitRound(t)
					p.each[(kills-1)%2].waitWorkers(t, 3) // they are back, before the other one goes
				}
			} else {
				ticks := time.NewTicker(5 * time.Second)
				defer ticks.Stop()
				for end := time.Now().Add(*brokersFor); time.Now().Before(end); <-ticks.C {
					p.restart(t, kills%2)
					kills++
				}
			}
			h.waitRound(t)
			f := h.finish()
			f.check(t)
			t.Logf("%d brokers killed", kills)
			if f.Moved == 0 {
				t.Error("nothing was under way at a broker when it was killed")
			}
			for _, f := range p.each {
				f.waitStatus(t, "nothing is left", func(s *wire.Status) bool { return s.Broker.Pending == 0 && len(s.Workers) == 3 })
			}
		})
	}
}

func TestScanIsNotChangedWhenABrokerIsKilled(t *testing.T) {
	t.Parallel()
	c := realInput(t)
	p := newPair(t, "")
	p.worker(t, "w1", c.words)
	p.worker(t, "w2", c.words)
	for _, f := range p.each {
		f.waitWorkers(t, 2)
	}
	var other *fleet
	before := int64(0)
	p.scanWhile(t, c, func() {
		// Which of the two it asks was decided by who was up first.
		served := 0
		if p.each[1].matched(t) > p.each[0].matched(t) {
			served = 1
		}
		other = p.each[1-served]
		before = other.matched(t)
		p.brokers[served].signal(syscall.SIGKILL)
		p.brokers[served].wait(t)
	})
	if n := other.matched(t) - before; n < 5 {
		t.Errorf("the other broker answered %d requests", n)
	}
}

// matched is how many requests for the rule set default a broker has answered.
func (f *fleet) matched(t *testing.T) int64 {
	t.Helper()
	for _, r := range f.status(t).RuleSets {
		if r.Name == "default" && r.Latency != nil {
			return r.Latency.Answers
		}
	}
	return 0
}

// A broker that is away, or hangs, holds up neither workers nor clients.
func TestBrokerThatIsAwayOrHangsDelaysNobody(t *testing.T) {
	t.Parallel()
	p := newPair(t, "{broker: {heartbeat: 100ms}, client: {heartbeat: 100ms}}")
	words := p.history(t)
	p.brokers[0].signal(syscall.SIGSTOP) // takes connections, and no handshake is answered
	w := p.worker(t, "w1", words)
	p.each[1].waitWorkers(t, 1)
	if out, stderr, _ := p.run(t, "", "send", historyText); out != historyAnswer+"\n" {
		t.Errorf("with a broker that hangs: %s%s", out, stderr)
	}
	if log := w.log.String(); strings.Contains(log, "not connected") {
		t.Errorf("the worker had to give the first broker up before it served the second:\n%s", log)
	}
	p.brokers[0].signal(syscall.SIGCONT)
	p.each[0].waitWorkers(t, 1)
	h := p.hammer(t, hammering{Heartbeat: 100 * time.Millisecond, InFlight: 8})
	eventually(t, "the client is connected to both", func() bool { return len(h.client.Problems()) == 0 })
	h.waitRound(t)
	for i, b := range p.brokers { // the one that has what is under way is among them
		b.signal(syscall.SIGSTOP)
		p.each[1-i].waitWorkers(t, 1)
		h.waitRound(t)
		b.signal(syscall.SIGCONT)
		p.each[i].waitWorkers(t, 1)
	}
	f := h.finish()
	f.check(t)
	if f.Moved == 0 {
		t.Error("no broker had anything under way when it was stopped")
	}
	w.signal(syscall.SIGTERM)
	if code := w.wait(t); code != 0 {
		t.Errorf("the worker's exit status is %d", code)
	}
}
