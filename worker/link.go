package worker

// Links: the connection to a broker, made again after each end.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/escape"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// refusedPause is how long a worker waits after a refusal before the next hello. The reason, a
	// taken name for example, may be gone by then.
	refusedPause = 5 * time.Second
	// welcomeTime is how long a broker has to answer a hello. Heartbeats find silent brokers only
	// after the welcome, with the interval of heartbeats.
	welcomeTime = 10 * time.Second
	// repeatRefusal is how often an unchanged refusal is logged. A worker with a taken name asks again
	// without end, and the log may be on a memory card.
	repeatRefusal = time.Hour
)

// link is the worker's connection to a broker.
type link struct {
	worker *worker
	broker string // endpoint
	log    *slog.Logger

	requested atomic.Bool // a request came since the latest heartbeat to the broker
	active    atomic.Bool // a request came in the interval before the latest heartbeat

	// For the dialer's goroutine alone.
	lastDown    string    // reason of the latest logged failure
	lastRefused string    // reason of the latest logged refusal
	refusedAt   time.Time // time of the latest logged refusal

	mu               sync.Mutex
	conn             *zmtp.Conn    // nil while there is no connection
	welcome          *wire.Welcome // from the broker on conn; nil before the welcome
	announcedVersion uint64        // version of the rule sets known to the broker
	announcedPacks   []string      // names with hashes known to the broker
	refusal          string        // why the broker refuses this worker; empty: no refusal
	drained          chan struct{} // closed when the broker will send no more requests
	isDrained        bool          // drained is closed
}

// run keeps the connection up until ctx ends.
func (l *link) run(ctx context.Context) {
	d := zmtp.Dialer{
		Endpoint: l.broker,
		Options: zmtp.Options{
			SocketType: "DEALER", Log: l.log, Security: l.worker.options.Security,
			SendBytes: 64 << 20, SendMessages: 1 << 16, // the broker's window keeps answers far below
		},
		Down: l.down,
	}
	_ = d.Run(ctx, func(ctx context.Context, conn *zmtp.Conn) error {
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		return l.serve(ctx, conn)
	})
}

// down logs why there is no connection, once for each reason, because a worker dials an absent broker
// without end. A refusal is a warning: somebody has to change something.
func (l *link) down(err error, retryIn time.Duration) {
	if errors.Is(err, errRefused) {
		return // logged by refuse
	}
	level := slog.LevelInfo
	refusal := ""
	if zmtp.IsRefusal(err) {
		level, refusal = slog.LevelWarn, err.Error()
	}
	l.setRefusal(refusal)
	if err.Error() == l.lastDown {
		level = slog.LevelDebug
	}
	l.lastDown = err.Error()
	l.log.Log(context.Background(), level, "not connected; trying again", "error", err, "retry_in", retryIn.Round(time.Millisecond))
}

func (l *link) setRefusal(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusal = reason
}

// errRefused ends a connection after the broker's refusal.
var errRefused = errors.New("refused by the broker")

// serve says hello and handles messages of the broker, until the connection ends.
func (l *link) serve(ctx context.Context, conn *zmtp.Conn) error {
	if err := l.sayHello(conn); err != nil {
		return err
	}
	defer l.clearConn()
	defer l.disconnectReleases()
	defer func() { l.requested.Store(false); l.active.Store(false) }()
	beats := newHeartbeats(l, conn)
	defer beats.stop()
	session := newSession(ctx, conn)
	defer session.end()
	for {
		m, err := conn.Recv()
		if err != nil {
			return beats.explain(err)
		}
		err = l.handle(session, m, beats)
		if errors.Is(err, errRefused) {
			l.clearConn()
			_ = conn.Close()
			select {
			case <-ctx.Done():
			case <-l.worker.stop:
			case <-time.After(l.worker.options.refusedPause):
			}
		}
		if err != nil {
			return err
		}
	}
}

// sayHello sends the hello and sets conn, unless the worker is draining: either leave finds the
// connection, or sayHello returns an error.
func (l *link) sayHello(conn *zmtp.Conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker.draining.Load() {
		return errors.New("draining")
	}
	version, hello := l.worker.sets.version.Load(), l.worker.hello()
	err := conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindHello), true), zmtp.NewMessage(wire.JSONFrame(hello)))
	if err == nil {
		l.conn, l.welcome, l.announcedVersion, l.announcedPacks = conn, nil, version, wire.RuleNames(hello.Rules)
	}
	return err
}

func (l *link) clearConn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.welcome = nil, nil
}

func (l *link) welcomed(w *wire.Welcome) {
	l.lastDown, l.lastRefused = "", ""
	l.setRefusal("")
	l.log.Info("connected", "name", w.Broker, "version", w.Version)
	l.mu.Lock()
	l.welcome = w
	l.mu.Unlock()
	l.announce() // changes since the hello
}

// announce tells the broker which rule sets the worker serves now, unless the broker knows, or a
// hello or welcome is still to come. A broker without updates gets another hello on another
// connection; requests held by the worker go to other workers then.
func (l *link) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	version := l.worker.sets.version.Load()
	if l.conn == nil || l.welcome == nil || l.announcedVersion == version {
		return
	}
	rules := l.worker.describe()
	packs := wire.RuleNames(rules)
	switch {
	case l.welcome.Updates:
		_ = l.conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindUpdate), true), zmtp.NewMessage(wire.JSONFrame(&wire.Update{Rules: rules})))
	case !slices.Equal(packs, l.announcedPacks):
		_ = l.conn.Close()
	}
	l.announcedVersion, l.announcedPacks = version, packs
}

// handle handles a message of the broker and owns m.
func (l *link) handle(session *session, m zmtp.Message, beats *heartbeats) error {
	control, conn := m.Frame(0), session.conn
	if c, ok := wire.ParseRequestControl(control); ok && m.NumFrames() > 1 {
		if !l.requested.Load() {
			l.requested.Store(true)
		}
		j := job{conn: conn, session: session, control: c, message: m.Tail(1), deadline: time.Now().Add(c.Remaining)}
		if l.worker.traces {
			l.worker.trace(&j, "request received", "broker", l.broker)
		}
		l.worker.jobs.push(j)
		return nil
	}
	defer m.Release()
	switch wire.KindOf(control) {
	case wire.KindReply:
		c, ok := wire.ParseReplyControl(control)
		if !ok || m.NumFrames() < 2 {
			return fmt.Errorf("unreadable answer to what a worker asked, with %d frames", m.NumFrames())
		}
		session.deliver(c.Number, m)
	case wire.KindWelcome:
		var welcome wire.Welcome
		if err := json.Unmarshal(m.Frame(1), &welcome); err != nil || welcome.HeartbeatMS < 1 || welcome.HeartbeatMS > wire.MaxHeartbeat.Milliseconds() {
			return escape.Errorf("unreadable welcome: %q", m.Frame(1))
		}
		session.hops.Store(int64(welcome.Hops))
		l.welcomed(&welcome)
		l.connectReleases(conn, &welcome)
		beats.start(time.Duration(welcome.HeartbeatMS) * time.Millisecond)
	case wire.KindRefused:
		return l.refused(m.Frame(1))
	case wire.KindHeartbeat:
		beats.answer(control)
	case wire.KindReclaim, wire.KindCancel:
		reclaim, ok := wire.ParseReclaim(control)
		if !ok {
			return fmt.Errorf("unreadable reclaim of %d bytes", len(control))
		}
		gave := l.worker.jobs.reclaim(conn, reclaim, wire.BeginReclaim(nil, wire.KindReclaim))
		return conn.Send(nil, zmtp.NewMessage(gave))
	case wire.KindDrain:
		l.setDrained()
	case wire.KindGoal, wire.KindPart:
		return l.takeRelease(m)
	case wire.KindStop:
		l.log.Info("told to stop")
		l.worker.requestStop()
	default:
		if h, err := wire.ParseAnswerHeader(control); err == nil && h.Error != nil {
			// An older broker took the hello for a request. Newer brokers refuse the hello.
			return l.refuse(wire.Errorf(wire.BadRequest, "this is a broker's endpoint for clients; name the one for workers (port 5556 by default)"))
		}
		return fmt.Errorf("unexpected message of kind %q with %d frames", wire.KindOf(control), m.NumFrames())
	}
	return nil
}

// refused handles a refusal; reason is the second frame.
func (l *link) refused(reason []byte) error {
	h, err := wire.ParseAnswerHeader(reason)
	if err != nil || h.Error == nil {
		return escape.Errorf("unreadable refusal: %q", reason)
	}
	return l.refuse(h.Error)
}

// refuse logs why the broker refuses this worker: a new reason at once, an unchanged reason every
// repeatRefusal. refuse returns errRefused.
func (l *link) refuse(why *wire.Error) error {
	level := slog.LevelError
	switch {
	case why.Code == wire.Draining: // the broker comes back, or is to be away
		level = slog.LevelInfo
	case why.Message == l.lastRefused && time.Since(l.refusedAt) < repeatRefusal:
		level = slog.LevelDebug
	default:
		l.lastRefused, l.refusedAt = why.Message, time.Now()
	}
	if why.Code != wire.Draining {
		l.setRefusal(why.Message)
	}
	l.log.Log(context.Background(), level, "the broker refuses this worker; it asks again", "reason", why.Message, "every", l.worker.options.refusedPause)
	return errRefused
}

// setDrained notes the broker's drain: no more requests come on this connection, because the broker
// is stopping, or has answered the worker's drain.
func (l *link) setDrained() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker.draining.Load() && !l.isDrained {
		l.isDrained = true
		close(l.drained)
	}
}

// leave ends the link in good order: the worker says drain, answers the requests in hand, and writes
// all answers. Requests not answered before ctx ends are left to other workers.
func (l *link) leave(ctx context.Context) {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn == nil || conn.Send(nil, zmtp.NewMessage(wire.ControlFrame(wire.KindDrain))) != nil {
		return
	}
	select {
	case <-l.drained:
	case <-conn.Done():
		return
	case <-ctx.Done():
	}
	idle := make(chan struct{})
	go func() {
		l.worker.jobs.waitIdle() // or until Run closes the queue
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
		l.log.Warn("requests left when the time to drain was over; other workers get them")
	}
	flush, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	_ = conn.Drain(flush)
}
