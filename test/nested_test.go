// Workers that ask workers: in this process, over real connections.

package test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trawl/broker"
	"trawl/edge/client"
	"trawl/edge/wire"
	"trawl/worker"
)

// circle is a broker, and workers with handlers, in this process.
type circle struct {
	t       *testing.T
	at      string // the workers' endpoint
	clients string
	stopped sync.WaitGroup
	client  *client.Client
}

var circles atomic.Int64

func newCircle(t *testing.T) *circle {
	t.Helper()
	n := circles.Add(1)
	c := &circle{t: t, at: fmt.Sprintf("inproc://nested-workers-%d", n)}
	c.clients = fmt.Sprintf("inproc://nested-clients-%d", n)
	b, err := broker.Listen(broker.Options{Clients: []string{c.clients}, Workers: []string{c.at}, DrainTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stopped.Go(func() { _ = b.Serve(ctx) })
	if c.client, err = client.New(client.Options{Brokers: []string{c.clients}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.client.Close()
		stop()
		c.stopped.Wait()
	})
	return c
}

// worker runs a worker with a slot until its stop is called, or the test ends.
func (c *circle) worker(name string, slots int, handle map[string]worker.Handler) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.stopped.Go(func() {
		defer close(done)
		err := worker.Run(ctx, worker.Options{
			Name: name, Brokers: []string{c.at}, Slots: slots, Handle: handle, DrainTimeout: time.Second,
		})
		if err != nil {
			c.t.Error(err)
		}
	})
	stop = func() { cancel(); <-done }
	c.t.Cleanup(stop)
	return stop
}

func (c *circle) ask(h wire.RequestHeader, text string) (string, error) {
	a, err := c.client.Do(context.Background(), &client.Request{Header: h, Texts: [][]byte{[]byte(text)}})
	if err != nil {
		return "", err
	}
	defer a.Release()
	return string(a.Results[0]), nil
}

func (c *circle) status() *wire.Status {
	s, err := c.client.Status(context.Background(), patience)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// rest waits until nothing is left of what was asked.
func (c *circle) rest() {
	c.t.Helper()
	eventually(c.t, "nothing is pending", func() bool {
		s := c.status()
		for _, w := range s.Workers {
			if w.Outstanding+w.Waiting > 0 {
				return false
			}
		}
		return s.Broker.Pending == 0 && s.Broker.PendingBytes == 0
	})
}

func wantCode(t *testing.T, err error, code wire.Code) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

func text(s string) *worker.Answer { return &worker.Answer{Results: [][]byte{[]byte(s)}} }

// passOn asks the next worker, and puts its own name before what that says.
func passOn(name, next string) worker.Handler {
	return func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
		if next == "" {
			return text(fmt.Sprintf("%s(%d hops)", name, r.Hops)), nil
		}
		a, err := r.Ask(ctx, worker.ToWorker(next), r.Texts...)
		if err != nil {
			return nil, err
		}
		if a.Header.Worker != next {
			return nil, fmt.Errorf("%s answered, not %s", a.Header.Worker, next)
		}
		return text(name + " " + string(a.Results[0])), nil
	}
}

func named(worker string, deadline time.Duration) wire.RequestHeader {
	h := wire.NewRequestHeader()
	h.Worker, h.Deadline = worker, deadline
	return h
}

func TestChainOfWorkersWithOneSlotEach(t *testing.T) {
	t.Parallel()
	c := newCircle(t)
	want := ""
	for i := range wire.MaxHops + 1 {
		name, next := fmt.Sprint("w", i), fmt.Sprint("w", i+1)
		if want += name; i == wire.MaxHops {
			next = ""
			want += fmt.Sprintf("(%d hops)", wire.MaxHops)
		} else {
			want += " "
		}
		c.worker(name, 1, map[string]worker.Handler{"default": passOn(name, next)})
	}
	if got, err := c.ask(named("w0", patience), "x"); got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	c.rest()
}

func TestWorkersThatAskInACircleAreTold(t *testing.T) {
	t.Parallel()
	c := newCircle(t)
	c.worker("a", 1, map[string]worker.Handler{"default": passOn("a", "b")})
	c.worker("b", 1, map[string]worker.Handler{"default": passOn("b", "a")})
	c.worker("me", 1, map[string]worker.Handler{"default": passOn("me", "me")})
	for _, name := range []string{"a", "me"} {
		_, err := c.ask(named(name, patience), "x")
		wantCode(t, err, wire.TooManyHops)
	}
	c.rest()
}

// Each of many requests makes both workers ask the other, and itself, and each has
// one slot.
func TestManyAtOnceOverTwoWorkersThatAskEachOther(t *testing.T) {
	t.Parallel()
	c := newCircle(t)
	const n = 200
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		other := names[1]
		c.worker(names[0], 1, map[string]worker.Handler{
			"default": func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
				if r.Hops >= 3 {
					return text("."), nil
				}
				a, err := r.Ask(ctx, worker.ToWorker(other), r.Texts...)
				if err != nil {
					return nil, err
				}
				b, err := r.Ask(ctx, worker.ToRules("default"), r.Texts...)
				if err != nil {
					return nil, err
				}
				return text(string(a.Results[0]) + string(b.Results[0])), nil
			},
		})
	}
	var all sync.WaitGroup
	for i := range n {
		h := named("", patience)
		if i%2 == 0 {
			h.Worker = "a"
		}
		all.Go(func() {
			if got, err := c.ask(h, fmt.Sprint(i)); got != "........" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	all.Wait()
	c.rest()
	if s := c.status(); s.Broker.SubRequests != 14*n { // 2+4+8
		t.Errorf("%d requests of workers, want %d", s.Broker.SubRequests, 14*n)
	}
}

// Several questions at once, of one request.
func TestWorkerAsksSeveralAtOnce(t *testing.T) {
	t.Parallel()
	c := newCircle(t)
	c.worker("leaf", 1, map[string]worker.Handler{"leaf": passOn("leaf", "")})
	c.worker("root", 1, map[string]worker.Handler{"default": func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
		var all sync.WaitGroup
		var got [20]string
		for i := range got {
			all.Go(func() {
				if a, err := r.Ask(ctx, worker.ToRules("leaf"), r.Texts...); err == nil {
					got[i] = string(a.Results[0])
				}
			})
		}
		all.Wait()
		return text(strings.Join(got[:], ",")), nil
	}})
	want := strings.TrimSuffix(strings.Repeat("leaf(1 hops),", 20), ",")
	for range 5 {
		if got, err := c.ask(named("root", patience), "x"); got != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
	c.rest()
}

// stuck is a handler that waits until nobody waits for it.
func stuck(begun chan<- int, ended chan<- error) worker.Handler {
	return func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
		begun <- r.Hops
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}
}

func TestEndOfARequestEndsWhatWasAskedForIt(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (c *circle, begun chan int, ended chan error, stop func()) {
		c = newCircle(t)
		begun, ended = make(chan int, 10), make(chan error, 10)
		c.worker("stuck", 1, map[string]worker.Handler{"stuck": stuck(begun, ended)})
		stop = c.worker("outer", 1, map[string]worker.Handler{"default": func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
			return r.Ask(ctx, worker.ToRules("stuck"), r.Texts...)
		}})
		return c, begun, ended, stop
	}
	t.Run("deadline", func(t *testing.T) {
		c, _, ended, _ := setup(t)
		_, err := c.ask(named("outer", 500*time.Millisecond), "x")
		wantCode(t, err, wire.Deadline)
		<-ended
		c.rest()
	})
	t.Run("client gone", func(t *testing.T) {
		c, begun, ended, _ := setup(t)
		other, err := client.New(client.Options{Brokers: []string{c.clients}})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = other.Do(context.Background(), &client.Request{Header: named("outer", time.Hour), Texts: [][]byte{nil}})
		}()
		<-begun
		_ = other.Close()
		<-ended
		c.rest()
	})
	t.Run("asking worker stopped", func(t *testing.T) {
		c, begun, ended, stop := setup(t)
		answered := make(chan error, 1)
		go func() {
			_, err := c.ask(named("outer", time.Hour), "x")
			answered <- err
		}()
		<-begun
		stop() // it does not finish within its time to drain
		wantCode(t, <-answered, wire.WorkerLost)
		<-ended
		c.rest()
	})
}

// What a handler does wrong costs that request only.
func TestHandlersThatFail(t *testing.T) {
	t.Parallel()
	c := newCircle(t)
	c.worker("w", 2, map[string]worker.Handler{"default": func(ctx context.Context, r *worker.Request) (*worker.Answer, error) {
		switch string(r.Texts[0]) {
		case "panic":
			panic("on purpose")
		case "panic later":
			_, _ = r.Ask(ctx, worker.ToRules("default"), []byte("fine"))
			panic("on purpose")
		case "nothing":
			return nil, nil
		case "too many":
			return &worker.Answer{Results: make([][]byte, 7)}, nil
		case "error":
			return nil, errors.New("on purpose")
		case "own":
			return nil, wire.Errorf(wire.Busy, "come back")
		case "too large":
			return &worker.Answer{Results: [][]byte{make([]byte, 5<<20)}}, nil
		case "leak": // returns before what it asks
			go func() { _, _ = r.Ask(ctx, worker.ToRules("default"), []byte("fine")) }()
		}
		return text("fine"), nil
	}})
	for text, code := range map[string]wire.Code{
		"panic": wire.Internal, "panic later": wire.Internal, "nothing": wire.Internal, "too many": wire.Internal,
		"error": wire.Internal, "own": wire.Busy, "too large": wire.TooLarge,
	} {
		_, err := c.ask(named("w", patience), text)
		wantCode(t, err, code)
	}
	for range 50 {
		if got, err := c.ask(named("w", patience), "leak"); got != "fine" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	c.rest()
}
