// Engineproxy is the ROUTER–DEALER proxy that benchmarks put in the place of
// libzmq's zmq_proxy: the least that can be built on the engine, without any of
// the broker's bookkeeping.
//
//	engineproxy [-cpuprofile FILE] [-curve-secret Z85] FRONT BACK
//
// For each line of its standard input it prints how many allocations it has made.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"

	"trawl/edge/zmtp"
)

func main() {
	profile := flag.String("cpuprofile", "", "write a CPU profile to `FILE` at the end (interrupt)")
	secret := flag.String("curve-secret", "", "serve CURVE with this secret key, in Z85")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: engineproxy [-cpuprofile FILE] [-curve-secret Z85] FRONT BACK")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *secret, *profile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(front, back, secret, profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	zmtp.KeepSchedulerBusy()
	var security zmtp.Security
	if secret != "" {
		key, err := zmtp.ParseSecretKey(secret)
		if err != nil {
			return err
		}
		security = zmtp.Security{Mechanism: zmtp.Curve, Key: key}
	}
	f, err := zmtp.Listen(front, zmtp.Options{SocketType: "ROUTER", Security: security})
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := zmtp.Listen(back, zmtp.Options{SocketType: "DEALER", Security: security})
	if err != nil {
		return err
	}
	defer b.Close()
	p := &proxy{clients: make(map[uint32]*zmtp.Conn)}
	go accept(b, p.serveWorker)
	go accept(f, p.serveClient)
	go tellAllocations()
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	<-interrupted.Done()
	return nil
}

func tellAllocations() {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Println(m.Mallocs)
	}
}

func accept(l *zmtp.Listener, serve func(*zmtp.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}

// proxy gives each client a number, which is the envelope of its requests.
type proxy struct {
	mu      sync.RWMutex
	clients map[uint32]*zmtp.Conn
	workers []*zmtp.Conn
	last    uint32
	turn    atomic.Uint32
}

func (p *proxy) serveClient(c *zmtp.Conn) {
	p.mu.Lock()
	p.last++
	number := p.last
	p.clients[number] = c
	p.mu.Unlock()
	envelope := zmtp.AppendFrame(nil, binary.BigEndian.AppendUint32(nil, number), true)
	relay(c, func(m zmtp.Message) *zmtp.Conn {
		p.mu.RLock()
		defer p.mu.RUnlock()
		if len(p.workers) == 0 {
			m.Release()
			return nil
		}
		w := p.workers[int(p.turn.Add(1))%len(p.workers)]
		w.Queue(envelope, m)
		return w
	})
	p.mu.Lock()
	delete(p.clients, number)
	p.mu.Unlock()
}

func (p *proxy) serveWorker(c *zmtp.Conn) {
	p.mu.Lock()
	p.workers = append(p.workers, c)
	p.mu.Unlock()
	relay(c, func(m zmtp.Message) *zmtp.Conn {
		p.mu.RLock()
		defer p.mu.RUnlock()
		var client *zmtp.Conn
		if number := m.Frame(0); len(number) == 4 && m.NumFrames() > 1 {
			client = p.clients[binary.BigEndian.Uint32(number)]
		}
		if client == nil {
			m.Release()
			return nil
		}
		client.Queue(nil, m.Tail(1))
		return client
	})
	p.mu.Lock()
	p.workers = slices.DeleteFunc(p.workers, func(w *zmtp.Conn) bool { return w == c })
	p.mu.Unlock()
}

// relay routes what c sends and flushes in batches.
func relay(c *zmtp.Conn, route func(zmtp.Message) *zmtp.Conn) {
	var touched []*zmtp.Conn
	for {
		m, err := c.Recv()
		if err != nil {
			return
		}
		if to := route(m); to != nil && !slices.Contains(touched, to) {
			touched = append(touched, to)
		}
		if !c.Buffered() {
			for _, to := range touched {
				to.Flush()
			}
			touched = touched[:0]
		}
	}
}
