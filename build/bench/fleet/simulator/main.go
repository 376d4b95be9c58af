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
			if err == nil {
				err = k.begin(conn, i)
			}
			<-dialing
			connected.Done()
			if err == nil {
				err = k.serve(conn)
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

// kind is how workers speak.
type kind struct {
	socketType string
	begin      func(conn *zmtp.Conn, number int) error
	serve      func(conn *zmtp.Conn) error // until the connection ends
}

var kinds = map[string]kind{
	"trawl": {"DEALER", sayHello, serveTrawl},
	"rep":   {"REP", func(*zmtp.Conn, int) error { return nil }, serveREP},
}

// serveREP returns each message whole: envelope, empty frame and text.
func serveREP(conn *zmtp.Conn) error {
	for {
		m, err := conn.Recv()
		if err == nil {
			err = conn.Queue(nil, m)
		}
		if err != nil {
			return err
		}
		if !conn.Buffered() {
			conn.Flush()
		}
	}
}

// sayHello introduces a worker, waits for the welcome and begins with heartbeats.
func sayHello(conn *zmtp.Conn, number int) error {
	hello := wire.Hello{
		Protocol: wire.ProtocolVersion, Version: "simulator", Name: fmt.Sprintf("w%04d", number), Nonce: strconv.Itoa(os.Getpid()),
		Rules: []wire.RuleSet{{Name: wire.DefaultRules, Hash: strings.Repeat("5eed", 16), Engine: "sdfa", Rules: 10_000, Bytes: 1 << 20, Longest: 20}},
		Slots: 1, Recall: true,
		Board: wire.JSONFrame(&board.Facts{OS: "linux", Arch: "arm64", Model: "Raspberry Pi 4 Model B Rev 1.4", Cores: 4, Memory: 4 << 30}),
	}
	if err := sendControl(conn, wire.ControlFrame(wire.KindHello), wire.JSONFrame(&hello)); err != nil {
		return err
	}
	m, err := conn.Recv()
	if err != nil {
		return err
	}
	defer m.Release()
	var welcome wire.Welcome
	if wire.KindOf(m.Frame(0)) != wire.KindWelcome || json.Unmarshal(m.Frame(1), &welcome) != nil || welcome.HeartbeatMS < 1 {
		return fmt.Errorf("no welcome: %q", m.Frame(m.NumFrames()-1))
	}
	go beat(conn, time.Duration(welcome.HeartbeatMS)*time.Millisecond)
	return nil
}

// beat sends heartbeats as a board's worker does. They begin at any time of the
// interval: boards do not beat together.
func beat(conn *zmtp.Conn, interval time.Duration) {
	stats := wire.WorkerStats{Requests: 123456, Texts: 123456, Bytes: 31 << 20, Matches: 4567, BusyUS: 890123, ResidentBytes: 20 << 20}
	for pause := rand.N(interval); ; pause = interval {
		select {
		case <-conn.Done():
			return
		case <-time.After(pause):
		}
		stats.Requests++
		stats.UptimeS++
		stats.Health = wire.JSONFrame(&board.Health{Load: 0.25, Available: 3 << 30, Celsius: 51.1, UptimeS: 86400 + stats.UptimeS})
		if sendControl(conn, wire.ControlFrame(wire.KindHeartbeat), wire.JSONFrame(&stats)) != nil {
			return
		}
	}
}

func sendControl(conn *zmtp.Conn, control, frame []byte) error {
	return conn.Send(zmtp.AppendFrame(nil, control, true), zmtp.NewMessage(frame))
}

// serveTrawl answers requests with their own text. What is recalled it has
// begun already.
func serveTrawl(conn *zmtp.Conn) error {
	var frame, prefix [64]byte
	for {
		m, err := conn.Recv()
		if err != nil {
			return err
		}
		control := m.Frame(0)
		if c, ok := wire.ParseRequestControl(control); ok && m.NumFrames() == 2 {
			reply := wire.ReplyControl{Number: c.Number}
			err = conn.Queue(zmtp.AppendFrame(prefix[:0], reply.Append(frame[:0]), true), m.Tail(1))
		} else {
			if wire.KindOf(control) == wire.KindRecall {
				err = conn.Queue(nil, zmtp.NewMessage(wire.BeginRecall(nil, false)))
			}
			m.Release()
		}
		if err != nil {
			return err
		}
		if !conn.Buffered() {
			conn.Flush()
		}
	}
}
