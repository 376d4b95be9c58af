package broker

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/wire"
)

// lines is a log that goroutines write to.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) options(o *Options) {
	o.Log = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Two boards have one name: the second asks again and again, which is logged once, and
// the status tells until it is let in.
func TestSecondWorkerOfANameIsInTheStatusAndOnceInTheLog(t *testing.T) {
	var log lines
	r := start(t, log.options)
	first := r.worker("pi2", 1)
	for i := range 5 {
		second := r.hello("pi2", fmt.Sprint("another", i), 1)
		if got := second.recv(); got[0] != "X" || !strings.Contains(got[1], "is connected already, from ") {
			t.Fatalf("got %q", got)
		}
	}
	r.until("the status tells", func(s *wire.Status) bool {
		return len(s.RefusedWorkers) == 1 && s.RefusedWorkers[0].Name == "pi2" && s.RefusedWorkers[0].Times == 5 &&
			strings.Contains(s.RefusedWorkers[0].Reason, "is connected already, from ")
	})
	if n := strings.Count(log.String(), "worker refused"); n != 1 || !strings.Contains(log.String(), "level=WARN msg=\"worker refused\" worker=pi2") {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
	_ = first.conn.Close()
	r.until("the first is gone", func(s *wire.Status) bool { return len(s.Workers) == 0 })
	r.worker("pi2", 1)
	r.until("it is let in", func(s *wire.Status) bool { return len(s.RefusedWorkers) == 0 && len(s.Workers) == 1 })
}

func TestTurnedAwayWorkersAreBoundedAndLoggedAgainAfterAMinute(t *testing.T) {
	var log lines
	var away turnedAway
	l := slog.New(slog.NewTextHandler(&log, nil))
	now := time.Unix(1e9, 0)
	e := wire.Errorf(wire.Forbidden, "name taken")
	for range 13 {
		now = now.Add(5 * time.Second)
		away.note(l, "w", "10.0.0.7:1", e, now)
	}
	if text := log.String(); strings.Count(text, "worker refused") != 2 || !strings.Contains(text, "times=12") {
		t.Errorf("a minute and 5 s:\n%s", text)
	}
	away.note(l, "w", "10.0.0.7:1", wire.Errorf(wire.BadRequest, "another reason"), now)
	if text := log.String(); strings.Count(text, "worker refused") != 3 {
		t.Errorf("another reason:\n%s", text)
	}
	for i := range 10 * maxTurnedAway {
		now = now.Add(time.Millisecond)
		away.note(l, fmt.Sprint("w", i), "10.0.0.8:1", e, now)
		if len(away.seen) > maxTurnedAway {
			t.Fatalf("%d are remembered", len(away.seen))
		}
	}
	list := away.list(now)
	if len(list) != maxTurnedAway || away.seen[turnedAwayKey{fmt.Sprint("w", 10*maxTurnedAway-1), "10.0.0.8"}] == nil {
		t.Errorf("%d are listed, and the latest is not among them", len(list))
	}
	if list := away.list(now.Add(turnedAwayShown + time.Second)); len(list) != 0 {
		t.Errorf("who does not come again is listed: %v", list)
	}
}

// Doctor looks whether a broker is there by connecting and leaving.
func TestPeerThatLeavesWithoutAWordIsNoWarning(t *testing.T) {
	var log lines
	r := start(t, log.options)
	_ = r.dial(r.workers, "DEALER").conn.Close()
	for deadline := time.Now().Add(patience); !strings.Contains(log.String(), "left without a word"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("log:\n%s", log.String())
		}
	}
	if strings.Contains(log.String(), "level=WARN") || len(r.status().RefusedWorkers) != 0 {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestSilentPeerAtTheWorkerEndpointIsRefused(t *testing.T) {
	var log lines
	r := start(t, func(o *Options) { log.options(o); o.helloTime = time.Millisecond })
	r.dial(r.workers, "DEALER")
	r.until("it is refused", func(s *wire.Status) bool {
		return len(s.RefusedWorkers) == 1 && strings.Contains(s.RefusedWorkers[0].Reason, "no hello within")
	})
}

// A worker at the endpoint for clients is told where to go, whatever its name; clients
// whose requests look alike are answered as ever.
func TestWorkerAtTheEndpointForClients(t *testing.T) {
	var log lines
	r := start(t, log.options)
	hello := string(wire.JSONFrame(&wire.Hello{Protocol: "1.0", Name: "pi2", Nonce: "n", Slots: 1}))
	for range 3 {
		w := r.client()
		w.send("H", hello)
		if got := w.recv(); got[0] != "X" || !strings.Contains(got[1], "this is the endpoint for clients; workers connect to "+r.workers) {
			t.Fatalf("got %q", got)
		}
	}
	if n := strings.Count(log.String(), "worker refused"); n != 1 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
	c := r.client()
	c.send("H", "a text")
	c.wantError(wire.BadRequest)
	w := r.worker("w", 1)
	for _, text := range []string{"H", hello} {
		c.send(text)
		task := w.task()
		w.answer(task, "done")
		c.want("done")
	}
}

func TestRuleSetWithPlainAndTrawlWorkers(t *testing.T) {
	var log lines
	r := start(t, log.options)
	mixed := func(s *wire.Status) bool {
		for _, set := range s.RuleSets {
			if set.Name == "default" {
				return set.Mixed
			}
		}
		return false
	}
	warnings := func() int { return strings.Count(log.String(), "plain and trawl workers serve one rule set") }
	w := r.worker("w", 1, "default", "other")
	r.worker("v", 1)
	if mixed(r.status()) || warnings() != 0 {
		t.Error("two trawl workers are mixed")
	}
	rep := r.plain()
	r.until("it is mixed", mixed)
	r.plain()
	r.until("both are there", func(s *wire.Status) bool { return len(s.Workers) == 4 })
	if n := warnings(); n != 1 {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
	w.send("U", string(wire.JSONFrame(&wire.Update{Rules: []wire.ServedRules{{Name: "other", Hash: strings.Repeat("ab", 32)}}})))
	_ = rep.conn.Close()
	r.until("it is still mixed", func(s *wire.Status) bool { return len(s.Workers) == 3 && mixed(s) })
	for _, name := range []string{"other", "nobody's"} {
		if r.broker.mixture.is(name) {
			t.Errorf("%s is mixed", name)
		}
	}
}

func TestMixtureForgetsWorkersThatAreGone(t *testing.T) {
	var m mixture
	log := slog.New(slog.DiscardHandler)
	trawl, plain := &worker{}, &worker{plain: true}
	m.note(log, trawl, []string{"a", "b"})
	m.note(log, plain, []string{"a"})
	if !m.is("a") || m.is("b") {
		t.Error("a is mixed, b is not")
	}
	m.note(log, trawl, []string{"b"})
	if m.is("a") {
		t.Error("after an update a is mixed")
	}
	m.note(log, trawl, nil)
	m.note(log, plain, nil)
	m.note(log, plain, nil)
	if len(m.serve) != 0 || len(m.count) != 0 {
		t.Errorf("left: %v, %v", m.serve, m.count)
	}
}
