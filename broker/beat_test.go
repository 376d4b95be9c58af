package broker

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

// beats counts the heartbeats that a worker has got, and forgets them.
func (w *directWorker) beats() (n int) {
	for _, m := range w.port.sent {
		if wire.KindOf([]byte(m[0])) == wire.KindHeartbeat {
			n++
		}
	}
	w.port.sent, w.read = nil, 0
	return n
}

// fleet lets n workers join.
func (d *direct) fleet(n int) (workers []*directWorker) {
	for i := range n {
		workers = append(workers, d.join(wire.Hello{Name: fmt.Sprintf("w%d", i), Nonce: "n", Slots: 1, Rules: []wire.ServedRules{{Name: "default"}}}, false))
	}
	return workers
}

// round makes the steps of a round of heartbeats and returns how many there were.
func (d *direct) round(between func()) (steps int) {
	for step := 0; step < beatSteps; steps++ {
		step = d.r.beatStep(step, d.out())
		between()
	}
	return steps
}

func TestSmallFleetGetsItsHeartbeatsTogether(t *testing.T) {
	d := newDirect(t, Options{})
	workers := d.fleet(beatTogether)
	if n := d.round(func() {}); n != 1 {
		t.Errorf("%d steps", n)
	}
	for _, w := range workers {
		if n := w.beats(); n != 1 {
			t.Fatalf("%s got %d heartbeats", w.name, n)
		}
	}
}

func TestEveryWorkerGetsOneHeartbeatARound(t *testing.T) {
	d := newDirect(t, Options{})
	workers := d.fleet(3*beatTogether + 1)
	leave := 0 // the next to leave, one after each step
	for range 10 {
		steps := d.round(func() {
			d.r.leaveFleet(workers[leave].worker, d.out())
			leave += 101
			leave %= len(workers)
		})
		if steps < 4 || steps > 5 { // the first step is always made
			t.Errorf("%d steps", steps)
		}
		for _, w := range workers {
			if n := w.beats(); n > 1 || n == 0 && w.crew != nil {
				t.Fatalf("%s got %d heartbeats", w.name, n)
			}
		}
	}
	for _, w := range workers {
		d.r.leaveFleet(w.worker, d.out())
	}
	if n := d.round(func() {}); n != 1 {
		t.Errorf("%d steps without workers", n)
	}
}

func TestTicksRestWhileNothingIsPending(t *testing.T) {
	d := newDirect(t, Options{})
	c := d.client()
	sweep := func() bool { return d.r.sweep(d.now, d.out()) }
	stirred := func() bool {
		select {
		case <-d.r.stirred:
			return true
		default:
			return false
		}
	}
	if !sweep() || stirred() {
		t.Error("ticks of an idle broker do not rest")
	}
	d.send(c, "1", `{"deadline_ms":100}`, "text")
	d.send(c, "2", `{"deadline_ms":100}`, "text")
	if !stirred() || stirred() {
		t.Error("the first request, and that alone, must make ticks go on")
	}
	if sweep() {
		t.Error("ticks rest though a request is pending")
	}
	d.now = d.now.Add(100*time.Millisecond + 2*tick)
	if sweep(); len(c.port.sent) != 2 || d.r.pending != 0 {
		t.Errorf("%d answers at the deadline, %d pending", len(c.port.sent), d.r.pending)
	}
	if !sweep() {
		t.Error("ticks do not rest again")
	}
	// The clock has stood still for a year.
	d.now = d.now.Add(365 * 24 * time.Hour)
	d.send(c, "3", `{"deadline_ms":100}`, "text")
	d.now = d.now.Add(100*time.Millisecond + 2*tick)
	if sweep(); !stirred() || len(c.port.sent) != 3 {
		t.Errorf("%d answers after a long rest", len(c.port.sent))
	}
}

// A client that is held back while nothing is pending needs ticks, too.
func TestTicksGoOnForThoseHeldBack(t *testing.T) {
	d := newDirect(t, Options{})
	c := d.client()
	d.r.sweep(d.now, d.out())
	d.r.lock()
	c.unread, c.port.unread = holdBackAt, holdBackAt
	d.r.holdBackIfSlow(c.client)
	d.r.unlock()
	if !c.heldBack || len(d.r.stirred) != 1 {
		t.Fatalf("held back: %v; ticks rest", c.heldBack)
	}
	if d.r.sweep(d.now, d.out()) {
		t.Error("ticks rest")
	}
	c.port.unread = 0
	if !d.r.sweep(d.now, d.out()) || c.heldBack {
		t.Errorf("held back: %v; then ticks may rest", c.heldBack)
	}
}

func TestPulseThatIsNearlyDueGoesWithAHeartbeat(t *testing.T) {
	var n int
	b := &Broker{options: Options{Pulse: func(Pulse) { n++ }}.withDefaults()}
	b.router = newRouter(&b.options)
	p := b.newPulses()
	defer p.due.Stop()
	for _, c := range []struct {
		after time.Duration // the latest pulse
		want  int           // pulses, with that at the beginning
	}{{pulseTime / 2, 1}, {pulseTime * 4 / 5, 2}, {pulseTime / 2, 2}, {pulseTime, 3}} {
		if p.pulseWith(p.latest.Add(c.after)); n != c.want {
			t.Errorf("%d pulses after %v, want %d", n, c.after, c.want)
		}
	}
}

// What a trawl worker gets while it is idle are heartbeats, and no PINGs besides.
func TestTrawlWorkerGetsNoPINGs(t *testing.T) {
	r := start(t, func(o *Options) { o.Heartbeat, o.Workers = 20*time.Millisecond, []string{"tcp://127.0.0.1:0"} })
	raw := dialRaw(t, r.broker.WorkerEndpoints()[0])
	raw.send(4, "\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER")
	if flags, body := raw.receive(); flags != 4 || body[:6] != "\x05READY" {
		t.Fatalf("flags %d, %q", flags, body)
	}
	raw.send(1, "H")
	raw.send(0, `{"protocol":"1.0","version":"1","name":"w","nonce":"n","slots":1,"rules":[{"name":"default"}]}`)
	welcome := false
	for beats := 0; beats < 5; {
		switch flags, body := raw.receive(); {
		case welcome && flags&4 != 0:
			t.Fatalf("the command %q", body)
		case body == "W":
			welcome = true
		case body == "B":
			beats++
			raw.send(0, "B")
		}
	}
}

// rawConn is the other end of a connection as it is on the wire.
type rawConn struct {
	t *testing.T
	net.Conn
}

// dialRaw exchanges greetings of ZMTP 3.1 without security.
func dialRaw(t *testing.T, endpoint string) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	var greeting [64]byte
	copy(greeting[:], "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x03\x01NULL")
	if _, err = c.Write(greeting[:]); err == nil {
		_, err = io.ReadFull(c, greeting[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return &rawConn{t, c}
}

// send sends a frame of at most 255 bytes.
func (c *rawConn) send(flags byte, body string) {
	c.t.Helper()
	if _, err := c.Write(append([]byte{flags, byte(len(body))}, body...)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *rawConn) receive() (flags byte, body string) {
	c.t.Helper()
	head := make([]byte, 2)
	_, err := io.ReadFull(c, head)
	b := make([]byte, head[1])
	if err == nil {
		_, err = io.ReadFull(c, b)
	}
	if err != nil || head[0]&2 != 0 {
		c.t.Fatalf("a frame with flags %d: %v", head[0], err)
	}
	return head[0], string(b)
}
