package worker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// asks waits for a question of the worker.
func (l *testLink) asks() (wire.SubRequestControl, []string) {
	l.t.Helper()
	frames := l.recv()
	if len(frames) == 0 {
		l.t.Fatal("the connection ended")
	}
	c, ok := wire.ParseSubRequestControl([]byte(frames[0]))
	if !ok {
		l.t.Fatalf("%q is no question", frames)
	}
	return c, frames[1:]
}

func (l *testLink) tell(c wire.SubRequestControl, frames ...string) {
	l.t.Helper()
	reply := wire.ReplyControl{Number: c.Number}
	l.send(append([]string{string(reply.Append(nil))}, frames...)...)
}

// welcomeAsking is welcome by a broker that takes questions.
func (b *fakeBroker) welcomeAsking() (*testLink, wire.Hello) {
	l, h := b.welcome(time.Minute)
	l.send("W", string(wire.JSONFrame(&wire.Welcome{Protocol: wire.ProtocolVersion, Broker: "fake", HeartbeatMS: 60_000, Hops: wire.MaxHops})))
	return l, h
}

func passOn(ctx context.Context, r *Request) (*Answer, error) {
	h := r.Header
	h.Rules = "other"
	return r.Ask(ctx, h, r.Texts...)
}

func handling(b *fakeBroker, t *testing.T, h Handler) Options {
	o := options(b, t)
	o.Slots, o.Handle = 1, map[string]Handler{"custom": h}
	return o
}

// While a request waits for an answer, its only slot does others, and what it asks
// has its time and its header.
func TestWaitingRequestLeavesItsSlotToOthers(t *testing.T) {
	b := listen(t)
	run(t, handling(b, t, passOn))
	l, h := b.welcomeAsking()
	if last := h.Rules[len(h.Rules)-1]; last.Name != "custom" || last.Hash != "" {
		t.Errorf("hello %+v", h.Rules)
	}
	for n := range uint64(5) {
		l.request(n, true, time.Minute, `{"id":"1","rules":"custom","want":"count"}`, "first", "second")
		c, frames := l.asks()
		header, err := wire.ParseRequestHeader([]byte(frames[0]))
		if err != nil || c.Parent != n || header.Rules != "other" || header.Want != wire.WantCount || header.HasID ||
			header.Deadline > time.Minute || header.Deadline < 30*time.Second || frames[2] != "second" {
			t.Fatalf("question %+v %q", c, frames)
		}
		if failed, got := l.ask(false, "he"); failed || !strings.Contains(got[0], `"he"`) {
			t.Fatalf("beside waiting requests: %q", got)
		}
		if n == 0 {
			continue // waits till the end
		}
		l.tell(c, `{"worker":"o","rules":"other@1"}`, "1", "2")
		failed, got := l.reply(n)
		head, err := wire.ParseAnswerHeader([]byte(got[0]))
		if failed || err != nil || head.ID != "1" || head.Worker != "w" || head.Rules != "custom" || got[2] != "2" {
			t.Fatalf("answer %q, %v", got, err)
		}
	}
}

// The time that a request waits for an answer is not counted as work.
func TestWaitingIsNoWork(t *testing.T) {
	b := listen(t)
	var request *Request
	stop := run(t, handling(b, t, func(ctx context.Context, r *Request) (*Answer, error) {
		request = r
		return passOn(ctx, r)
	}))
	l, _ := b.welcomeAsking()
	start := time.Now()
	l.request(1, true, time.Minute, `{"rules":"custom"}`, "x")
	c, _ := l.asks()
	<-time.After(50 * time.Millisecond)
	l.tell(c, `{"worker":"o"}`, "1")
	l.reply(1)
	_ = l.conn.Close()
	stop()
	all, waited := time.Since(start), request.idle
	worked := time.Duration(request.worker.busyUS.Load()) * time.Microsecond
	if waited < 50*time.Millisecond || worked+waited > all {
		t.Errorf("of %v it waited for %v and worked for %v", all, waited, worked)
	}
}

func TestErrorsOfThoseAskedGoOn(t *testing.T) {
	b := listen(t)
	run(t, handling(b, t, passOn))
	l, _ := b.welcomeAsking()
	l.request(1, false, time.Minute, "x") // not for the handler: default
	l.reply(1)
	l.request(2, true, time.Minute, `{"rules":"custom"}`, "x")
	c, _ := l.asks()
	l.tell(wire.SubRequestControl{Number: c.Number + 100}, `{}`, "to nobody")
	l.tell(c, `{"error":{"code":"no_worker","message":"none"}}`)
	if failed, got := l.reply(2); !failed || !strings.Contains(got[0], `"no_worker"`) {
		t.Errorf("got %q", got)
	}
	l.request(3, true, 300*time.Millisecond, `{"rules":"custom"}`, "x")
	l.asks()
	if failed, got := l.reply(3); !failed || !strings.Contains(got[0], `"deadline"`) {
		t.Errorf("got %q", got)
	}
	l.request(4, true, time.Minute, `{"rules":"custom"}`, "x")
	l.asks()
	l.send(string(wire.AppendDispatch(wire.BeginReclaim(nil, wire.KindCancel), 4)))
	for replied, returned := false, false; !replied || !returned; { // in either order
		frames := l.recv()
		if wire.KindOf([]byte(frames[0])) == wire.KindReclaim {
			returned = true
			continue
		}
		replied = true
		if c, ok := wire.ParseReplyControl([]byte(frames[0])); !ok || !c.Failed || c.Number != 4 {
			t.Fatalf("got %q", frames)
		}
	}
}

func TestBrokerThatTakesNoQuestions(t *testing.T) {
	b := listen(t)
	run(t, handling(b, t, passOn))
	l, _ := b.welcome(time.Minute)
	if failed, got := l.ask(true, `{"rules":"custom"}`, "x"); !failed || !strings.Contains(got[0], "update it") {
		t.Errorf("got %q", got)
	}
}

// A connection that ends ends what was asked over it, and those who ask.
func TestConnectionThatEndsEndsQuestions(t *testing.T) {
	b := listen(t)
	ended := make(chan error, 1)
	run(t, handling(b, t, func(ctx context.Context, r *Request) (*Answer, error) {
		_, err := r.Ask(ctx, ToWorker("other"), r.Texts...)
		ended <- err
		return nil, err
	}))
	l, _ := b.welcomeAsking()
	l.request(1, true, time.Minute, `{"rules":"custom"}`, "x")
	l.asks()
	_ = l.conn.Close()
	var e *wire.Error
	if err := <-ended; !errors.As(err, &e) || e.Code != wire.NoWorker {
		t.Errorf("error %v, want no_worker", err)
	}
	l, _ = b.welcomeAsking()
	if failed, got := l.ask(false, "he"); failed {
		t.Errorf("over the next connection: %q", got)
	}
}

// A question that nobody waits for any more is forgotten, answered or not.
func TestQuestionsOutOfTimeAreForgotten(t *testing.T) {
	b := listen(t)
	open := make(chan int, 1)
	run(t, handling(b, t, func(ctx context.Context, r *Request) (*Answer, error) {
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, err := r.Ask(short, ToWorker("other"), r.Texts...)
		r.session.mu.Lock()
		defer r.session.mu.Unlock()
		open <- len(r.session.calls)
		return nil, err
	}))
	l, _ := b.welcomeAsking()
	l.request(1, true, time.Minute, `{"rules":"custom"}`, "x")
	l.asks()
	if n := <-open; n != 0 {
		t.Errorf("%d questions are still open", n)
	}
}

func TestHandlersKeepToTheLimits(t *testing.T) {
	b := listen(t)
	results := [][]byte{[]byte("0123456789")}
	o := handling(b, t, func(context.Context, *Request) (*Answer, error) { return &Answer{Results: results}, nil })
	o.Limits.Answer = 10
	run(t, o)
	l, _ := b.welcomeAsking()
	if failed, got := l.ask(true, `{"rules":"custom"}`, "x"); failed || got[1] != "0123456789" {
		t.Errorf("got %q", got)
	}
	results = [][]byte{[]byte("0123456789x")}
	if failed, got := l.ask(true, `{"rules":"custom"}`, "x"); !failed || !strings.Contains(got[0], "too_large") {
		t.Errorf("an answer over the limit: %q", got)
	}
	if failed, got := l.ask(true, `{"rules":"custom"}`, "x", "y"); !failed || !strings.Contains(got[0], "1 results for 2 texts") {
		t.Errorf("too few results: %q", got)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	p := map[string]*match.Pack{"default": pack(t, "x"), "heavy": pack(t, "y")}
	for want, change := range map[string]func(*Options){
		"both rules and a handler":               func(o *Options) { o.Handle = map[string]Handler{"default": passOn} },
		"is not a name":                          func(o *Options) { o.Handle = map[string]Handler{"a@b": passOn} },
		"neither a rule set nor a worker":        func(o *Options) { o.Escalate = []Escalation{{}} },
		"does not hold; it has default, heavy":   func(o *Options) { o.Escalate = []Escalation{{Rules: "pii", To: "x"}} },
		"in a circle: default to heavy to heavy": func(o *Options) { o.Escalate = []Escalation{{To: "heavy"}} },
		"in a circle: default to default":        func(o *Options) { o.Escalate = []Escalation{{Worker: "w"}} },
		"no rules given":                         func(o *Options) { o.Rules = nil },
	} {
		o := Options{Name: "w", Brokers: []string{"inproc://nowhere"}, Rules: p}
		change(&o)
		if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
