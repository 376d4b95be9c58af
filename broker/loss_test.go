package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestRequestsOfALostWorkerGoToAnother(t *testing.T) {
	r := start(t, nil)
	lost := r.worker("lost", 2)
	c := r.client()
	for i := range 4 {
		c.send(fmt.Sprint(i))
		lost.task()
	}
	other := r.worker("other", 2)
	_ = lost.conn.Close()
	for i := range 4 {
		task := other.task()
		if task.frames[0] != fmt.Sprint(i) {
			t.Errorf("request %q, want %d: the order is kept", task.frames, i)
		}
		other.answer(task, "a"+task.frames[0])
		c.want(fmt.Sprintf("a%d", i))
	}
	if s := r.status(); s.Broker.Retried != 4 || s.Broker.Pending != 0 {
		t.Errorf("retried %d, pending %d", s.Broker.Retried, s.Broker.Pending)
	}
}

func TestARequestThatTakesDownTwoWorkersIsNotGivenToAThird(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	c.send("poison")
	for i := range 2 {
		w := r.worker(fmt.Sprint(i), 1)
		w.task()
		_ = w.conn.Close()
	}
	c.wantError(wire.WorkerLost)
}

func TestWaitingAtAWorkerIsNotHeldAgainstARequest(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	c.send("worked on")
	c.send("behind it")
	for i := range 4 {
		w := r.worker(fmt.Sprint(i), 1) // one slot: the second request only waits there
		first, second := w.task(), task{}
		if i < 2 {
			second = w.task()
			_ = second
		}
		_ = first
		_ = w.conn.Close()
		if i == 1 {
			c.wantError(wire.WorkerLost) // the first
		}
		if i == 3 {
			c.wantError(wire.WorkerLost) // the second, now worked on twice
		}
	}
}

func TestNoSecondTryForDesignatedWorkersAndImpureRules(t *testing.T) {
	r := start(t, func(o *Options) { o.RuleSets = map[string]RulePolicy{"writes": {Impure: true}} })
	w := r.worker("w", 2, "default", "writes")
	r.worker("other", 2, "default", "writes")
	c := r.client()
	c.send(`{"worker":"w"}`, "t")
	w.task()
	_ = w.conn.Close()
	c.wantError(wire.WorkerLost)

	w = r.worker("w", 100, "writes") // much the larger
	_ = w
	c.send(`{"rules":"writes"}`, "t")
	c.send(`{"rules":"writes"}`, "t")
	w.task()
	_ = w.conn.Close()
	c.wantError(wire.WorkerLost)
}

// The answer and what ends the connection arrive together.
func TestAnswersThatCameBeforeABrokenMessageGoOut(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	w := r.worker("trawl", 1)
	c.send("text")
	reply := wire.ReplyControl{Number: w.task().Number}
	w.sendAtOnce([]string{string(reply.Append(nil)), "ANSWER"}, []string{"?"})
	c.want("ANSWER")

	rep := r.plain()
	c.send("text")
	rep.sendAtOnce([]string{rep.recv()[0], "", "ANSWER"}, []string{"?"})
	c.want("ANSWER")
}

// sendAtOnce sends messages in one piece.
func (p *peer) sendAtOnce(messages ...[]string) {
	p.t.Helper()
	for _, m := range messages {
		frames := make([][]byte, len(m))
		for i := range m {
			frames[i] = []byte(m[i])
		}
		if err := p.conn.Queue(nil, zmtp.NewMessage(frames...)); err != nil {
			p.t.Fatal(err)
		}
	}
	p.conn.Flush()
}

func TestConnectionWithoutAHelloIsClosed(t *testing.T) {
	r := start(t, func(o *Options) { o.helloTime = 20 * time.Millisecond })
	p := r.dial(r.workers, "DEALER")
	late := time.AfterFunc(patience, func() { t.Error("it stays"); _ = p.conn.Close() })
	defer late.Stop()
	if m, err := p.conn.Recv(); err == nil {
		t.Errorf("got %d frames, want the end", m.NumFrames())
	}
}

func TestSilentWorkerIsLost(t *testing.T) {
	r := start(t, func(o *Options) { o.Heartbeat = 20 * time.Millisecond })
	silent := r.worker("silent", 1)
	c := r.client()
	c.send("t")
	silent.task()
	alive := r.worker("alive", 1)
	stop := make(chan struct{})
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				_ = alive.conn.Send(nil, zmtp.NewMessage([]byte("B"), []byte(`{"requests":7}`)))
			}
		}
	}()
	defer func() { close(stop); <-beating }()
	alive.answer(alive.task(), "done")
	c.want("done")
	r.until("only the live one is left", func(s *wire.Status) bool {
		return len(s.Workers) == 1 && s.Workers[0].Name == "alive" && s.Workers[0].Stats != nil && s.Workers[0].Stats.Requests == 7
	})
}

func TestSameNameAndNonceReplacesAndAnotherNonceIsRefused(t *testing.T) {
	r := start(t, nil)
	first := r.worker("w", 1)
	c := r.client()
	c.send("t")
	first.task()

	other := r.hello("w", "another process", 1)
	frames := other.recv()
	if frames[0] != "X" || !strings.Contains(frames[1], "forbidden") || !strings.Contains(frames[1], "--name") {
		t.Fatalf("got %q, want a refusal that says what to do", frames)
	}

	again := r.worker("w", 1) // the same process, over a new connection
	again.answer(again.task(), "done")
	c.want("done")
	late := time.AfterFunc(patience, func() { t.Error("the replaced connection was not closed"); _ = first.conn.Close() })
	defer late.Stop()
	for err := error(nil); err == nil; _, err = first.conn.Recv() {
	}
	if n := len(r.status().Workers); n != 1 {
		t.Errorf("%d workers, want 1", n)
	}
}

func TestHelloIsChecked(t *testing.T) {
	r := start(t, nil)
	tests := map[string]string{
		`{"protocol":"2.0","version":"9","name":"w","nonce":"n","slots":1,"rules":[{"name":"default"}]}`: "protocol 2.0",
		`{"protocol":"1.7","name":"","nonce":"n","slots":1,"rules":[{"name":"default"}]}`:                "name",
		`{"protocol":"1.0","name":"w","nonce":"n","slots":0,"rules":[{"name":"default"}]}`:               "slots",
		`{"protocol":"1.0","name":"w","nonce":"n","slots":1,"rules":[]}`:                                 "rule set",
		`{"protocol":"1.0","name":"w","nonce":"n","slots":1,"rules":[{"name":"a@b"}]}`:                   "a@b",
		`[]`: "hello",
	}
	for hello, says := range tests {
		w := r.dial(r.workers, "DEALER")
		w.send("H", hello)
		if message := w.wantError(wire.BadRequest); !strings.Contains(message, says) {
			t.Errorf("%s: %q should say %q", hello, message, says)
		}
	}
	w := r.dial(r.workers, "DEALER")
	w.send("H", `{"protocol":"1.9","version":"9","name":"newer","nonce":"n","slots":1,"rules":[{"name":"default"}],"new_key":1}`)
	if got := w.recv(); got[0] != "W" {
		t.Errorf("a worker of a newer minor version got %q", got)
	}
}

func TestDrainingWorkerGetsNothingNew(t *testing.T) {
	r := start(t, nil)
	w := r.worker("w", 1)
	c := r.client()
	c.send("before")
	task := w.task()
	w.send("D")
	w.want("D")
	c.send("after")
	w.answer(task, "done")
	c.want("done")
	other := r.worker("other", 1)
	other.answer(other.task(), "by the other")
	c.want("by the other")
}

func TestStopAndDrainOfAWorker(t *testing.T) {
	r := start(t, nil)
	w := r.worker("w", 1)
	c := r.client()
	c.send(`{"op":"drain","worker":"w"}`, "")
	c.want("{}", "{}")
	if s := r.status(); s.Workers[0].State != "draining" {
		t.Errorf("state %s", s.Workers[0].State)
	}
	c.send(`{"op":"stop","worker":"w"}`, "")
	c.want("{}", "{}")
	w.want("S")
}

func TestStopAnswersEverything(t *testing.T) {
	r := start(t, nil)
	w := r.worker("w", 1)
	c := r.client()
	c.send("answered in time")
	c.send("never answered")
	first := w.task()
	w.task()
	c.send("queued")
	c.send(`{"op":"stop"}`, "")
	c.want("{}", "{}")
	w.want("D")
	c.send("too late")
	c.wantError(wire.Draining)
	w.answer(first, "done")
	c.want("done")
	w.answer(w.task(), "done too") // it was queued, and is still given out
	c.want("done too")
	c.wantError(wire.Draining)
	select {
	case err := <-r.done:
		r.done <- err
	case <-time.After(patience):
		t.Fatal("the broker does not stop")
	}
}

func TestStopEndsConnectionsThatNeverSaidAnything(t *testing.T) {
	r := start(t, nil)
	for _, socket := range []string{"REQ", "DEALER", "REP"} {
		r.dial(r.workers, socket)
		r.dial(r.clients, "REQ")
	}
	r.shutdown() // fails if that takes long
}
