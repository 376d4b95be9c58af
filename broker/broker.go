package broker

// The life of a broker: it listens, serves, and ends.

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/zmtp"
)

// socketBuffer is how much of a connection the kernel keeps in each direction, in bytes: at
// 5 ms from one board to another that is 50 MB/s.
const socketBuffer = 256 << 10

// keepMore is how much more than limits.request is read into memory, in bytes: an
// envelope and a header.
const keepMore = 256 << 10

// Broker is a running broker. Listen makes one, Serve runs it.
type Broker struct {
	options Options
	router  monitor

	clients []*zmtp.Listener
	workers []*zmtp.Listener
	plain   []*zmtp.Listener // as Options.Plain
	http    *httpServer      // nil: off

	statusReport, metricsReport report

	stop     chan struct{} // closed by a client's stop
	stopOnce sync.Once
	running  sync.WaitGroup // a goroutine for each listener and each connection
	stopping atomic.Bool    // for the pulse

	clientDoor, workerDoor *door
	documents              *documents
	handshakes             int          // at once, of one listener
	noPlace                atomic.Int64 // peers for whom there was no place
	stallsAt               time.Time    // of the latest closeStalled

	turnedAway turnedAway
	watchers   watchers
	mixture    mixture

	mu     sync.Mutex // guards the doors and what follows; never held with the router's
	ending bool       // no further connection is served
}

// Listen binds all endpoints; clients and workers can connect from then on,
// and are served once Serve runs. An error leaves nothing bound.
func Listen(o Options) (*Broker, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &Broker{options: o, stop: make(chan struct{})}
	b.router = newRouter(&b.options)
	p := planPlaces(o.files, o.Limits.Memory, len(o.Clients)+len(o.Workers)+len(o.Plain))
	b.clientDoor = newDoor("clients", clientRoles, p.clients, b.options.budget)
	b.workerDoor = newDoor("workers", workerRoles, p.workers, b.options.fromWorkers)
	b.handshakes = p.handshakes
	b.documents = newDocuments(b.options.budget, o.Limits.Memory)
	b.watchers.documents = b.documents
	if err := b.bind(); err != nil {
		b.closeListeners()
		return nil, err
	}
	return b, nil
}

func (b *Broker) bind() error {
	limits := &b.options.Limits
	toClients := zmtp.Options{
		SocketType: "ROUTER", Log: b.options.Log, MaxFrame: limits.Frame, MaxMessage: b.maxMessage(),
		MaxHandshakes: b.handshakes, SocketBuffer: socketBuffer,
	}
	toWorkers := toClients
	toWorkers.SocketType, toWorkers.Announce = "", announceToWorker
	toWorkers.Heartbeat.Interval = b.options.Heartbeat   // for plain workers, which say nothing by themselves
	toWorkers.SendBytes = windowBytes + 2*limits.Request // two of the largest requests always fit
	toWorkers.Budget, toWorkers.KeepMessage = b.options.fromWorkers, max(limits.Request, limits.Answer)+keepMore
	toWorkers.MaxMessage = maxHello + keepMore // until it is welcome; see admit
	toClients.Budget, toClients.KeepMessage = b.options.budget, limits.Request+keepMore
	toClients.SendBytes, toClients.SendMessages = max(16<<20, limits.Memory/2), 1<<17 // requests are held back long before
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

// maxMessage is the most bytes of a message of a client, or of a worker that is welcome.
func (b *Broker) maxMessage() int64 { return b.options.Limits.Frame + 1<<20 }

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
		b.accept(l, b.clientDoor, b.serveClient)
	}
	for _, l := range b.workers {
		b.accept(l, b.workerDoor, func(c *connection) { b.serveWorker(c, "default") })
	}
	for i, l := range b.plain {
		rules := b.options.Plain[i].Rules
		b.accept(l, b.workerDoor, func(c *connection) { b.serveWorker(c, rules) })
	}
	if b.http != nil {
		b.http.serve()
	}
	log.Info("broker ready", "name", b.options.Name, "clients", b.ClientEndpoints(), "workers", b.WorkerEndpoints(), "http", cmp.Or(b.httpAddress(), "off"))
	b.warnOfNoKeys()
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
	zmtp.FlushLog(log)
	log.Info("broker stopped")
	return nil
}

// accept serves every connection of l in a goroutine of its own.
func (b *Broker) accept(l *zmtp.Listener, d *door, serve func(*connection)) {
	b.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the listener was closed
			}
			c := b.enter(d, conn)
			if c == nil {
				_ = conn.Close()
				continue
			}
			b.running.Go(func() {
				defer b.exit(d, c)
				b.endIfForbidden(conn, d.roles) // the keys may have been read again since its handshake
				serve(c)
			})
		}
	})
}

// tick does what depends on time: deadlines and heartbeats.
func (b *Broker) tick(ctx context.Context) {
	sweeps := time.NewTicker(tick)
	defer sweeps.Stop()
	beats := time.NewTicker(b.options.Heartbeat)
	defer beats.Stop()
	pulses := b.newPulses()
	defer pulses.due.Stop()
	hedges := time.NewTicker(hedgeTick)
	defer hedges.Stop()
	if !b.options.hedges() {
		hedges.Stop()
	}
	var out batch
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-pulses.due.C:
			pulses.pulse(now)
		case now := <-sweeps.C:
			if b.router.sweep(now, &out) {
				sweeps.Stop()
				hedges.Stop()
			}
		case <-b.router.stirred:
			sweeps.Reset(tick)
			if b.options.hedges() {
				hedges.Reset(hedgeTick)
			}
		case now := <-beats.C:
			b.closeStalled(now)
			b.router.beat(&out)
			pulses.pulseWith(now)
		case <-hedges.C:
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
