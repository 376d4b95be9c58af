// The broker's promise about memory, under attack: resident at most three times
// limits.memory and 32 MB, whatever clients and workers do, with and without keys.

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/keys"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// attackedMemory is limits.memory of a broker under attack, in bytes.
const attackedMemory = 32 << 20

// attackTime bounds how long an attack goes on.
const attackTime = 6 * time.Second

// attacks are what hostile peers do. Each returns when it has done what it can, or its
// time is over; its connections stay until the end of the test.
var attacks = []struct {
	name string
	run  func(a *attacker)
}{
	{"envelopes", (*attacker).envelopes},
	{"hellos that stop", (*attacker).hellosThatStop},
	{"workers' messages that stop", (*attacker).answersThatStop},
	{"requests that stop", (*attacker).requestsThatStop},
	{"small messages that stop", (*attacker).smallHalves},
	{"multipart messages that stop between frames", (*attacker).framesThatStop},
	{"requests that wait", (*attacker).waiting},
	{"answers nobody reads", (*attacker).deaf},
	{"refusals nobody reads", (*attacker).deafToRefusals},
	{"status and pings nobody reads", (*attacker).deafToStatus},
	{"answers over the limit", (*attacker).largeAnswers},
	{"workers that read nothing", (*attacker).deafWorkers},
	{"refusals that workers do not read", (*attacker).deafAskers},
	{"clients at the workers' port", (*attacker).wrongDoor},
	{"large hellos", (*attacker).largeHellos},
	{"empty frames", (*attacker).emptyFrames},
	{"half handshakes", (*attacker).halfHandshakes},
	{"PINGs", (*attacker).pings},
}

func TestMemoryPromiseUnderAttack(t *testing.T) {
	for _, mechanism := range []string{zmtp.Null, zmtp.Curve} {
		t.Run(mechanism, func(t *testing.T) {
			for _, attack := range attacks {
				t.Run(attack.name, func(t *testing.T) {
					t.Parallel()
					a := newAttacker(t, mechanism)
					attack.run(a)
					a.wantPromise()
				})
			}
		})
		t.Run(mechanism+" at once", func(t *testing.T) {
			a := newAttacker(t, mechanism)
			var running sync.WaitGroup
			for _, attack := range attacks {
				running.Go(func() { attack.run(a) })
			}
			running.Wait()
			a.wantPromise()
		})
	}
}

// wantPromise checks that the broker keeps its promise and serves who behaves.
func (a *attacker) wantPromise() {
	a.t.Helper()
	wantResident(a.t, a.broker, 3*attackedMemory+32e6)
	a.wantService()
}

// attacker has a broker and is allowed in by every door.
type attacker struct {
	t       *testing.T
	until   time.Time // when an attack ends
	f       *fleet
	broker  *process
	clients zmtp.Security // of a client
	workers zmtp.Security // of a worker
}

func newAttacker(t *testing.T, mechanism string) *attacker {
	f := newFleet(t, fmt.Sprintf(`limits: {memory: %d}
broker: {expect: {rules: [nobody, nowhere]}}`, attackedMemory))
	a := &attacker{t: t, f: f}
	if mechanism == zmtp.Null {
		a.broker = f.broker(t)
		f.worker(t, "honest", write(t, f.dir+"/a.txt", "a\nthis\n"))
	} else {
		server, client, worker := zmtp.GenerateKey(), zmtp.GenerateKey(), zmtp.GenerateKey()
		keyFile := func(name string, key zmtp.SecretKey) string {
			path := filepath.Join(f.dir, name)
			if err := keys.WriteKeyFile(path, key); err != nil {
				t.Fatal(err)
			}
			return path
		}
		allowed := write(t, filepath.Join(f.dir, "allowed"), fmt.Sprintf("%s client\n%s worker\n", client.Public(), worker.Public()))
		a.clients = zmtp.Security{Mechanism: zmtp.Curve, Key: client, ServerKey: server.Public()}
		a.workers = zmtp.Security{Mechanism: zmtp.Curve, Key: worker, ServerKey: server.Public()}
		a.broker = f.broker(t, "--key", keyFile("server.key", server), "--allowed-keys", allowed)
		start(t, "honest", nil, f.command("worker", "--broker", f.workers, "--name", "honest", "--slots", "2",
			"--rules", write(t, f.dir+"/a.txt", "a\nthis\n"), "--key", keyFile("worker.key", worker), "--server-key", server.Public().String())...)
	}
	a.wantService()
	a.until = time.Now().Add(attackTime)
	return a
}

func (a *attacker) over() bool { return time.Now().After(a.until) }

func (a *attacker) dialOptions(endpoint, socketType string) zmtp.Options {
	o := zmtp.Options{SocketType: socketType, SendBytes: 1 << 30, SendMessages: 1 << 20, Security: a.clients, WriteTimeout: -1}
	if endpoint == a.f.workers {
		o.Security = a.workers
	}
	return o
}

// dial connects; nil if the broker does not want it.
func (a *attacker) dial(endpoint, socketType string) *zmtp.Conn {
	return a.dialAt(endpoint, a.dialOptions(endpoint, socketType))
}

func (a *attacker) dialAt(endpoint string, o zmtp.Options) *zmtp.Conn {
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	c, err := zmtp.Dial(ctx, endpoint, o)
	if err != nil {
		return nil
	}
	a.t.Cleanup(func() { _ = c.Close() })
	return c
}

// client connects a client that reads nothing.
func (a *attacker) client() *zmtp.Conn { return a.dial(a.f.clients, "DEALER") }

// worker connects a worker with a hello.
func (a *attacker) worker(hello wire.Hello) *zmtp.Conn {
	c := a.dial(a.f.workers, "DEALER")
	if c == nil {
		return nil
	}
	hello.Protocol, hello.Nonce = wire.ProtocolVersion, "n"
	_ = c.Send(nil, zmtp.NewMessage(wire.ControlFrame(wire.KindHello), wire.JSONFrame(&hello)))
	return c
}

// joined connects a worker that serves some rule sets and waits until it is welcome.
func (a *attacker) joined(name string, slots int, rules ...string) *zmtp.Conn {
	hello := wire.Hello{Name: name, Slots: slots}
	for _, r := range rules {
		hello.Rules = append(hello.Rules, wire.ServedRules{Name: r})
	}
	c := a.worker(hello)
	if c == nil {
		return nil
	}
	m, err := c.Recv()
	if err != nil || wire.KindOf(m.Frame(0)) != wire.KindWelcome {
		return nil
	}
	m.Release()
	return c
}

// send sends a message to the end, or until the broker takes nothing for a while.
func (a *attacker) send(c *zmtp.Conn, frames ...[]byte) bool {
	return c != nil && !a.over() && c.Send(nil, zmtp.NewMessage(frames...)) == nil
}

// settled waits until the connections have nothing more to write, or the broker takes
// nothing more of it.
func (a *attacker) settled(conns ...*zmtp.Conn) {
	before, since := -1, time.Now()
	for time.Since(since) < time.Second && !a.over() {
		left := 0
		for _, c := range conns {
			if c != nil {
				_, n := c.Queued()
				left += n
			}
		}
		if left == 0 {
			return
		}
		if left != before {
			before, since = left, time.Now()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// each runs f n times, some at once, and waits for all.
func each(n int, f func(i int)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range n {
		slots <- struct{}{}
		running.Go(func() { f(i); <-slots })
	}
	running.Wait()
}

// valve forwards connections to an endpoint. Of what goes there it lets so many bytes
// through, and then one every tenth of a second.
func (a *attacker) valve(endpoint string, through int64) (at string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.t.Fatal(err)
	}
	var running sync.WaitGroup
	done := make(chan struct{})
	a.t.Cleanup(func() {
		close(done)
		_ = l.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
			if err != nil {
				_ = in.Close()
				continue
			}
			running.Go(func() { // to the broker
				defer in.Close()
				defer out.Close()
				if _, err := io.CopyN(out, in, through); err != nil {
					return
				}
				for {
					select {
					case <-done:
						return
					case <-time.After(100 * time.Millisecond):
					}
					if _, err := io.CopyN(out, in, 1); err != nil {
						return
					}
				}
			})
			running.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
		}
	})
	return "tcp://" + l.Addr().String()
}

// halves connects n times to an endpoint and sends a message of size bytes, of which
// about as many as through arrive.
func (a *attacker) halves(n int, endpoint string, through int64, size int, before func(c *zmtp.Conn)) {
	at := a.valve(endpoint, through)
	conns := make([]*zmtp.Conn, n)
	each(n, func(i int) {
		c := a.dialAt(at, a.dialOptions(endpoint, "DEALER"))
		if conns[i] = c; c == nil {
			return
		}
		if before != nil {
			before(c)
		}
		a.send(c, []byte("A\x00\x00\x00\x00\x00\x00\x00\x00\x00"), make([]byte, size))
	})
	time.Sleep(2 * time.Second)
}

func (a *attacker) envelopes() {
	big := make([]byte, 30<<20)
	c := a.client()
	for i := range 20 {
		a.send(c, big, nil, fmt.Appendf(nil, `{"id":"%d","rules":"nobody","deadline_ms":600000}`, i), []byte("x"))
		a.settled(c)
	}
	for range 100 { // as large as they may be, and a little more
		c := a.client()
		for range 50 {
			for _, n := range []int{140, 1025} {
				frame := make([]byte, n)
				a.send(c, frame, frame, frame, frame, frame, frame, frame, nil, []byte(`{"rules":"nobody","deadline_ms":600000}`), []byte("x"))
			}
		}
	}
	a.settled(c)
}

func (a *attacker) hellosThatStop() { a.halves(12, a.f.workers, 60<<20, 63<<20, nil) }

func (a *attacker) answersThatStop() {
	n := 0
	var mu sync.Mutex
	a.halves(12, a.f.workers, 30<<20, 31<<20, func(c *zmtp.Conn) {
		mu.Lock()
		n++
		name := fmt.Sprint("w", n)
		mu.Unlock()
		hello := wire.Hello{Name: name, Slots: 1, Protocol: wire.ProtocolVersion, Nonce: "n", Rules: []wire.ServedRules{{Name: "nothing"}}}
		_ = c.Send(nil, zmtp.NewMessage(wire.ControlFrame(wire.KindHello), wire.JSONFrame(&hello)))
		if m, err := c.Recv(); err == nil {
			m.Release()
		}
	})
}

func (a *attacker) requestsThatStop() { a.halves(12, a.f.clients, 29<<20, 30<<20, nil) }

func (a *attacker) smallHalves() {
	a.halves(2000, a.f.clients, 60_000, 61_000, nil)
}

func (a *attacker) framesThatStop() {
	at := a.valve(a.f.clients, 20<<20)
	each(10, func(int) {
		c := a.dialAt(at, a.dialOptions(a.f.clients, "DEALER"))
		frames := make([][]byte, 4000)
		for i := range frames {
			frames[i] = make([]byte, 6000)
		}
		frames[0] = []byte("{}")
		a.send(c, frames...)
	})
	time.Sleep(2 * time.Second)
}

func (a *attacker) waiting() {
	conns := make([]*zmtp.Conn, 40)
	each(len(conns), func(i int) {
		c := a.client()
		conns[i] = c
		for _, size := range []int{1 << 20, 600 << 10, 70_000, 5000, 100} {
			for range 20 {
				a.send(c, []byte(`{"rules":"nobody","deadline_ms":600000}`), make([]byte, size))
				a.send(c, []byte(`{"rules":"nowhere","deadline_ms":600000}`), make([]byte, size))
			}
		}
	})
	a.settled(conns...)
}

func (a *attacker) deaf() {
	text := []byte(strings.Repeat("a", 60_000))
	conns := make([]*zmtp.Conn, 60)
	each(len(conns), func(i int) {
		c := a.client()
		conns[i] = c
		for range 10 {
			a.send(c, []byte(`{"limit":0,"deadline_ms":600000}`), text)
		}
	})
	a.settled(conns...)
	time.Sleep(4 * time.Second)
}

func (a *attacker) deafToRefusals() {
	id := strings.Repeat("i", 60_000)
	conns := make([]*zmtp.Conn, 900)
	each(len(conns), func(i int) {
		c := a.client()
		conns[i] = c
		for range 20 {
			a.send(c, []byte(`{"rules":"unheard of","id":"`+id+`"}`), nil)
			for range 100 {
				a.send(c, []byte(`{"rules":"unheard of"}`), nil)
				a.send(c, []byte(`{"what":1}`), nil)
			}
		}
	})
	a.settled(conns...)
}

func (a *attacker) deafToStatus() {
	for i := range 20 {
		sets := make([]string, 300)
		for j := range sets {
			sets[j] = fmt.Sprintf("a rule set with a long name %d %d %s", i, j, strings.Repeat("x", 150))
		}
		a.joined(fmt.Sprint("w", i), 1, sets...)
	}
	conns := make([]*zmtp.Conn, 300)
	each(len(conns), func(i int) {
		c := a.client()
		conns[i] = c
		for range 30 {
			a.send(c, []byte(`{"op":"status"}`), nil)
			a.send(c, []byte(`{"op":"ping"}`), nil)
		}
	})
	a.settled(conns...)
}

// answering makes c answer all requests that it gets with so many bytes.
func answering(c *zmtp.Conn, size int) {
	big := make([]byte, size)
	go func() {
		for {
			m, err := c.Recv()
			if err != nil {
				return
			}
			control := m.Frame(0)
			if q, ok := wire.ParseRequestControl(control); ok {
				reply := wire.ReplyControl{Number: q.Number}
				_ = c.Send(nil, zmtp.NewMessage(reply.Append(nil), []byte("{}"), big))
			} else if wire.KindOf(control) == wire.KindHeartbeat {
				_ = c.Send(nil, zmtp.NewMessage(control))
			}
			m.Release()
		}
	}()
}

func (a *attacker) largeAnswers() {
	for i, size := range []int{4 << 20, 20 << 20, 3 << 20, 60 << 20} {
		if w := a.joined(fmt.Sprint("w", i), 16, fmt.Sprint("large", i)); w != nil {
			answering(w, size)
		}
	}
	conns := make([]*zmtp.Conn, 30)
	each(len(conns), func(i int) {
		c := a.client()
		conns[i] = c
		for j := range 60 {
			a.send(c, fmt.Appendf(nil, `{"rules":"large%d","deadline_ms":5000}`, j%4), []byte("x"))
		}
	})
	a.settled(conns...)
	time.Sleep(3 * time.Second)
}

func (a *attacker) deafWorkers() {
	for i := range 12 {
		w := a.joined(fmt.Sprint("w", i), 4, "deaf")
		if w == nil {
			continue
		}
		stop := make(chan struct{})
		a.t.Cleanup(func() { close(stop) })
		go func() { // heartbeats, and no reading
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Second / 2):
					_ = w.Send(nil, zmtp.NewMessage(wire.ControlFrame(wire.KindHeartbeat)))
				}
			}
		}()
	}
	c := a.client()
	text := make([]byte, 10<<20)
	for range 60 {
		a.send(c, []byte(`{"rules":"deaf","deadline_ms":1}`), text)
		a.settled(c)
	}
}

func (a *attacker) deafAskers() {
	id := strings.Repeat("i", 60_000)
	conns := make([]*zmtp.Conn, 100)
	each(len(conns), func(i int) {
		w := a.joined(fmt.Sprint("w", i), 1, "asking")
		conns[i] = w
		for range 300 {
			a.send(w, append([]byte{byte(wire.KindSubRequest)}, make([]byte, 17)...), []byte(`{"id":"`+id+`"}`), []byte("x"))
		}
	})
	a.settled(conns...)
}

func (a *attacker) wrongDoor() {
	conns := make([]*zmtp.Conn, 200)
	each(len(conns), func(i int) {
		c := a.dial(a.f.workers, "REQ")
		conns[i] = c
		for range 200 {
			a.send(c, make([]byte, 900), nil, make([]byte, 10_000))
		}
	})
	a.settled(conns...)
}

func (a *attacker) largeHellos() {
	conns := make([]*zmtp.Conn, 200)
	each(len(conns), func(i int) {
		hello := wire.Hello{Name: fmt.Sprint("w", i), Slots: 1, Version: strings.Repeat("v", 100_000)}
		hello.Board = json.RawMessage(`{"x":"` + strings.Repeat("b", 500_000) + `"}`)
		for j := range 300 {
			hello.Rules = append(hello.Rules, wire.ServedRules{Name: fmt.Sprint(i, " ", j), Scan: strings.Repeat("s", 500), Engine: strings.Repeat("e", 500)})
		}
		conns[i] = a.worker(hello)
	})
	a.settled(conns...)
	each(len(conns), func(i int) { // costs, too
		c := conns[i]
		var costs wire.Costs
		for j := range 20 {
			set := wire.SetCosts{Name: strings.Repeat("n", 5000) + fmt.Sprint(i, j)}
			for k := range 10 {
				set.Regexes = append(set.Regexes, wire.RegexCost{Rule: strings.Repeat("r", 500) + fmt.Sprint(k)})
			}
			costs.Sets = append(costs.Sets, set)
		}
		a.send(c, wire.ControlFrame(wire.KindHeartbeat), []byte("{}"), wire.JSONFrame(&costs))
	})
	a.settled(conns...)
}

func (a *attacker) emptyFrames() {
	frames := make([][]byte, 65_000)
	frames[0] = []byte(`{"rules":"nobody","deadline_ms":600000}`)
	conns := make([]*zmtp.Conn, 20)
	each(len(conns), func(i int) {
		c := a.client()
		conns[i] = c
		for range 40 {
			a.send(c, frames...)
		}
	})
	a.settled(conns...)
}

func (a *attacker) halfHandshakes() {
	// Halves of greetings, and of commands as long as they may be.
	greeting := make([]byte, 64)
	copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL")
	if a.clients.Mechanism == zmtp.Curve {
		copy(greeting[12:], "CURVE")
	}
	command := append(append(greeting, 6, 0, 0, 0, 0, 0, 0, 0x20, 0), make([]byte, 8000)...)
	for _, endpoint := range []string{a.f.clients, a.f.workers} {
		for i := range 1500 {
			if a.over() {
				break
			}
			c, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
			if err != nil {
				continue
			}
			a.t.Cleanup(func() { _ = c.Close() })
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = c.Write(command[:[]int{1, 30, 70, len(command)}[i%4]])
		}
	}
}

func (a *attacker) pings() {
	// PINGs without end on connections that read nothing, and nothing else.
	at := a.valve(a.f.clients, 1<<40)
	o := a.dialOptions(a.f.clients, "DEALER")
	o.Heartbeat = zmtp.Heartbeat{Interval: 10 * time.Millisecond, Timeout: -1}
	for range 200 {
		a.dialAt(at, o)
	}
	time.Sleep(2 * time.Second)
}

// wantService checks that a client that behaves gets its answers.
func (a *attacker) wantService() {
	a.t.Helper()
	busy := 0
	for until := time.Now().Add(patience); time.Now().Before(until); {
		c := a.client()
		if c == nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		_ = c.Send(nil, zmtp.NewMessage([]byte(`{"deadline_ms":30000}`), []byte(historyText)))
		m, err := c.Recv()
		if err == nil {
			h, _ := wire.ParseAnswerHeader(m.Frame(0))
			m.Release()
			if h.Error == nil {
				a.t.Logf("served; busy before: %d", busy)
				return
			}
			if h.Error.Code != wire.Busy {
				a.t.Logf("answered %v", h.Error)
			}
		}
		_ = c.Close()
		busy++
		time.Sleep(50 * time.Millisecond)
	}
	a.t.Error("a client that behaves is not served")
}
