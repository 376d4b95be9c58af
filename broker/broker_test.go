package broker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

func TestAnswersCarryTheEnvelopeTheyCameIn(t *testing.T) {
	r := start(t, nil)
	w := r.worker("w", 4)
	tests := []struct {
		socket  string
		request []string // as it arrives, envelope included
		worker  []string // what the worker sees of it
		answer  []string // what it says
		want    []string
	}{
		{"DEALER", []string{"text"}, []string{"text"}, []string{"A"}, []string{"A"}},
		{"DEALER", []string{"", "text"}, []string{"text"}, []string{"A"}, []string{"", "A"}},
		{"DEALER", []string{"proxy", "7", "", "text"}, []string{"text"}, []string{"A"}, []string{"proxy", "7", "", "A"}},
		{"DEALER", []string{"{}", "text"}, []string{"{}", "text"}, []string{"{}", "A"}, []string{"{}", "A"}},
		{"DEALER", []string{"{}", "", "b"}, []string{"{}", "", "b"}, []string{"{}", "A", "B"}, []string{"{}", "A", "B"}},
		{"DEALER", []string{"{text}"}, []string{"{text}"}, []string{"A"}, []string{"A"}},
		{"REQ", []string{"", "text"}, []string{"text"}, []string{"A"}, []string{"", "A"}},
		{"REQ", []string{"correlate", "", "text"}, []string{"text"}, []string{"A"}, []string{"correlate", "", "A"}},
		{"REQ", []string{"", "{}", "a", "b"}, []string{"{}", "a", "b"}, []string{"{}", "A", "B"}, []string{"", "{}", "A", "B"}},
		{"ROUTER", []string{"id", "", ""}, []string{""}, []string{"A"}, []string{"id", "", "A"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %q", tt.socket, tt.request), func(t *testing.T) {
			c := r.dial(r.clients, tt.socket)
			c.send(tt.request...)
			task := w.task()
			if !slices.Equal(task.frames, tt.worker) {
				t.Fatalf("the worker got %q, want %q", task.frames, tt.worker)
			}
			w.answer(task, tt.answer...)
			c.want(tt.want...)
		})
	}
}

func TestRequestsThatAreRefusedAtOnce(t *testing.T) {
	r := start(t, func(o *Options) {
		o.Limits = Limits{Text: 100, Request: 300, Texts: 3}
		o.bootTime = time.Nanosecond
	})
	r.worker("w", 1)
	r.until("boot time over", func(*wire.Status) bool {
		r.broker.router.mu.Lock()
		defer r.broker.router.mu.Unlock()
		return !r.broker.router.booting
	})
	long := strings.Repeat("x", 101)
	tests := []struct {
		name    string
		request []string
		code    wire.Code
		says    string
	}{
		{"unknown key", []string{`{"id":"1","foo":1}`, "t"}, wire.BadRequest, `"foo"`},
		{"not an object", []string{`{]`, "t"}, wire.BadRequest, "JSON"},
		{"no header", []string{"a", "b"}, wire.BadRequest, "header"},
		{"nothing after the envelope", []string{"id", ""}, wire.BadRequest, "empty"},
		{"long text", []string{long}, wire.TooLarge, "101"},
		{"long text with header", []string{"{}", long}, wire.TooLarge, "101"},
		{"long request", []string{"{}", long[:99], long[:99], long[:99], "x"}, wire.TooLarge, "300"},
		{"many texts", []string{"{}", "", "", "", ""}, wire.TooLarge, "4 texts"},
		{"unknown rules", []string{`{"rules":"nope"}`, "t"}, wire.UnknownRules, `"nope"`},
		{"unknown hash", []string{`{"rules":"default@000000000000"}`, "t"}, wire.UnknownRules, "default@"},
		{"unknown worker", []string{`{"worker":"nope"}`, "t"}, wire.UnknownWorker, `"nope"`},
		{"worker without those rules", []string{`{"worker":"w","rules":"other"}`, "t"}, wire.UnknownRules, `"other"`},
		{"stop of an unknown worker", []string{`{"op":"stop","worker":"nope"}`, ""}, wire.UnknownWorker, `"nope"`},
	}
	c := r.client()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.send(tt.request...)
			if message := c.wantError(tt.code); !strings.Contains(message, tt.says) || strings.Contains(message, "\n") {
				t.Errorf("message %q should be one line that says %q", message, tt.says)
			}
		})
	}
	s := r.status()
	if s.Broker.Pending != 0 || len(s.RuleSets) != 1 {
		t.Errorf("refused requests left traces: %d pending, rule sets %v", s.Broker.Pending, s.RuleSets)
	}
}

func TestRefusalEchoesTheID(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	c.send(`{"foo":1,"id":"seven"}`, "t")
	h, err := wire.ParseAnswerHeader([]byte(c.recv()[0]))
	if err != nil || h.ID != "seven" || h.Error == nil {
		t.Fatalf("answer %+v, %v", h, err)
	}
}

func TestRequestsWaitForTheirWorker(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	c.send("bare")
	c.send(`{"rules":"later"}`, "by rules")
	c.send(`{"worker":"w"}`, "by name")
	c.send(`{"rules":"later@abababababab"}`, "by hash")
	r.until("all four wait", func(s *wire.Status) bool { return s.Broker.Pending == 4 })
	w := r.worker("w", 1, "default", "later")
	var got []string
	for range 2 { // the window of a new worker with one slot
		got = append(got, w.task().frames...)
	}
	if want := []string{"bare", `{"rules":"later"}`, "by rules"}; !slices.Equal(got, want) {
		t.Errorf("the worker got %q, want the oldest first: %q", got, want)
	}
}

func TestNamesNeverSeenAreUnknownOnceTheFleetIsUp(t *testing.T) {
	r := start(t, func(o *Options) {
		o.bootTime = 300 * time.Millisecond
		o.ExpectRules, o.ExpectWorkers = []string{"expected"}, []string{"boss"}
	})
	c := r.client()
	c.send(`{"rules":"nope"}`, "t")
	c.wantError(wire.UnknownRules)
	c.send(`{"worker":"nobody"}`, "t")
	c.wantError(wire.UnknownWorker)
	c.send(`{"rules":"expected","deadline_ms":50}`, "t")
	c.wantError(wire.NoWorker)
	c.send(`{"worker":"boss","deadline_ms":50}`, "t")
	c.wantError(wire.NoWorker)
}

func TestSeenButGoneIsWaitedFor(t *testing.T) {
	r := start(t, func(o *Options) { o.bootTime = time.Nanosecond })
	w := r.worker("w", 1, "mine")
	_ = w.conn.Close()
	r.until("the worker is gone", func(s *wire.Status) bool { return len(s.Workers) == 0 })
	c := r.client()
	c.send(`{"rules":"mine","deadline_ms":50}`, "t")
	c.wantError(wire.NoWorker)
	c.send(`{"worker":"w","deadline_ms":50}`, "t")
	c.wantError(wire.NoWorker)
	c.send(`{"rules":"mine"}`, "t")
	r.worker("another", 1, "mine").task()
}

func TestDeadlineOnTheWorker(t *testing.T) {
	r := start(t, nil)
	w := r.worker("w", 1)
	c := r.client()
	c.send(`{"deadline_ms":60}`, "slow")
	task := w.task()
	if task.Remaining <= 0 || task.Remaining > 60*time.Millisecond {
		t.Errorf("the worker is told %v, want at most 60ms", task.Remaining)
	}
	c.wantError(wire.Deadline)
	w.answer(task, "{}", "late")
	r.until("the late answer is counted", func(s *wire.Status) bool { return s.Broker.StaleAnswers == 1 })
	c.send("next")
	w.answer(w.task(), "on time")
	c.want("on time")
}

func TestLeastOutstandingPerSlot(t *testing.T) {
	r := start(t, nil)
	small, large := r.worker("small", 1), r.worker("large", 3)
	c := r.client()
	for range 4 {
		c.send("t")
	}
	small.task()
	for range 3 {
		large.task()
	}
}

func TestWindowHoldsTheRestBack(t *testing.T) {
	r := start(t, nil)
	w := r.worker("w", 2)
	c := r.client()
	for i := range 10 {
		c.send(fmt.Sprint(i))
	}
	r.until("the window is full", func(s *wire.Status) bool {
		return s.Workers[0].Outstanding == 4 && s.RuleSets[0].Queued == 6
	})
	for i := range 10 {
		task := w.task()
		if task.frames[0] != fmt.Sprint(i) {
			t.Fatalf("request %q, want %d: first come first served", task.frames, i)
		}
		w.answer(task, "a")
		c.want("a")
	}
}

// A worker that other brokers send requests to says how many this one may let
// it hold, with its heartbeats, and takes it back when it likes.
func TestWorkerSharesItsWindow(t *testing.T) {
	d := newDirect(t, Options{})
	w := newWorker(nil, false, "w", wire.Hello{Slots: 2, Window: 40}, time.Hour)
	quick := func() int { w.adapt(time.Microsecond); return w.window }
	for _, step := range []struct{ share, want int }{{0, 40}, {16, 16}, {1, 2}, {50, 40}, {0, 40}} {
		d.b.router.setStats(w, &wire.WorkerStats{Window: step.share}, nil, d.out())
		if got := quick(); got != step.want {
			t.Errorf("with a share of %d the window is %d, want %d", step.share, got, step.want)
		}
	}
}

func TestRequestsOfAClientThatLeftAreDropped(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	for range 5 {
		c.send("t")
	}
	r.until("they wait", func(s *wire.Status) bool { return s.Broker.Pending == 5 })
	_ = c.conn.Close()
	r.until("they are gone", func(s *wire.Status) bool { return s.Broker.Pending == 0 && s.RuleSets[0].Queued == 0 })
}

func TestPingAndStatus(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	c.send(`{"op":"ping","id":"p"}`, "")
	c.want(`{"id":"p"}`, `{"broker":"b","version":"test","protocol":"1.0"}`)
	r.worker("w", 2, "default", "pii")
	s := r.status()
	if len(s.Workers) != 1 || s.Workers[0].Name != "w" || s.Workers[0].Slots != 2 || s.Workers[0].State != "ready" {
		t.Errorf("workers %+v", s.Workers)
	}
	if len(s.RuleSets) != 2 || s.RuleSets[1].Name != "pii" || s.RuleSets[1].Workers != 1 {
		t.Errorf("rule sets %+v", s.RuleSets)
	}
	if _, err := json.Marshal(s); err != nil {
		t.Error(err)
	}
}

func TestClientAtTheWorkerEndpointIsToldWhereToGo(t *testing.T) {
	r := start(t, nil)
	req := r.dial(r.workers, "REQ")
	req.send("", "text")
	if message := req.wantError(wire.BadRequest); !strings.Contains(message, r.clients) {
		t.Errorf("message %q does not name %s", message, r.clients)
	}
	dealer := r.dial(r.workers, "DEALER")
	dealer.send("text")
	if message := dealer.wantError(wire.BadRequest); !strings.Contains(message, r.clients) {
		t.Errorf("message %q does not name %s", message, r.clients)
	}
}

func TestEndpointsForOthersNeedInsecure(t *testing.T) {
	for _, e := range []string{"tcp://*:0", "tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://192.0.2.1:5555"} {
		_, err := Listen(Options{Clients: []string{e}})
		if err == nil || !strings.Contains(err.Error(), "--insecure") {
			t.Errorf("%s: %v, want an error that explains --insecure", e, err)
		}
	}
	b, err := Listen(Options{Clients: []string{"tcp://*:0"}, Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	b.closeListeners()
}
