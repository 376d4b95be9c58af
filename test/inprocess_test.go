// Brokers, a worker and a client of their Go packages, in this process: where
// goleak sees what they leave behind.

package test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trawl/broker"
	"trawl/edge/client"
	"trawl/edge/match"
	"trawl/edge/rules"
	"trawl/edge/wire"
	"trawl/worker"
)

// localBroker is a broker in this process, which can be stopped and started again
// at the same endpoints.
type localBroker struct {
	t       *testing.T
	options broker.Options
	stop    func()
}

func newLocalBroker(t *testing.T) *localBroker {
	t.Helper()
	const any = "tcp://127.0.0.1:0"
	b := &localBroker{t: t, options: broker.Options{Clients: []string{any}, Workers: []string{any}, Heartbeat: 100 * time.Millisecond, DrainTimeout: 100 * time.Millisecond}}
	b.start()
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *localBroker) start() {
	b.t.Helper()
	running, err := broker.Listen(b.options)
	if err != nil {
		b.t.Fatal(err)
	}
	b.options.Clients, b.options.Workers = running.ClientEndpoints(), running.WorkerEndpoints()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- running.Serve(ctx) }()
	b.stop = func() {
		b.t.Helper()
		cancel()
		select {
		case err := <-served:
			if err != nil {
				b.t.Errorf("the broker ended with %v", err)
			}
			b.stop = func() {}
		case <-time.After(patience):
			b.t.Fatal("the broker does not stop")
		}
	}
}

// waitServes waits until the broker has a worker.
func (b *localBroker) waitServes() {
	b.t.Helper()
	c, err := client.New(client.Options{Brokers: b.options.Clients})
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	eventually(b.t, "the worker is there", func() bool {
		s, err := c.Status(b.t.Context(), patience)
		return err == nil && len(s.Workers) == 1
	})
}

// localPair is two brokers and a worker of both.
func localPair(t *testing.T) (a, b *localBroker, clients []string) {
	t.Helper()
	a, b = newLocalBroker(t), newLocalBroker(t)
	words := write(t, filepath.Join(t.TempDir(), "words.txt"), "he\nshe\nhis\nhers\n")
	pack, _, err := rules.Compile([]string{words}, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	go func() {
		worked <- worker.Run(ctx, worker.Options{
			Name: "w", Slots: 2, Rules: map[string]*match.Pack{wire.DefaultRules: pack}, DrainTimeout: time.Second,
			Brokers: append(append([]string{}, a.options.Workers...), b.options.Workers...),
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-worked; err != nil {
			t.Errorf("the worker ended with %v", err)
		}
		_ = pack.Close()
	})
	a.waitServes()
	b.waitServes()
	return a, b, append(append([]string{}, a.options.Clients...), b.options.Clients...)
}

// Brokers that are stopped in order, in turn: what they refuse is asked of the
// other one, and nobody notices.
func TestBrokersAreStoppedInTurnAndNobodyNotices(t *testing.T) {
	for _, spread := range []bool{false, true} {
		a, b, clients := localPair(t)
		h, err := startHammer(hammering{Brokers: clients, Spread: spread, Settle: 200 * time.Millisecond, InFlight: 32, Padding: 4 << 10})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.kill)
		for _, broker := range []*localBroker{a, b, a, b} {
			h.waitRound(t)
			broker.stop()
			h.waitRound(t)
			broker.start()
			broker.waitServes()
		}
		f := h.finish()
		f.check(t)
		if f.Moved == 0 {
			t.Error("no request met a broker that was stopping")
		}
	}
}

func TestAllBrokersAreAwayAndComeBack(t *testing.T) {
	a, b, clients := localPair(t)
	c, err := client.New(client.Options{Brokers: clients})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask := func(timeout time.Duration) error {
		r := &client.Request{Header: wire.NewRequestHeader(), Texts: [][]byte{[]byte(historyText)}}
		r.Header.Deadline = timeout
		answer, err := c.Do(t.Context(), r)
		if err == nil {
			if got := string(answer.Results[0]); got != historyAnswer {
				t.Errorf("got %s", got)
			}
			answer.Release()
		}
		return err
	}
	if err := ask(patience); err != nil {
		t.Fatal(err)
	}
	a.stop()
	b.stop()
	eventually(t, "the client has noticed", func() bool { return len(c.Problems()) == 2 })
	var none *client.NoBrokerError
	if err := ask(500 * time.Millisecond); !errors.As(err, &none) || strings.Count(err.Error(), "connection refused") != 2 {
		t.Errorf("%v; want both brokers, and that they refuse", err)
	}
	answered := make(chan error, 1)
	go func() { answered <- ask(patience) }()
	b.start()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
