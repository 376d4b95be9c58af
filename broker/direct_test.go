package broker

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Tests that drive the router without sockets and goroutines: connections only
// note what was queued on them, and time is what the test says.

// fakeConn is a connection.
type fakeConn struct {
	sent   [][]string // messages queued, by frames
	full   bool
	closed bool
	unread int // what Queued says
	heard  time.Time
}

func (p *fakeConn) Queue(prefix []byte, m zmtp.Message) error {
	defer m.Release()
	switch {
	case p.closed:
		return zmtp.ErrClosed
	case p.full:
		return zmtp.ErrFull
	}
	frames := cutFrames(prefix)
	for _, f := range m.Frames() {
		frames = append(frames, string(f))
	}
	p.sent = append(p.sent, frames)
	return nil
}

func (p *fakeConn) Flush()                  {}
func (p *fakeConn) Close() error            { p.closed = true; return nil }
func (p *fakeConn) Queued() (int, int)      { return 0, p.unread }
func (p *fakeConn) LastReceived() time.Time { return p.heard }
func (p *fakeConn) Peer() zmtp.Peer         { return zmtp.Peer{RemoteAddr: "test", SocketType: "DEALER"} }

// cutFrames cuts wire form.
func cutFrames(b []byte) (frames []string) {
	for len(b) > 0 {
		head, n := 2, 0
		if b[0]&2 != 0 {
			head, n = 9, int(binary.BigEndian.Uint64(b[1:]))
		} else {
			n = int(b[1])
		}
		frames = append(frames, string(b[head:head+n]))
		b = b[head+n:]
	}
	return frames
}

// direct is a broker whose every step the test takes.
type direct struct {
	t   testing.TB
	b   *Broker
	r   monitor
	now time.Time
}

func newDirect(t testing.TB, o Options) *direct {
	d := &direct{t: t, now: time.Unix(1_000_000, 0)}
	o.clock = func() time.Time { return d.now }
	o = o.withDefaults()
	d.b = &Broker{options: o}
	d.b.releases = newReleases(&d.b.options)
	d.r = newRouter(&d.b.options)
	d.b.router = d.r
	return d
}

// out is a batch of now.
func (d *direct) out() *batch { return &batch{at: d.now} }

// advance lets time pass, with everything that depends on it.
func (d *direct) advance(by time.Duration) {
	for end := d.now.Add(by); d.now.Before(end); {
		step := min(tick, end.Sub(d.now))
		before := d.now
		d.now = d.now.Add(step)
		d.r.sweep(d.now, d.out())
		d.r.hedgeSlow(d.out())
		if h := d.b.options.Heartbeat; d.now.UnixNano()/int64(h) != before.UnixNano()/int64(h) {
			d.r.beat(d.out())
		}
	}
}

// directClient is a client and the answers that it got, by the envelope's first frame.
type directClient struct {
	*client
	port *fakeConn
}

func (d *direct) client() *directClient {
	port := &fakeConn{heard: d.now}
	c := &directClient{&client{conn: port, socketType: "DEALER"}, port}
	d.r.addClient(c.client)
	return c
}

// send sends a request under the envelope [id, empty].
func (d *direct) send(c *directClient, id string, frames ...string) {
	bs := [][]byte{[]byte(id), nil}
	for _, f := range frames {
		bs = append(bs, []byte(f))
	}
	d.b.request(c.client, zmtp.NewMessage(bs...), d.out())
}

// answers returns how each request was answered: "ok", or an error code.
func (c *directClient) answers() map[string][]string {
	all := make(map[string][]string)
	for _, m := range c.port.sent {
		what := "ok"
		if h, err := wire.ParseAnswerHeader([]byte(m[2])); err == nil && h.Error != nil {
			what = string(h.Error.Code)
		}
		all[m[0]] = append(all[m[0]], what)
	}
	return all
}

// directWorker is a worker that takes what it gets in order, as a real one does.
type directWorker struct {
	*worker
	port *fakeConn
	read int      // of port.sent
	has  []*doing // in order
	told []string // kinds of other control frames
	asks asking

	works int // on so many requests at once
	said  int // the same, as its latest heartbeat has it
}

// doing is a request that a worker has.
type doing struct {
	number uint64
	text   string
	begun  bool
	stop   bool
	waits  int // for answers to what the worker has asked for its sake
}

func (d *direct) worker(name string, slots int, reclaim bool, rules ...string) *directWorker {
	return d.join(hello(name, slots, reclaim, rules...), false)
}

// hello is that of a new process.
func hello(name string, slots int, reclaim bool, rules ...string) wire.Hello {
	if len(rules) == 0 {
		rules = []string{"default"}
	}
	h := wire.Hello{Name: name, Nonce: fmt.Sprint("nonce", endpointNumber.Add(1)), Slots: slots, Reclaim: reclaim}
	for _, set := range rules {
		h.Rules = append(h.Rules, wire.ServedRules{Name: set, Hash: strings.Repeat("ab", 32)})
	}
	return h
}

func (d *direct) plainWorker(name, rules string) *directWorker {
	return d.join(wire.Hello{Name: name, Slots: 1, Rules: []wire.ServedRules{{Name: rules}}}, true)
}

func (d *direct) join(h wire.Hello, plain bool) *directWorker {
	port := &fakeConn{heard: d.now}
	w := &directWorker{worker: newWorker(port, plain, h.Name, h, d.b.options.patience), port: port}
	w.works, w.said = w.hello.Slots, w.hello.Slots
	replaced, err := d.r.join(w.worker, nil, d.out())
	if err != nil {
		d.t.Fatalf("worker %s refused: %v", h.Name, err)
	}
	if replaced != nil {
		_ = replaced.conn.Close()
	}
	return w
}

// receive takes what the broker has sent, and begins as much as there are slots.
func (w *directWorker) receive(d *direct) {
	for ; w.read < len(w.port.sent); w.read++ {
		m := w.port.sent[w.read]
		control := []byte(m[0])
		switch {
		case w.plain:
			w.has = append(w.has, &doing{number: binary.BigEndian.Uint64(control), text: m[2]})
		case wire.KindOf(control) == wire.KindRequest:
			c, _ := wire.ParseRequestControl(control)
			w.has = append(w.has, &doing{number: c.Number, text: m[len(m)-1]})
		case wire.KindOf(control) == wire.KindReclaim, wire.KindOf(control) == wire.KindCancel:
			w.giveBack(d, control)
		case wire.KindOf(control) == wire.KindReply:
			w.heard(d, m)
		case wire.KindOf(control) != wire.KindHeartbeat:
			w.told = append(w.told, m[0])
		}
	}
	w.begin()
}

// saySlots sends a heartbeat that says on how many requests it works at once.
func (w *directWorker) saySlots(d *direct, n int) {
	w.said = n
	beat := zmtp.NewMessage(wire.ControlFrame(wire.KindHeartbeat), fmt.Appendf(nil, `{"requests":1,"slots":%d}`, n))
	if err := d.b.fromWorker(w.worker, beat, d.out()); err != nil {
		d.t.Fatal(err)
	}
	w.receive(d)
}

func (w *directWorker) giveBack(d *direct, control []byte) {
	reclaim, ok := wire.ParseReclaim(control)
	if !ok {
		d.t.Fatalf("unreadable reclaim %q", control)
	}
	gave := wire.BeginReclaim(nil, wire.KindReclaim)
	reclaim.Each(func(n uint64) {
		for i, x := range w.has {
			if x.number != n {
				continue
			}
			if x.begun {
				x.stop = x.stop || reclaim.Kind == wire.KindCancel
				continue
			}
			gave = wire.AppendDispatch(gave, n)
			w.has = append(w.has[:i:i], w.has[i+1:]...)
			break
		}
	})
	if err := d.b.fromWorker(w.worker, zmtp.NewMessage(gave), d.out()); err != nil {
		d.t.Fatal(err)
	}
}

// answer answers request i of those that the worker has.
func (w *directWorker) answer(d *direct, i int, failed bool) {
	x := w.has[i]
	w.has = append(w.has[:i:i], w.has[i+1:]...)
	w.say(d, x.number, failed, "answer to "+x.text)
	w.receive(d)
}

// failHere answers request i with an error of the worker's own.
func (w *directWorker) failHere(d *direct, i int) {
	x := w.has[i]
	w.has = append(w.has[:i:i], w.has[i+1:]...)
	w.say(d, x.number, true, `{"error":{"code":"internal","message":"the pack cannot be read"}}`)
	w.receive(d)
}

// say sends an answer, whatever its number.
func (w *directWorker) say(d *direct, number uint64, failed bool, text string) {
	w.port.heard = d.now
	var frame [8]byte
	if w.plain {
		d.r.reply(w.worker, number, succeeded, zmtp.NewMessage(putNumber(&frame, number), nil, []byte(text)), 2, d.out())
		return
	}
	c := wire.ReplyControl{Number: number, Failed: failed}
	if err := d.b.fromWorker(w.worker, zmtp.NewMessage(c.Append(nil), []byte(text)), d.out()); err != nil {
		d.t.Fatal(err)
	}
}

// update says what w serves from now on.
func (w *directWorker) update(d *direct, rules []wire.ServedRules) {
	d.t.Helper()
	w.port.heard = d.now
	m := zmtp.NewMessage(wire.ControlFrame(wire.KindUpdate), wire.JSONFrame(&wire.Update{Rules: rules}))
	if err := d.b.fromWorker(w.worker, m, d.out()); err != nil {
		d.t.Fatal(err)
	}
}

// lose ends a worker's connection.
func (d *direct) lose(w *directWorker) {
	w.port.closed = true
	d.r.leaveFleet(w.worker, d.out())
	d.r.costs.drop(w.worker)
}

func wireDrain() zmtp.Message { return zmtp.NewMessage(wire.ControlFrame(wire.KindDrain)) }
