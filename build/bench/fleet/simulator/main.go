// Command simulator is a fleet of workers in one process, which return what they
// get at once. They are connections of their own, with all that workers do to
// the broker, so a broker cannot tell them from boards.
//
//	simulator trawl|rep ENDPOINT NUMBER
//
// trawl: workers of one slot that speak trawl's protocol, heartbeats included.
// rep: REP sockets, for zmq_proxy. Once all are connected it prints "ready". It ends
// when a connection does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	patience      = 20 * time.Second // to connect
	dialingAtOnce = 32
	boardEvery    = 5 // heartbeats until a worker asks its board again how it feels
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: simulator trawl|rep ENDPOINT NUMBER")
	}
	k, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("no workers of kind %q", args[0])
	}
	count, err := strconv.Atoi(args[2])
	if err != nil || count < 1 {
		return fmt.Errorf("%q is not a number of workers", args[2])
	}
	ended := make(chan error)
	var connected sync.WaitGroup
	dialing := make(chan struct{}, dialingAtOnce)
	for i := range count {
		connected.Add(1)
		go func() {
			dialing <- struct{}{}
			conn, err := dial(args[1], k.socketType)
			w := &worker{conn: conn}
			if err == nil {
				err = k.begin(w, i)
			}
			<-dialing
			connected.Done()
			if err == nil {
				err = k.serve(w)
			}
			ended <- fmt.Errorf("worker %d: %w", i, err)
		}()
	}
	go func() {
		connected.Wait()
		fmt.Println("ready")
	}()
	return <-ended
}

// dial waits for the broker, which may have been started at the same time.
func dial(endpoint, socketType string) (conn *zmtp.Conn, err error) {
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(20 * time.Millisecond) {
		if conn, err = zmtp.Dial(context.Background(), endpoint, zmtp.Options{SocketType: socketType}); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// worker is one of the simulated ones.
type worker struct {
	conn  *zmtp.Conn
	heard chan time.Duration // has room for one: the broker has sent a heartbeat, and the next comes by then
}

// kind is how workers speak.
type kind struct {
	socketType string
	begin      func(w *worker, number int) error
	serve      func(w *worker) error // until the connection ends
}

var kinds = map[string]kind{
	"trawl": {"DEALER", (*worker).sayHello, (*worker).serveTrawl},
	"rep":   {"REP", func(*worker, int) error { return nil }, (*worker).serveREP},
}

// serveREP returns each message whole: envelope, empty frame and text.
func (w *worker) serveREP() error {
	for {
		m, err := w.conn.Recv()
		if err == nil {
			err = w.conn.Queue(nil, m)
		}
		if err != nil {
			return err
		}
		if !w.conn.Buffered() {
			w.conn.Flush()
		}
	}
}

// sayHello introduces a worker, waits for the welcome and begins with heartbeats.
func (w *worker) sayHello(number int) error {
	hello := wire.Hello{
		Protocol: wire.ProtocolVersion, Version: "simulator", Name: fmt.Sprintf("w%04d", number), Nonce: strconv.Itoa(os.Getpid()),
		Rules: []wire.ServedRules{{Name: wire.DefaultRules, Hash: strings.Repeat("5eed", 16), Engine: "sdfa", Rules: 10_000, Bytes: 1 << 20, Longest: 20}},
		Slots: 1, Reclaim: true,
		Board: wire.JSONFrame(&board.Facts{OS: "linux", Arch: "arm64", Model: "Raspberry Pi 4 Model B Rev 1.4", Cores: 4, Memory: 4 << 30}),
	}
	if err := w.sendControl(wire.ControlFrame(wire.KindHello), wire.JSONFrame(&hello)); err != nil {
		return err
	}
	m, err := w.conn.Recv()
	if err != nil {
		return err
	}
	defer m.Release()
	var welcome wire.Welcome
	if wire.KindOf(m.Frame(0)) != wire.KindWelcome || json.Unmarshal(m.Frame(1), &welcome) != nil || welcome.HeartbeatMS < 1 {
		return fmt.Errorf("no welcome: %q", m.Frame(m.NumFrames()-1))
	}
	w.heard = make(chan time.Duration, 1)
	go w.beat(time.Duration(welcome.HeartbeatMS) * time.Millisecond)
	return nil
}

// beat sends heartbeats as a board's worker does: in answer to the broker's, or a
// while after those should have come. The first comes at any time: boards do not start together.
func (w *worker) beat(interval time.Duration) {
	stats := wire.WorkerStats{Requests: 123456, Texts: 123456, Bytes: 31 << 20, Matches: 4567, BusyUS: 890123, ResidentBytes: 20 << 20}
	stats.Slots = 1
	for sent, pause := time.Now(), rand.N(interval); ; pause = interval + interval/8 {
		select {
		case <-w.conn.Done():
			return
		case <-time.After(pause):
		case interval = <-w.heard:
			if time.Since(sent) < interval/8 {
				continue
			}
		}
		sent = time.Now()
		stats.Requests++
		stats.UptimeS++
		if stats.UptimeS%boardEvery == 1 {
			stats.Health = wire.JSONFrame(&board.Health{Load: 0.25, Available: 3 << 30, Celsius: 51.1, UptimeS: 86400 + stats.UptimeS})
		}
		if w.sendControl(wire.ControlFrame(wire.KindHeartbeat), wire.JSONFrame(&stats)) != nil {
			return
		}
	}
}

func (w *worker) sendControl(control, frame []byte) error {
	return w.conn.Send(zmtp.AppendFrame(nil, control, true), zmtp.NewMessage(frame))
}

// serveTrawl answers requests with their own text. What is reclaimed it has
// begun already.
func (w *worker) serveTrawl() error {
	var frame, prefix [64]byte
	for {
		m, err := w.conn.Recv()
		if err != nil {
			return err
		}
		control := m.Frame(0)
		if c, ok := wire.ParseRequestControl(control); ok && m.NumFrames() == 2 {
			reply := wire.ReplyControl{Number: c.Number}
			err = w.conn.Queue(zmtp.AppendFrame(prefix[:0], reply.Append(frame[:0]), true), m.Tail(1))
		} else {
			switch wire.KindOf(control) {
			case wire.KindReclaim, wire.KindCancel:
				err = w.conn.Queue(nil, zmtp.NewMessage(wire.BeginReclaim(nil, wire.KindReclaim)))
			case wire.KindHeartbeat:
				if interval, ok := wire.ParseHeartbeatControl(control); ok {
					select {
					case w.heard <- interval:
					default: // not answered yet
					}
				}
			}
			m.Release()
		}
		if err != nil {
			return err
		}
		if !w.conn.Buffered() {
			w.conn.Flush()
		}
	}
}
