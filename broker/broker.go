package broker

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/keys"
	"trawl/edge/zmtp"
)

// keepMore is how much more than limits.request is read into memory, in bytes: an
// envelope and a header.
const keepMore = 256 << 10

// Broker is a running broker. Listen makes one, Serve runs it.
type Broker struct {
	options Options
	router  *router

	clients []*zmtp.Listener
	workers []*zmtp.Listener
	plain   []*zmtp.Listener // as Options.Plain
	http    *httpServer      // nil: off

	stop     chan struct{} // closed by a client's stop
	stopOnce sync.Once
	running  sync.WaitGroup // a goroutine for each listener and each connection
	stopping atomic.Bool    // for the pulse

	turnedAway turnedAway
	mixture    mixture

	mu     sync.Mutex                 // guards what follows; never held with the router's
	conns  map[*zmtp.Conn][]keys.Role // and who may have one like it
	ending bool                       // no further connection is served
}

// Listen binds all endpoints; clients and workers can connect from then on,
// and are served once Serve runs. An error leaves nothing bound.
func Listen(o Options) (*Broker, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &Broker{options: o, stop: make(chan struct{}), conns: make(map[*zmtp.Conn][]keys.Role)}
	b.router = newRouter(&b.options)
	if err := b.bind(); err != nil {
		b.closeListeners()
		return nil, err
	}
	return b, nil
}

func (b *Broker) bind() error {
	toClients := zmtp.Options{
		SocketType: "ROUTER", Log: b.options.Log, MaxFrame: b.options.Limits.Frame,
		MaxMessage: b.options.Limits.Frame + 1<<20,
	}
	toWorkers := toClients
	toWorkers.SocketType, toWorkers.Announce = "", announceToWorker
	toWorkers.Heartbeat.Interval = b.options.Heartbeat             // for plain workers, which say nothing by themselves
	toWorkers.SendBytes = windowBytes + 2*b.options.Limits.Request // two of the largest requests always fit
	toClients.Budget, toClients.KeepMessage = b.options.budget, b.options.Limits.Request+keepMore
	toClients.SendBytes, toClients.SendMessages = max(16<<20, b.options.Limits.Memory/2), 1<<17 // requests are held back long before
	s := &b.options.Security
	for _, e := range b.options.Clients {
		if err := listen(&b.clients, e, s.protect(e, toClients, clientRoles)); err != nil {
			return err
		}
	}
	for _, e := range b.options.Workers {
		if err := listen(&b.workers, e, s.protect(e, toWorkers, workerRoles)); err != nil {
			return err
		}
	}
	for _, p := range b.options.Plain {
		if err := listen(&b.plain, p.Endpoint, s.protect(p.Endpoint, toWorkers, workerRoles)); err != nil {
			return err
		}
	}
	if at := b.options.HTTP.Listen; at != "" {
		var err error
		b.http, err = b.listenHTTP(at)
		return err
	}
	return nil
}

func listen(to *[]*zmtp.Listener, endpoint string, o zmtp.Options) error {
	l, err := zmtp.Listen(endpoint, o)
	if err == nil {
		*to = append(*to, l)
	}
	return err
}

// httpAddress returns where HTTP is served, HOST:PORT with the real port number;
// empty if it is not.
func (b *Broker) httpAddress() string {
	if b.http == nil {
		return ""
	}
	return b.http.conns.Addr().String()
}

// announceToWorker: a REP accepts a DEALER only, a trawl worker's DEALER
// wants a ROUTER, and a client's REQ, wrong here, is told so by a ROUTER.
func announceToWorker(peer zmtp.Peer) (string, error) {
	switch peer.SocketType {
	case "REP":
		return "DEALER", nil
	case "DEALER", "REQ":
		return "ROUTER", nil
	}
	return "", fmt.Errorf("a %s is neither a trawl worker (DEALER) nor a plain one (REP)", peer.SocketType)
}

// ClientEndpoints returns where clients can connect, with real port numbers.
func (b *Broker) ClientEndpoints() []string { return endpoints(b.clients) }

// WorkerEndpoints returns where workers can connect, with real port numbers.
func (b *Broker) WorkerEndpoints() []string { return endpoints(b.workers) }

func endpoints(ls []*zmtp.Listener) []string {
	var out []string
	for _, l := range ls {
		out = append(out, l.Endpoint())
	}
	return out
}

// Serve runs the broker until ctx ends or a client with the right to says
// stop. Then it drains: takes no new work, gives what it has DrainTimeout,
// answers the rest with draining, flushes, and returns nil.
func (b *Broker) Serve(ctx context.Context) error {
	log := b.options.Log
	for _, l := range b.clients {
		b.accept(l, clientRoles, b.serveClient)
	}
	for _, l := range b.workers {
		b.accept(l, workerRoles, func(c *zmtp.Conn) { b.serveWorker(c, "default") })
	}
	for i, l := range b.plain {
		rules := b.options.Plain[i].Rules
		b.accept(l, workerRoles, func(c *zmtp.Conn) { b.serveWorker(c, rules) })
	}
	if b.http != nil {
		b.http.serve()
	}
	log.Info("broker ready", "name", b.options.Name, "clients", b.ClientEndpoints(), "workers", b.WorkerEndpoints(), "http", cmp.Or(b.httpAddress(), "off"))
	if b.options.Insecure && !b.options.Security.on() {
		log.Warn("insecure: whoever reaches the endpoints can ask, become a worker and read every text")
	}
	if b.http != nil && !b.http.local {
		log.Warn("insecure: whoever reaches the HTTP port can read status and metrics", "and_ask", b.options.HTTP.Match)
	}

	ticking, stopTicking := context.WithCancel(context.Background())
	var ticks sync.WaitGroup
	ticks.Go(func() { b.tick(ticking) })

	select {
	case <-ctx.Done():
	case <-b.stop:
	}
	b.drain()
	stopTicking()
	ticks.Wait()
	b.running.Wait()
	log.Info("broker stopped")
	return nil
}

// accept serves every connection of l in a goroutine of its own.
func (b *Broker) accept(l *zmtp.Listener, roles []keys.Role, serve func(*zmtp.Conn)) {
	b.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the listener was closed
			}
			if !b.enter(c, roles) {
				_ = c.Close()
				continue
			}
			b.running.Go(func() {
				defer b.exit(c)
				b.endIfForbidden(c, roles) // the keys may have been read again since its handshake
				serve(c)
			})
		}
	})
}

// enter notes a connection, so that the end can reach it; false: it is too late.
func (b *Broker) enter(c *zmtp.Conn, roles []keys.Role) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ending {
		b.conns[c] = roles
	}
	return !b.ending
}

func (b *Broker) exit(c *zmtp.Conn) {
	_ = c.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

// tick does what depends on time: deadlines and heartbeats.
func (b *Broker) tick(ctx context.Context) {
	sweeps := time.NewTicker(tick)
	defer sweeps.Stop()
	beats := time.NewTicker(b.options.Heartbeat)
	defer beats.Stop()
	pulses := time.NewTicker(pulseTime)
	defer pulses.Stop()
	var hedges <-chan time.Time
	if b.options.hedges() {
		hedging := time.NewTicker(hedgeTick)
		defer hedging.Stop()
		hedges = hedging.C
	}
	b.pulse(false)
	var out batch
	for {
		select {
		case <-ctx.Done():
			return
		case <-pulses.C:
			b.pulse(b.stopping.Load())
		case now := <-sweeps.C:
			b.router.sweep(now, &out)
		case <-beats.C:
			b.router.beat(&out)
		case <-hedges:
			b.router.hedgeSlow(&out)
		}
		out.flush()
	}
}

func (b *Broker) closeListeners() {
	for _, ls := range [][]*zmtp.Listener{b.clients, b.workers, b.plain} {
		for _, l := range ls {
			_ = l.Close()
		}
	}
	b.http.close()
}
