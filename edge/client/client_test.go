package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var endpointNumber atomic.Int64

// fakeBroker answers requests by a function; a nil answer is none.
type fakeBroker struct {
	t        *testing.T
	endpoint string
	listener *zmtp.Listener
	conns    chan *zmtp.Conn
	done     sync.WaitGroup
}

func newEndpoint() string { return fmt.Sprintf("inproc://client-test-%d", endpointNumber.Add(1)) }

func serve(t *testing.T, endpoint string, answer func(h wire.RequestHeader, texts []string) []string) *fakeBroker {
	t.Helper()
	l, err := zmtp.Listen(endpoint, zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		t.Fatal(err)
	}
	b := &fakeBroker{t: t, endpoint: endpoint, listener: l, conns: make(chan *zmtp.Conn, 100)}
	b.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.conns <- conn
			b.done.Go(func() { b.serveConn(conn, answer) })
		}
	})
	t.Cleanup(b.close)
	return b
}

func (b *fakeBroker) serveConn(conn *zmtp.Conn, answer func(wire.RequestHeader, []string) []string) {
	defer conn.Close()
	for {
		m, err := conn.Recv()
		if err != nil {
			return
		}
		h, err := wire.ParseRequestHeader(m.Frame(0))
		if err != nil {
			b.t.Error(err)
		}
		var texts []string
		for i, f := range m.Frames() {
			if i > 0 {
				texts = append(texts, string(f))
			}
		}
		m.Release()
		if frames := answer(h, texts); frames != nil {
			var bs [][]byte
			for _, f := range frames {
				bs = append(bs, []byte(f))
			}
			_ = conn.Send(nil, zmtp.NewMessage(bs...))
		}
	}
}

func (b *fakeBroker) close() {
	_ = b.listener.Close()
	for {
		select {
		case c := <-b.conns:
			_ = c.Close()
			continue
		default:
		}
		break
	}
	b.done.Wait()
}

func echo(h wire.RequestHeader, texts []string) []string {
	a := wire.AnswerHeader{ID: h.ID, HasID: true, Worker: "w"}
	return append([]string{string(a.Append(nil))}, texts...)
}

func failing(code wire.Code) func(wire.RequestHeader, []string) []string {
	return func(h wire.RequestHeader, _ []string) []string {
		a := wire.AnswerHeader{ID: h.ID, HasID: true, Error: wire.Errorf(code, "no")}
		return []string{string(a.Append(nil))}
	}
}

func dial(t *testing.T, brokers ...string) *Client {
	t.Helper()
	c, err := New(Options{Brokers: brokers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func request(timeout time.Duration, texts ...string) *Request {
	r := &Request{Header: wire.NewRequestHeader()}
	r.Header.Deadline = timeout
	for _, s := range texts {
		r.Texts = append(r.Texts, []byte(s))
	}
	return r
}

func TestManyRequestsAtOnceGetTheirOwnAnswers(t *testing.T) {
	b := serve(t, newEndpoint(), echo)
	c := dial(t, b.endpoint)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			text := fmt.Sprint(i)
			a, err := c.Do(t.Context(), request(5*time.Second, text, "second"))
			if err != nil {
				t.Error(err)
				return
			}
			defer a.Release()
			if len(a.Results) != 2 || string(a.Results[0]) != text || a.Header.Worker != "w" {
				t.Errorf("asked %s, got %q", text, a.Results)
			}
		})
	}
	all.Wait()
}

func TestErrorAnswers(t *testing.T) {
	b := serve(t, newEndpoint(), failing(wire.Busy))
	c := dial(t, b.endpoint)
	_, err := c.Do(t.Context(), request(5*time.Second, "t"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.Busy {
		t.Fatalf("%v, want busy", err)
	}
}

func TestRetryAsksAgainWhenBusy(t *testing.T) {
	var asked atomic.Int64
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		if asked.Add(1) < 4 {
			return failing(wire.Busy)(h, texts)
		}
		return echo(h, texts)
	})
	c := dial(t, b.endpoint)
	r := request(5*time.Second, "t")
	r.Retry = true
	a, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	a.Release()
	if asked.Load() != 4 {
		t.Errorf("asked %d times, want 4", asked.Load())
	}
}

// A broker without memory for its status has some soon: who looks at it is not told to
// try later.
func TestControlRequestsAreAskedAgainWhenBusy(t *testing.T) {
	var asked atomic.Int64
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		if asked.Add(1) < 3 {
			return failing(wire.Busy)(h, texts)
		}
		return echo(h, texts)
	})
	c := dial(t, b.endpoint)
	if _, err := c.Control(t.Context(), wire.OpStatus, "", 5*time.Second); err != nil || asked.Load() != 3 {
		t.Errorf("status: %v after %d requests, want 3", err, asked.Load())
	}
	asked.Store(0)
	var e *wire.Error
	if _, err := c.Control(t.Context(), wire.OpStop, "w1", 5*time.Second); !errors.As(err, &e) || e.Code != wire.Busy || asked.Load() != 1 {
		t.Errorf("stop: %v after %d requests, want busy after one", err, asked.Load())
	}
}

func TestRequestBeforeTheBrokerIsThere(t *testing.T) {
	endpoint := newEndpoint()
	c := dial(t, endpoint)
	answered := make(chan error, 1)
	go func() {
		a, err := c.Do(t.Context(), request(5*time.Second, "t"))
		if err == nil {
			a.Release()
		}
		answered <- err
	}()
	serve(t, endpoint, echo)
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
}

func TestRequestIsAskedAgainAfterALostConnection(t *testing.T) {
	var asked atomic.Int64
	got := make(chan struct{}, 10)
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		if asked.Add(1) == 1 {
			got <- struct{}{}
			return nil
		}
		return echo(h, texts)
	})
	c := dial(t, b.endpoint)
	go func() {
		conn := <-b.conns
		<-got
		_ = conn.Close()
	}()
	a, err := c.Do(t.Context(), request(5*time.Second, "t"))
	if err != nil {
		t.Fatal(err)
	}
	a.Release()
}

func TestSecondBrokerAnswersWhereTheFirstIsNot(t *testing.T) {
	b := serve(t, newEndpoint(), echo)
	c := dial(t, newEndpoint(), b.endpoint)
	a, err := c.Do(t.Context(), request(5*time.Second, "t"))
	if err != nil {
		t.Fatal(err)
	}
	a.Release()
}

func TestNoBroker(t *testing.T) {
	endpoint := newEndpoint()
	c := dial(t, endpoint)
	_, err := c.Do(t.Context(), request(100*time.Millisecond, "t"))
	var none *NoBrokerError
	if !errors.As(err, &none) || !strings.Contains(err.Error(), endpoint) || none.Problems[0].Err == nil {
		t.Fatalf("%v, want that there is no broker at %s, and why", err, endpoint)
	}
}

func TestSilentBroker(t *testing.T) {
	b := serve(t, newEndpoint(), func(wire.RequestHeader, []string) []string { return nil })
	c := dial(t, b.endpoint)
	_, err := c.Do(t.Context(), request(50*time.Millisecond, "t"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.Deadline {
		t.Fatalf("%v, want deadline", err)
	}
}

// Without a text the header would be one.
func TestRequestNeedsAText(t *testing.T) {
	b := serve(t, newEndpoint(), echo)
	c := dial(t, b.endpoint)
	_, err := c.Do(t.Context(), request(5*time.Second))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.BadRequest || c.Stats().Sent != 0 {
		t.Errorf("%v, want bad_request, and %+v", err, c.Stats())
	}
}

func TestAnswerWithoutAllResultsIsAnError(t *testing.T) {
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string { return echo(h, texts[1:]) })
	c := dial(t, b.endpoint)
	_, err := c.Do(t.Context(), request(5*time.Second, "a", "b"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.Internal || !strings.Contains(e.Message, `"w"`) {
		t.Errorf("%v, want internal, and the worker's name", err)
	}
}

// What the broker says of a request whose time is up arrives after that.
func TestBrokersOwnWordOnTheDeadline(t *testing.T) {
	b := serve(t, newEndpoint(), func(h wire.RequestHeader, texts []string) []string {
		<-time.After(h.Deadline + 20*time.Millisecond)
		return failing(wire.Deadline)(h, texts)
	})
	c := dial(t, b.endpoint)
	_, err := c.Do(t.Context(), request(50*time.Millisecond, "t"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.Deadline || e.Message != "no" {
		t.Errorf("%v, want what the broker said", err)
	}
}

func TestConnectionThatTakesNothingMoreIsBusy(t *testing.T) {
	l, err := zmtp.Listen(newEndpoint(), zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := New(Options{Brokers: []string{l.Endpoint()}, sendBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept() // and never reads
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer c.Close()
	c.waitUp(t, 1)
	for range 1000 {
		call, err := c.begin(request(time.Minute, strings.Repeat("x", 1<<20)), time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		select {
		case res := <-call.done:
			if e := wire.AsError(res.err); e == nil || e.Code != wire.Busy {
				t.Errorf("%v, want busy", res.err)
			}
			return
		default:
		}
	}
	t.Error("the connection takes everything")
}

// Who is at a workers' endpoint by mistake is told so.
func TestEndpointForWorkers(t *testing.T) {
	l, err := zmtp.Listen(newEndpoint(), zmtp.Options{SocketType: "ROUTER"})
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if m, err := conn.Recv(); err == nil {
				m.Release()
				refusal := wire.AnswerHeader{Error: wire.Errorf(wire.BadRequest, "clients connect to port 5555")}
				_ = conn.Send(nil, zmtp.NewMessage(wire.ControlFrame(wire.KindRefused), refusal.Append(nil)))
				_ = conn.Drain(t.Context())
			}
			_ = conn.Close()
		}
	})
	c := dial(t, l.Endpoint())
	_, err = c.Do(t.Context(), request(time.Minute, "t"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Message != "clients connect to port 5555" {
		t.Errorf("%v, want what it was told", err)
	}
	_ = c.Close()
	_ = l.Close()
	done.Wait()
}

func TestCancelAndClose(t *testing.T) {
	b := serve(t, newEndpoint(), func(wire.RequestHeader, []string) []string { return nil })
	c := dial(t, b.endpoint)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := c.Do(ctx, request(time.Minute, "t")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	closing := make(chan error, 1)
	go func() {
		_, err := c.Do(t.Context(), request(time.Minute, "t"))
		closing <- err
	}()
	time.AfterFunc(10*time.Millisecond, func() { _ = c.Close() })
	if err := <-closing; !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want closed", err)
	}
	if _, err := c.Do(t.Context(), request(time.Minute, "t")); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	for _, brokers := range [][]string{nil, {"nonsense"}} {
		if _, err := New(Options{Brokers: brokers}); err == nil {
			t.Errorf("%q was taken", brokers)
		}
	}
}
