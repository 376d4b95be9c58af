package broker

import (
	"fmt"
	"io"
	"math/rand/v2"
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

func TestSmallFleetGetsItsHeartbeatsTogether(t *testing.T) {
	d := newDirect(t, Options{})
	workers := d.fleet(beatTogether)
	for range 3 {
		d.r.beat(d.out())
		for _, w := range workers {
			if n := w.beats(); n != 1 || w.heartbeat != d.b.options.Heartbeat {
				t.Fatalf("%s got %d heartbeats, interval %v", w.name, n, w.heartbeat)
			}
		}
	}
}

// A worker hears of the broker within the time that it was told last, also while the fleet
// grows or shrinks by hundreds between two heartbeats; and a large fleet costs no more
// heartbeats than a small one.
func TestEveryWorkerGetsItsHeartbeatWithinTheIntervalThatItWasTold(t *testing.T) {
	d := newDirect(t, Options{})
	every := d.b.options.Heartbeat
	type told struct{ at, within int } // in heartbeats
	workers, promised := map[*directWorker]told{}, map[*directWorker]told{}
	random := rand.New(rand.NewPCG(1, 2))
	longest, names := 0, 0
	for at, size := range []int{10, 256, 257, 1100, 1100, 1100, 1100, 1100, 1100, 1500, 1500, 200, 200, 200, 200, 200, 200, 700, 700, 3, 3, 3, 3, 900, 900, 900, 900} {
		for w := range workers {
			if len(workers) > size || random.IntN(20) == 0 {
				d.r.leaveFleet(w.worker, d.out())
				delete(workers, w)
				delete(promised, w)
			}
		}
		for len(workers) < size {
			names++
			w := d.worker(fmt.Sprint("w", names), 1, false)
			workers[w] = told{}
			promised[w] = told{at, int(w.heartbeat / every)}
		}
		d.now = d.now.Add(every)
		d.r.beat(d.out())
		beats := 0
		for w := range workers {
			p := promised[w]
			n := w.beats()
			beats += n
			switch {
			case n > 1:
				t.Fatalf("%s got %d heartbeats at once", w.name, n)
			case n == 1:
				p = told{at + 1, int(w.heartbeat / every)}
				promised[w] = p
				longest = max(longest, p.within)
			}
			if at+1-p.at > p.within {
				t.Fatalf("after %d heartbeats %s has heard nothing for %d, and was told %d", at, w.name, at+1-p.at, p.within)
			}
			if size <= beatTogether && n == 1 && p.within != 1 {
				t.Fatalf("a fleet of %d is told %d heartbeats", size, p.within)
			}
			w.port.heard = d.now
		}
		if want := min(size, beatTogether); beats != want {
			t.Errorf("%d heartbeats to %d workers", beats, size)
		}
	}
	if longest != 6 {
		t.Errorf("the longest interval was %d heartbeats", longest)
	}
}

// A worker is lost after three of the intervals that it was told, whatever others are told.
func TestWorkerIsLostAfterThreeOfItsOwnIntervals(t *testing.T) {
	for _, size := range []int{1, beatTogether, 4 * beatTogether} {
		d := newDirect(t, Options{})
		workers := d.fleet(size)
		dead := workers[0]
		for range 2 * size / beatTogether {
			d.now = d.now.Add(d.b.options.Heartbeat)
			for _, w := range workers {
				w.port.heard = d.now
			}
			d.r.beat(d.out())
		}
		from, least, most := d.now, dead.silenceLimit(), wire.MissedHeartbeats*dead.heartbeat+d.b.options.Heartbeat
		dead.port.heard = d.now
		for !dead.gone && d.now.Sub(from) <= most {
			d.now = d.now.Add(d.b.options.Heartbeat)
			for _, w := range workers[1:] {
				w.port.heard = d.now
			}
			d.r.beat(d.out())
		}
		if after := d.now.Sub(from); !dead.gone || after < least || after > most {
			t.Errorf("of %d workers one was lost: %v after %v, want %v to %v", size, dead.gone, after, least, most)
		}
		if size <= beatTogether && most > 4*time.Second {
			t.Errorf("with %d workers it may take %v", size, most)
		}
		for _, w := range workers[1:] {
			if w.gone {
				t.Fatalf("%s is lost, too", w.name)
			}
		}
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
	c.unread, c.port.unread = throttleAt, throttleAt
	d.r.throttleIfSlow(c.client)
	d.r.unlock()
	if !c.throttled || len(d.r.stirred) != 1 {
		t.Fatalf("held back: %v; ticks rest", c.throttled)
	}
	if d.r.sweep(d.now, d.out()) {
		t.Error("ticks rest")
	}
	c.port.unread = 0
	if !d.r.sweep(d.now, d.out()) || c.throttled {
		t.Errorf("held back: %v; then ticks may rest", c.throttled)
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

// What a trawl worker gets while it is idle are heartbeats, and no PINGs besides. The interval is
// long enough for a busy machine: a worker that answers late is lost.
func TestTrawlWorkerGetsNoPINGs(t *testing.T) {
	r := start(t, func(o *Options) { o.Heartbeat, o.Workers = time.Second, []string{"tcp://127.0.0.1:0"} })
	raw := dialRaw(t, r.broker.WorkerEndpoints()[0])
	raw.send(4, "\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER")
	if flags, body := raw.receive(); flags != 4 || body[:6] != "\x05READY" {
		t.Fatalf("flags %d, %q", flags, body)
	}
	raw.send(1, "H")
	raw.send(0, `{"protocol":"1.0","version":"1","name":"w","nonce":"n","slots":1,"rules":[{"name":"default"}]}`)
	welcome := false
	for beats := 0; beats < 2; { // heartbeats
		switch flags, body := raw.receive(); {
		case welcome && flags&4 != 0:
			t.Fatalf("the command %q", body)
		case body == "W":
			welcome = true
		case body == "B\x00\x00\x03\xe8": // every 1,000 ms
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
