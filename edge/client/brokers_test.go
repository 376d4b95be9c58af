package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// patience is how long anything is waited for; it passes only in a failure.
const patience = 20 * time.Second

// until waits until ok.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

// dialAll makes a client that is connected to all its brokers.
func dialAll(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.waitUp(t, len(o.Brokers))
	return c
}

func (c *Client) waitUp(t *testing.T, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d brokers are connected", n), func() bool { return len(c.Problems()) == len(c.links)-n })
}

// named answers as echo does, as a broker of that name, and counts.
func named(name string, asked *atomic.Int64) func(wire.RequestHeader, []string) []string {
	return func(h wire.RequestHeader, texts []string) []string {
		asked.Add(1)
		a := wire.AnswerHeader{ID: h.ID, HasID: true, Worker: name}
		return append([]string{string(a.Append(nil))}, texts...)
	}
}

// ask is one request that must succeed; it returns who answered.
func ask(t *testing.T, c *Client) string {
	t.Helper()
	a, err := c.Do(t.Context(), request(patience, "text"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	return a.Header.Worker
}

func TestTheFirstBrokerIsPreferred(t *testing.T) {
	var first, second atomic.Int64
	a, b := serve(t, newEndpoint(), named("a", &first)), serve(t, newEndpoint(), named("b", &second))
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	for range 50 {
		ask(t, c)
	}
	if first.Load() != 50 || second.Load() != 0 {
		t.Errorf("asked %d and %d times, want 50 and 0", first.Load(), second.Load())
	}
}

func TestSpreadTakesBrokersInTurn(t *testing.T) {
	var asked [3]atomic.Int64
	var brokers []string
	var fakes []*fakeBroker
	for i := range asked {
		fakes = append(fakes, serve(t, newEndpoint(), named(fmt.Sprint(i), &asked[i])))
		brokers = append(brokers, fakes[i].endpoint)
	}
	c := dialAll(t, Options{Brokers: brokers, Spread: true})
	for range 60 {
		ask(t, c)
	}
	for i := range asked {
		if n := asked[i].Load(); n != 20 {
			t.Errorf("broker %d was asked %d times, want 20", i, n)
		}
	}
	fakes[0].close()
	c.waitUp(t, 2)
	for range 10 {
		if who := ask(t, c); who == "0" {
			t.Error("a broker that is gone has answered")
		}
	}
}

// A broker that was lost is used again once it has settled, and not before.
func TestGoingBackToThePreferredBroker(t *testing.T) {
	for _, test := range []struct {
		settle time.Duration
		want   string
	}{{time.Hour, "b"}, {time.Nanosecond, "a"}} {
		t.Run(test.want, func(t *testing.T) {
			var n atomic.Int64
			a, b := serve(t, newEndpoint(), named("a", &n)), serve(t, newEndpoint(), named("b", &n))
			c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}, Settle: test.settle})
			_ = (<-a.conns).Close()
			until(t, "the loss is noticed", func() bool { return len(c.Problems()) > 0 })
			if who := ask(t, c); who != "b" {
				t.Errorf("answered by %s while the preferred broker is away", who)
			}
			c.waitUp(t, 2)
			if who := ask(t, c); who != test.want {
				t.Errorf("answered by %s, want %s", who, test.want)
			}
		})
	}
}

// What is under way at the second broker when the first comes back stays there.
func TestGoingBackLeavesWhatIsUnderWay(t *testing.T) {
	var n atomic.Int64
	arrived, answer := make(chan struct{}), make(chan struct{})
	endpoint := newEndpoint()
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		close(arrived)
		<-answer
		return named("b", &n)(h, texts)
	})
	c, err := New(Options{Brokers: []string{endpoint, b.endpoint}, Settle: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.waitUp(t, 1)
	who := make(chan string)
	go func() { who <- ask(t, c) }()
	<-arrived
	serve(t, endpoint, named("a", &n))
	c.waitUp(t, 2)
	if got := ask(t, c); got != "a" {
		t.Errorf("the next request was answered by %s, want a", got)
	}
	close(answer)
	if got := <-who; got != "b" {
		t.Errorf("the request under way was answered by %s, want b", got)
	}
	if s := c.Stats(); s.Moved != 0 || s.Stale != 0 {
		t.Errorf("%+v; want nothing moved, nothing late", s)
	}
}

// A broker that takes connections and then nothing is lost after three heartbeats.
func TestSilentBrokerIsLost(t *testing.T) {
	l, err := zmtp.Listen("tcp://127.0.0.1:0", zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan *zmtp.Conn, 100) // nobody reads from them
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	b := serve(t, newEndpoint(), echo)
	c := dialAll(t, Options{Brokers: []string{l.Endpoint(), b.endpoint}, Heartbeat: 20 * time.Millisecond})
	if who := ask(t, c); who != "w" {
		t.Errorf("answered by %s", who)
	}
	if s := c.Stats(); s.Moved == 0 {
		t.Errorf("%+v; want the request to have been moved", s)
	}
	_ = c.Close()
	_ = l.Close()
	for conn := range accepted {
		_ = conn.Close()
	}
}

func TestWhatAnErrorMeansForTheOtherBroker(t *testing.T) {
	for _, test := range []struct {
		code  wire.Code
		moves bool
	}{
		{wire.Draining, true},
		{wire.Busy, true},
		{wire.UnknownRules, true},
		{wire.UnknownWorker, true},
		{wire.BadRequest, false},
		{wire.TooLarge, false},
		{wire.NoWorker, false},
		{wire.Deadline, false},
		{wire.WorkerLost, false},
		{wire.TooManyHops, false},
		{wire.Forbidden, false},
		{wire.Internal, false},
	} {
		t.Run(string(test.code), func(t *testing.T) {
			var second atomic.Int64
			a, b := serve(t, newEndpoint(), failing(test.code)), serve(t, newEndpoint(), named("b", &second))
			c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
			answer, err := c.Do(t.Context(), request(patience, "t"))
			var coded *wire.Error
			switch {
			case err == nil:
				answer.Release()
			case !errors.As(err, &coded) || coded.Code != test.code:
				t.Errorf("the error is %v", err)
			}
			if moved := err == nil; moved != test.moves || moved != (second.Load() == 1) {
				t.Errorf("the second broker was asked %d times, error %v", second.Load(), err)
			}

			r := request(patience, "t")
			r.NoRetry = true
			before := second.Load()
			// A broker that is draining, or has no workers, is not asked while another is up.
			passedBy := test.code == wire.Draining || test.code == wire.NoWorker
			answer, err = c.Do(t.Context(), r)
			switch {
			case passedBy && err == nil:
				answer.Release()
			case !errors.As(err, &coded) || coded.Code != test.code:
				t.Errorf("with NoRetry the error is %v", err)
			case second.Load() != before:
				t.Error("a request with NoRetry was sent to the second broker, too")
			}
		})
	}
}

func TestAllBrokersRefuse(t *testing.T) {
	var asked atomic.Int64
	refuse := func(h wire.RequestHeader, texts []string) []string {
		asked.Add(1)
		return failing(wire.Busy)(h, texts)
	}
	a, b := serve(t, newEndpoint(), refuse), serve(t, newEndpoint(), refuse)
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	_, err := c.Do(t.Context(), request(patience, "t"))
	var coded *wire.Error
	if !errors.As(err, &coded) || coded.Code != wire.Busy || asked.Load() != 2 {
		t.Errorf("asked %d times: %v; want both once, and busy", asked.Load(), err)
	}
}

// The first broker was busy; the second took the request and is lost: by now the first
// may have room.
func TestWhoRefusedBeforeALossIsAskedAgain(t *testing.T) {
	var asked atomic.Int64
	a := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		if asked.Add(1) == 1 {
			return failing(wire.Busy)(h, texts)
		}
		return echo(h, texts)
	})
	got := make(chan struct{})
	b := serve(t, newEndpoint(), func(wire.RequestHeader, []string) []string { close(got); return nil })
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	go func() {
		<-got
		_ = b.listener.Close()
		_ = (<-b.conns).Close()
	}()
	ask(t, c)
	if n := asked.Load(); n != 2 {
		t.Errorf("the first broker was asked %d times, want 2", n)
	}
}

// The only broker that is up drains, and is back before the other one is.
func TestDrainingBrokerIsAskedAgainOnceItIsBack(t *testing.T) {
	var asked atomic.Int64
	refused := make(chan struct{}, 1)
	a := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		if asked.Add(1) == 1 {
			refused <- struct{}{}
			return failing(wire.Draining)(h, texts)
		}
		return echo(h, texts)
	})
	c := dial(t, a.endpoint, newEndpoint())
	c.waitUp(t, 1)
	go func() {
		<-refused
		until(t, "the refusal is there", func() bool { return c.waiting() == 1 })
		_ = (<-a.conns).Close()
	}()
	ask(t, c)
}

// waiting is how many requests wait for a broker.
func (c *Client) waiting() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.calls {
		if call.link == nil {
			n++
		}
	}
	return n
}

func TestDrainingBrokerGetsNothingNew(t *testing.T) {
	var first, second atomic.Int64
	a := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		first.Add(1)
		return failing(wire.Draining)(h, texts)
	})
	b := serve(t, newEndpoint(), named("b", &second))
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	for range 10 {
		ask(t, c)
	}
	if first.Load() != 1 || second.Load() != 10 {
		t.Errorf("asked %d and %d times, want 1 and 10", first.Load(), second.Load())
	}
}

// A broker that is cut off from its workers is not preferred for long.
func TestBrokerWithoutWorkersIsPassedBy(t *testing.T) {
	var second atomic.Int64
	a, b := serve(t, newEndpoint(), failing(wire.NoWorker)), serve(t, newEndpoint(), named("b", &second))
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}, Settle: time.Hour})
	var coded *wire.Error
	if _, err := c.Do(t.Context(), request(patience, "t")); !errors.As(err, &coded) || coded.Code != wire.NoWorker {
		t.Errorf("%v, want no_worker", err)
	}
	for range 5 {
		if who := ask(t, c); who != "b" {
			t.Errorf("answered by %s, want b", who)
		}
	}
}

// The second broker drains while the first has not come back yet: what it refuses
// waits for the first.
func TestWhatADrainingBrokerRefusesWaitsForAnother(t *testing.T) {
	var first atomic.Int64
	refused := make(chan struct{}, 10)
	endpoint := newEndpoint()
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		refused <- struct{}{}
		return failing(wire.Draining)(h, texts)
	})
	c := dial(t, endpoint, b.endpoint)
	c.waitUp(t, 1)
	go func() {
		<-refused
		serve(t, endpoint, named("a", &first))
	}()
	if who := ask(t, c); who != "a" {
		t.Errorf("answered by %s, want a", who)
	}

	alone := dial(t, newEndpoint(), b.endpoint) // the first never comes
	alone.waitUp(t, 1)
	_, err := alone.Do(t.Context(), request(200*time.Millisecond, "t"))
	var coded *wire.Error
	if !errors.As(err, &coded) || coded.Code != wire.Draining {
		t.Errorf("%v; want that the broker is draining", err)
	}
}

func TestRequestThatMustNotBeDoneTwice(t *testing.T) {
	var second atomic.Int64
	got := make(chan struct{})
	a := serve(t, newEndpoint(), func(wire.RequestHeader, []string) []string { close(got); return nil })
	b := serve(t, newEndpoint(), named("b", &second))
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	go func() {
		<-got
		_ = (<-a.conns).Close()
	}()
	r := request(patience, "t")
	r.NoRetry, r.Retry = true, true
	_, err := c.Do(t.Context(), r)
	var lost *LostError
	if !errors.As(err, &lost) || lost.Broker != a.endpoint || !strings.Contains(err.Error(), a.endpoint) {
		t.Errorf("%v; want that the connection to %s was lost", err, a.endpoint)
	}
	if second.Load() != 0 {
		t.Error("it was asked twice")
	}
}

func TestRetryGoesOutWithTheTimeThatIsLeft(t *testing.T) {
	var first time.Duration
	got, second := make(chan struct{}), make(chan time.Duration, 1)
	a := serve(t, newEndpoint(), func(h wire.RequestHeader, _ []string) []string { first = h.Deadline; close(got); return nil })
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		second <- h.Deadline
		return echo(h, texts)
	})
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	go func() {
		<-got
		time.Sleep(20 * time.Millisecond) // some of the deadline passes
		_ = (<-a.conns).Close()
	}()
	ask(t, c)
	if left := <-second; left > first-20*time.Millisecond || left < first-patience/2 {
		t.Errorf("sent with a deadline of %v, and then of %v", first, left)
	}
}

func TestAllBrokersAreNamedWithTheirProblems(t *testing.T) {
	away := newEndpoint()
	plain, err := zmtp.Listen("tcp://127.0.0.1:0", zmtp.Options{SocketType: "PUSH"}) // no broker
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	c := dial(t, away, plain.Endpoint())
	_, err = c.Do(t.Context(), request(300*time.Millisecond, "t"))
	var none *NoBrokerError
	if !errors.As(err, &none) || len(none.Problems) != 2 || none.Problems[0].Err == nil || none.Problems[1].Err == nil {
		t.Fatalf("%v; want two problems", err)
	}
	for _, part := range []string{away, plain.Endpoint(), none.Problems[0].Err.Error(), none.Problems[1].Err.Error()} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// The first broker refuses, and then answers nevertheless: only the second's
// answer counts.
func TestStaleDuplicateIsDropped(t *testing.T) {
	id, refused, answer := make(chan string, 1), make(chan struct{}), make(chan struct{})
	var n atomic.Int64
	a := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		id <- h.ID
		return failing(wire.Busy)(h, texts)
	})
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		close(refused) // by the first
		<-answer
		return named("b", &n)(h, texts)
	})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release) // before b is closed, which would wait
	c := dialAll(t, Options{Brokers: []string{a.endpoint, b.endpoint}})
	late := func(id string) {
		h := wire.AnswerHeader{ID: id, HasID: true, Worker: "a"}
		conn := <-a.conns
		a.conns <- conn
		_ = conn.Send(nil, zmtp.NewMessage(h.Append(nil), []byte("wrong")))
	}
	go func() {
		number := <-id
		<-refused
		late(number)
		until(t, "the answer was dropped", func() bool { return c.Stats().Stale == 1 })
		release()
		late(number) // before or after the answer: it is on the wrong connection
	}()
	if who := ask(t, c); who != "b" {
		t.Errorf("answered by %s, want b", who)
	}
	until(t, "the second answer was dropped", func() bool { return c.Stats().Stale == 2 })
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) != 0 {
		t.Errorf("%d calls are left", len(c.calls))
	}
}

// Brokers whose connections break, that refuse, and that answer late, all at
// random: every request gets its own answer.
func TestNothingIsLostOrMixedUpWhateverBrokersDo(t *testing.T) {
	for _, spread := range []bool{false, true} {
		t.Run(fmt.Sprint("spread ", spread), func(t *testing.T) {
			var brokers []string
			for range 3 {
				var b *fakeBroker
				b = serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
					switch rand.IntN(20) {
					case 0:
						for range 3 { // the connection that this request came on may be among them
							select {
							case conn := <-b.conns:
								_ = conn.Close()
							default:
							}
						}
						return nil
					case 1:
						return failing(wire.Busy)(h, texts)
					case 2:
						return failing(wire.Draining)(h, texts)
					}
					return echo(h, texts)
				})
				brokers = append(brokers, b.endpoint)
			}
			c := dialAll(t, Options{Brokers: brokers, Spread: spread, Settle: time.Millisecond})
			var asking sync.WaitGroup
			for g := range 20 {
				asking.Go(func() {
					for i := range 50 {
						text := fmt.Sprint(g, " ", i)
						r := request(patience, text)
						r.Retry = true
						a, err := c.Do(t.Context(), r)
						if err != nil {
							t.Error(err)
							return
						}
						if len(a.Results) != 1 || string(a.Results[0]) != text {
							t.Errorf("asked %q, got %q", text, a.Results)
						}
						a.Release()
					}
				})
			}
			asking.Wait()
			t.Logf("%+v", c.Stats())
			c.mu.Lock()
			defer c.mu.Unlock()
			if len(c.calls) != 0 {
				t.Errorf("%d calls are left", len(c.calls))
			}
		})
	}
}
