package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 5 * time.Second

var endpointNumber atomic.Int64

// rig is a running broker with inproc endpoints.
type rig struct {
	t                *testing.T
	broker           *Broker
	clients, workers string
	stop             context.CancelFunc
	done             chan error
}

// start runs a broker; change edits its options.
func start(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	n := endpointNumber.Add(1)
	r := &rig{
		t: t, clients: fmt.Sprintf("inproc://c%d", n), workers: fmt.Sprintf("inproc://w%d", n),
		done: make(chan error, 1),
	}
	o := Options{Name: "b", Version: "test", Clients: []string{r.clients}, Workers: []string{r.workers}, DrainTimeout: 200 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	b, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.broker, r.stop = b, stop
	go func() { r.done <- b.Serve(ctx) }()
	t.Cleanup(func() { r.shutdown() })
	return r
}

// shutdown stops the broker and waits until it has ended.
func (r *rig) shutdown() {
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("broker ended with %v", err)
		}
		r.done <- nil
	case <-time.After(patience):
		r.t.Error("the broker does not stop")
	}
}

// peer is the other end of a connection to the broker.
type peer struct {
	t    *testing.T
	conn *zmtp.Conn
}

func (r *rig) dial(endpoint, socketType string) *peer {
	r.t.Helper()
	conn, err := zmtp.Dial(r.t.Context(), endpoint, zmtp.Options{SocketType: socketType})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return &peer{r.t, conn}
}

// client connects a DEALER to the clients' endpoint.
func (r *rig) client() *peer { return r.dial(r.clients, "DEALER") }

func (p *peer) send(frames ...string) {
	p.t.Helper()
	var bs [][]byte
	for _, f := range frames {
		bs = append(bs, []byte(f))
	}
	if err := p.conn.Send(nil, zmtp.NewMessage(bs...)); err != nil {
		p.t.Fatal(err)
	}
}

// recv waits for the next message that is no heartbeat.
func (p *peer) recv() []string {
	p.t.Helper()
	late := time.AfterFunc(patience, func() { _ = p.conn.Close() })
	defer late.Stop()
	for {
		m, err := p.conn.Recv()
		if err != nil {
			p.t.Fatalf("nothing received: %v", err)
		}
		var frames []string
		for _, f := range m.Frames() {
			frames = append(frames, string(f))
		}
		m.Release()
		if wire.KindOf([]byte(frames[0])) != wire.KindHeartbeat {
			return frames
		}
	}
}

// want receives a message and compares it.
func (p *peer) want(frames ...string) {
	p.t.Helper()
	if got := p.recv(); strings.Join(got, "|") != strings.Join(frames, "|") {
		p.t.Fatalf("got  %q\nwant %q", got, frames)
	}
}

// wantError receives an error answer with that code, and returns its message.
func (p *peer) wantError(code wire.Code) string {
	p.t.Helper()
	frames := p.recv()
	h, err := wire.ParseAnswerHeader([]byte(frames[len(frames)-1]))
	if err != nil || h.Error == nil || h.Error.Code != code {
		p.t.Fatalf("got %q, want the error %s", frames, code)
	}
	return h.Error.Message
}

// fakeWorker is a trawl worker that answers when it is told to.
type fakeWorker struct{ *peer }

// task is a request that a fake worker holds.
type task struct {
	wire.RequestControl
	frames []string
}

// worker connects a worker and waits until it is welcome.
func (r *rig) worker(name string, slots int, rules ...string) *fakeWorker {
	r.t.Helper()
	w := r.hello(name, "nonce of "+name, slots, rules...)
	if got := w.recv(); got[0] != "W" {
		r.t.Fatalf("worker %s is not welcome: %q", name, got)
	}
	return w
}

func (r *rig) hello(name, nonce string, slots int, rules ...string) *fakeWorker {
	r.t.Helper()
	h := wire.Hello{Protocol: wire.ProtocolVersion, Version: "test", Name: name, Nonce: nonce, Slots: slots}
	if len(rules) == 0 {
		rules = []string{"default"}
	}
	for _, name := range rules {
		h.Rules = append(h.Rules, wire.ServedRules{Name: name, Hash: strings.Repeat("ab", 32)})
	}
	w := &fakeWorker{r.dial(r.workers, "DEALER")}
	w.send("H", string(wire.JSONFrame(&h)))
	return w
}

// task waits for the next request.
func (w *fakeWorker) task() task {
	w.t.Helper()
	frames := w.recv()
	c, ok := wire.ParseRequestControl([]byte(frames[0]))
	if !ok {
		w.t.Fatalf("worker got %q, want a request", frames)
	}
	return task{c, frames[1:]}
}

func (w *fakeWorker) answer(t task, frames ...string) {
	w.t.Helper()
	c := wire.ReplyControl{Number: t.Number}
	w.send(append([]string{string(c.Append(nil))}, frames...)...)
}

// status asks the broker for its status.
func (r *rig) status() *wire.Status {
	r.t.Helper()
	c := r.client()
	defer c.conn.Close()
	c.send(`{"op":"status"}`, "")
	frames := c.recv()
	var s wire.Status
	if err := json.Unmarshal([]byte(frames[1]), &s); err != nil {
		r.t.Fatal(err)
	}
	return &s
}

// until waits until the status is as wanted.
func (r *rig) until(what string, ok func(*wire.Status) bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok(r.status()) {
			return
		}
	}
	r.t.Fatalf("never happened: %s; status %s", what, wire.JSONFrame(r.status()))
}
