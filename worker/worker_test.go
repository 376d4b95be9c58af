package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

var endpointNumber atomic.Int64

// fakeBroker listens for workers and does what a test tells it.
type fakeBroker struct {
	t        *testing.T
	endpoint string
	listener *zmtp.Listener
}

func listen(t *testing.T) *fakeBroker {
	t.Helper()
	b := &fakeBroker{t: t, endpoint: fmt.Sprintf("inproc://worker-test-%d", endpointNumber.Add(1))}
	b.open()
	t.Cleanup(func() { _ = b.listener.Close() })
	return b
}

func (b *fakeBroker) open() {
	l, err := zmtp.Listen(b.endpoint, zmtp.Options{SocketType: "ROUTER", SendBytes: 256 << 20})
	if err != nil {
		b.t.Fatal(err)
	}
	b.listener = l
}

// link is the broker's end of a worker's connection.
type testLink struct {
	t    *testing.T
	conn *zmtp.Conn
}

func (b *fakeBroker) accept() *testLink {
	b.t.Helper()
	late := time.AfterFunc(patience, func() { _ = b.listener.Close() })
	defer late.Stop()
	conn, err := b.listener.Accept()
	if err != nil {
		b.t.Fatalf("no worker connected: %v", err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	return &testLink{b.t, conn}
}

// welcome accepts a worker and reads its hello.
func (b *fakeBroker) welcome(heartbeat time.Duration) (*testLink, wire.Hello) {
	b.t.Helper()
	l := b.accept()
	frames := l.recv()
	var h wire.Hello
	if frames[0] != "H" || json.Unmarshal([]byte(frames[1]), &h) != nil {
		b.t.Fatalf("first message %q is no hello", frames)
	}
	l.send("W", string(wire.JSONFrame(&wire.Welcome{Protocol: wire.ProtocolVersion, Broker: "fake", HeartbeatMS: heartbeat.Milliseconds()})))
	return l, h
}

func (l *testLink) send(frames ...string) {
	l.t.Helper()
	var bs [][]byte
	for _, f := range frames {
		bs = append(bs, []byte(f))
	}
	if err := l.conn.Send(nil, zmtp.NewMessage(bs...)); err != nil {
		l.t.Fatal(err)
	}
}

// recvAny waits for the next message, heartbeats included; nil at the end.
func (l *testLink) recvAny() []string {
	l.t.Helper()
	late := time.AfterFunc(patience, func() { l.t.Error("nothing received"); _ = l.conn.Close() })
	defer late.Stop()
	m, err := l.conn.Recv()
	if err != nil {
		return nil
	}
	defer m.Release()
	var frames []string
	for _, f := range m.Frames() {
		frames = append(frames, string(f))
	}
	return frames
}

func (l *testLink) recv() []string {
	l.t.Helper()
	for {
		if frames := l.recvAny(); frames == nil || frames[0] != "B" {
			return frames
		}
	}
}

// ask sends a request and returns the answer's frames.
func (l *testLink) ask(full bool, frames ...string) (failed bool, answer []string) {
	l.t.Helper()
	l.request(77, full, time.Minute, frames...)
	return l.reply(77)
}

func (l *testLink) request(number uint64, full bool, left time.Duration, frames ...string) {
	l.t.Helper()
	c := wire.RequestControl{Number: number, Full: full, Remaining: left}
	l.send(append([]string{string(c.Append(nil))}, frames...)...)
}

func (l *testLink) reply(number uint64) (failed bool, answer []string) {
	l.t.Helper()
	frames := l.recv()
	if len(frames) == 0 {
		l.t.Fatal("the connection ended")
	}
	c, ok := wire.ParseReplyControl([]byte(frames[0]))
	if !ok || c.Number != number {
		l.t.Fatalf("%q is no reply to request %d", frames, number)
	}
	return c.Failed, frames[1:]
}

func pack(t *testing.T, words ...string) *match.Pack {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for _, w := range words {
		if err := b.Add(&match.Rule{Literals: [][]byte{[]byte(w)}}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs a worker until stop is called, which waits for its end.
func run(t *testing.T, o Options) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("worker ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the worker does not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

func options(b *fakeBroker, t *testing.T) Options {
	return Options{
		Name: "w", Version: "test", Brokers: []string{b.endpoint}, Slots: 2, DrainTimeout: 200 * time.Millisecond,
		Rules: map[string]*match.Pack{"default": pack(t, "he", "his"), "other": pack(t, "x")},
	}
}

func TestHelloAnnouncesWhatTheWorkerServes(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	run(t, o)
	_, h := b.welcome(time.Minute)
	if h.Name != "w" || h.Slots != 2 || h.Protocol != wire.ProtocolVersion || h.Nonce == "" || len(h.Board) == 0 {
		t.Errorf("hello %+v", h)
	}
	if len(h.Rules) != 2 || h.Rules[0].Name != "default" || h.Rules[0].Hash != o.Rules["default"].Hash() || h.Rules[0].Longest != 3 {
		t.Errorf("rules %+v", h.Rules)
	}
}

func TestAnswers(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	run(t, o)
	l, _ := b.welcome(time.Minute)
	hash := o.Rules["default"].Hash()

	failed, got := l.ask(false, "this here")
	if want := `{"matches":[{"rule":"his","start":1,"end":4},{"rule":"he","start":5,"end":7}]}`; failed || len(got) != 1 || got[0] != want {
		t.Errorf("bare: %q", got)
	}
	failed, got = l.ask(true, `{"id":"7","want":"count"}`, "he he", "none", "his")
	if failed || len(got) != 4 || got[1] != `{"count":2}` || got[2] != `{"count":0}` || got[3] != `{"count":1}` {
		t.Errorf("full: %q", got)
	}
	head, err := wire.ParseAnswerHeader([]byte(got[0]))
	if err != nil || head.ID != "7" || head.Worker != "w" || head.Rules != "default@"+hash[:12] {
		t.Errorf("header %s", got[0])
	}
	for header, code := range map[string]wire.Code{
		`{"rules":"nope"}`:                 wire.UnknownRules,
		`{"rules":"default@` + hash + `"}`: "",
		`{"rules":"default@000000000000"}`: wire.UnknownRules,
		`{"foo":1}`:                        wire.BadRequest,
	} {
		failed, got := l.ask(true, header, "he")
		h, err := wire.ParseAnswerHeader([]byte(got[0]))
		if err != nil || failed != (code != "") || failed && h.Error.Code != code {
			t.Errorf("%s: %q, want %q", header, got, code)
		}
	}
}

func TestDeadlinePassedBeforeItBegan(t *testing.T) {
	b := listen(t)
	run(t, options(b, t))
	l, _ := b.welcome(time.Minute)
	l.request(5, false, 0, "he")
	if failed, got := l.reply(5); !failed || !strings.Contains(got[0], `"deadline"`) {
		t.Errorf("%q", got)
	}
}

func TestLimitsCutAnswers(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Limits = Limits{Matches: 5, Answer: 1 << 20}
	run(t, o)
	l, _ := b.welcome(time.Minute)
	_, got := l.ask(true, `{"limit":0}`, "hehehehehehehe", "he")
	if !strings.Contains(got[1], `"truncated":true`) || strings.Count(got[1], "rule") != 5 {
		t.Errorf("first text: %s", got[1])
	}
	if !strings.Contains(got[2], `"truncated":true`) {
		t.Errorf("second text, when the limit is used up: %s", got[2])
	}
	_, got = l.ask(true, `{"limit":0,"split":"lines"}`, "he\nhe\nhe", "he\nhe\nhe", "he")
	if strings.Count(got[1]+got[2], "rule") != 5 || strings.Contains(got[1], "truncated") || !strings.Contains(got[2], `"truncated":true`) || got[3] != `{"lines":[],"truncated":true}` {
		t.Errorf("lines: %s", got)
	}
}

func TestHeartbeatsCarryStatsAndASilentBrokerIsLeft(t *testing.T) {
	b := listen(t)
	run(t, options(b, t))
	l, _ := b.welcome(300 * time.Millisecond)
	l.ask(false, "he")
	var stats wire.WorkerStats
	for stats.Requests == 0 {
		frames := l.recvAny()
		if len(frames) < 2 || len(frames) > 3 || frames[0] != "B" { // a third one says which rules matched
			t.Fatalf("%q is no heartbeat", frames)
		}
		if err := json.Unmarshal([]byte(frames[1]), &stats); err != nil {
			t.Fatal(err)
		}
	}
	if stats.Matches != 1 || stats.Bytes != 2 || stats.Texts != 1 {
		t.Errorf("stats %+v", stats)
	}
	b.welcome(time.Minute) // we sent no heartbeat: it comes back on a new connection
}

func TestRefusedWorkerWaitsAndStopsAtOnce(t *testing.T) {
	b := listen(t)
	stop := run(t, options(b, t))
	l := b.accept()
	l.recv()
	l.send("X", `{"error":{"code":"forbidden","message":"name taken"}}`)
	l.send("B") // read after the refusal: the worker is in its pause, or before it
	stop()      // fails if that takes long
}

func TestMessagesThatAreUnreadableEndTheConnection(t *testing.T) {
	b := listen(t)
	run(t, options(b, t))
	for _, message := range [][]string{
		{"W"},
		{"W", `{`},
		{"W", `{"heartbeat_ms":0}`},
		{"W", `{"heartbeat_ms":9223372036854775807}`}, // more than a time.Duration holds
		{"X"},
		{"X", `{}`},
		{"A12345678"},
		{"?"},
		{""},
	} {
		l := b.accept()
		l.recv() // hello
		l.send(message...)
		if got := l.recv(); got != nil {
			t.Errorf("%q: got %q, want the end", message, got)
		}
	}
}

func TestStopIsDrain(t *testing.T) {
	b := listen(t)
	stop := run(t, options(b, t))
	l, _ := b.welcome(time.Minute)
	l.request(1, false, time.Minute, "he")
	l.send("S")
	seen := map[string]bool{}
	for range 2 { // its answer and its drain, in any order
		seen[l.recv()[0][:1]] = true
	}
	if !seen["A"] || !seen["D"] {
		t.Fatalf("got %v, want a reply and a drain", seen)
	}
	l.request(2, false, time.Minute, "his") // crossed with the drain
	if failed, got := l.reply(2); failed || !strings.Contains(got[0], "his") {
		t.Errorf("%q", got)
	}
	l.send("D")
	if got := l.recv(); got != nil {
		t.Errorf("after the drain: %q", got)
	}
	stop()
}

// What is being worked on when the broker says its drain is answered, too.
func TestDrainWaitsForWhatIsWorkedOn(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.DrainTimeout = patience
	begun, release := make(chan struct{}), make(chan struct{})
	o.Handle = map[string]Handler{"slow": func(context.Context, *Request) (*Answer, error) {
		close(begun)
		<-release
		return &Answer{Results: [][]byte{[]byte("done")}}, nil
	}}
	run(t, o)
	l, _ := b.welcome(time.Minute)
	l.request(1, true, time.Minute, `{"rules":"slow"}`, "text")
	<-begun
	l.send("S")
	if got := l.recv(); got[0] != "D" {
		t.Fatalf("got %q, want a drain", got)
	}
	l.send("D")
	time.AfterFunc(50*time.Millisecond, func() { close(release) }) // it does not leave in between
	if failed, got := l.reply(1); failed || len(got) != 2 || got[1] != "done" {
		t.Errorf("%q", got)
	}
	if got := l.recv(); got != nil {
		t.Errorf("after the last answer: %q", got)
	}
}

func TestConnectsWhenTheBrokerComes(t *testing.T) {
	b := listen(t)
	_ = b.listener.Close()
	run(t, options(b, t))
	b.open()
	l, first := b.welcome(time.Minute)
	_ = l.conn.Close()
	_, second := b.welcome(time.Minute)
	if first.Nonce != second.Nonce {
		t.Error("the same process came with another nonce")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	p := map[string]*match.Pack{"default": pack(t, "x")}
	for says, o := range map[string]Options{
		"broker":   {Rules: p},
		"rules":    {Brokers: []string{"inproc://x"}},
		"slots":    {Brokers: []string{"inproc://x"}, Rules: p, Slots: -1},
		"endpoint": {Brokers: []string{"nonsense"}, Rules: p},
		"a@b":      {Brokers: []string{"inproc://x"}, Rules: map[string]*match.Pack{"a@b": p["default"]}},
	} {
		if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %q", err, says)
		}
	}
}
