package worker

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
	// refusedPause is how long a worker that a broker refused waits before it
	// asks again: what it was refused for (its name is taken) may be over.
	refusedPause = 5 * time.Second
	// welcomeTime is how long a broker has to answer a hello. A silent broker is
	// found out by heartbeats only once it has said how often they come.
	welcomeTime = 10 * time.Second
	// refusedAgain is how often the same refusal is logged: a worker whose name is taken
	// asks for ever, and its log may be on a memory card.
	refusedAgain = time.Hour
)

// link is the worker's connection to one broker, made again for ever.
type link struct {
	worker *state
	broker string
	log    *slog.Logger

	asked, active atomic.Bool // a request came since the latest heartbeat; before it

	// The dialer's goroutine alone has these.
	lastDown    string    // reason of the last failure that was logged
	lastRefused string    // reason of the last refusal that was logged
	refusedAt   time.Time // when that was

	mu        sync.Mutex
	conn      *zmtp.Conn    // nil while down
	welcome   *wire.Welcome // of the broker to conn; nil before it
	told      uint64        // version of the rule sets that the broker knows
	toldPacks []string      // and their names with hashes
	refusal   string        // why the broker does not take this worker; empty: it does, or is away
	drained   chan struct{} // closed when the broker says that no more will come
	isDrained bool
}

func (l *link) run(ctx context.Context) {
	d := zmtp.Dialer{
		Endpoint: l.broker,
		Options: zmtp.Options{
			SocketType: "DEALER", Log: l.log, Security: l.worker.options.Security,
			SendBytes: 64 << 20, SendMessages: 1 << 16, // windows bound it far below
		},
		Down: l.down,
	}
	_ = d.Run(ctx, func(ctx context.Context, conn *zmtp.Conn) error {
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		return l.serve(ctx, conn)
	})
}

// down logs why there is no connection: once for each reason, since a worker
// whose broker is away asks for ever. A broker that is there and refuses this worker as
// it is needs somebody to change something: a warning.
func (l *link) down(err error, retryIn time.Duration) {
	if errors.Is(err, errRefused) {
		return // refused has logged it
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

func (l *link) setRefusal(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusal = why
}

// errRefused: the broker has said why and will not serve this connection.
var errRefused = errors.New("refused by the broker")

// serve says hello and then does what the broker says, until the connection
// ends.
func (l *link) serve(ctx context.Context, conn *zmtp.Conn) error {
	if err := l.sayHello(conn); err != nil {
		return err
	}
	defer l.unset()
	defer l.disconnectReleases()
	defer func() { l.asked.Store(false); l.active.Store(false) }()
	live := &liveness{conn: conn, link: l}
	live.late = time.AfterFunc(l.worker.options.welcomeTime, func() { live.unwelcome.Store(true); _ = conn.Close() })
	defer live.stop()
	session := newSession(ctx, conn)
	defer session.end()
	for {
		m, err := conn.Recv()
		if err != nil {
			return live.explain(err)
		}
		err = l.handle(session, m, live)
		if errors.Is(err, errRefused) {
			l.unset()
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

// sayHello says hello on a connection and notes it, unless the worker is draining:
// leave either finds the connection, or it is refused here.
func (l *link) sayHello(conn *zmtp.Conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker.draining.Load() {
		return errors.New("draining")
	}
	version, hello := l.worker.sets.version.Load(), l.worker.hello()
	err := conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindHello), true), zmtp.NewMessage(wire.JSONFrame(hello)))
	if err == nil {
		l.conn, l.welcome, l.told, l.toldPacks = conn, nil, version, wire.RuleNames(hello.Rules)
	}
	return err
}

func (l *link) unset() {
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
	l.announce() // what has changed since the hello
}

// announce tells the broker what the rule sets are now, unless it knows or the next
// hello or welcome will see to it. A broker that takes no updates gets another
// hello, on another connection; what is on its way it gives to other workers.
func (l *link) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	sets := l.worker.sets
	version := sets.version.Load()
	if l.conn == nil || l.welcome == nil || l.told == version {
		return
	}
	rules := l.worker.describe()
	packs := wire.RuleNames(rules)
	switch {
	case l.welcome.Updates:
		_ = l.conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindUpdate), true), zmtp.NewMessage(wire.JSONFrame(&wire.Update{Rules: rules})))
	case !slices.Equal(packs, l.toldPacks):
		_ = l.conn.Close()
	}
	l.told, l.toldPacks = version, packs
}

// handle takes one message of the broker over.
func (l *link) handle(session *session, m zmtp.Message, live *liveness) error {
	control, conn := m.Frame(0), session.conn
	if c, ok := wire.ParseRequestControl(control); ok && m.NumFrames() > 1 {
		if !l.asked.Load() {
			l.asked.Store(true)
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
		session.answered(c.Number, m)
	case wire.KindWelcome:
		var welcome wire.Welcome
		if err := json.Unmarshal(m.Frame(1), &welcome); err != nil || welcome.HeartbeatMS < 1 || welcome.HeartbeatMS > maxHeartbeat.Milliseconds() {
			return escape.Errorf("unreadable welcome: %q", m.Frame(1))
		}
		session.hops.Store(int64(welcome.Hops))
		l.welcomed(&welcome)
		l.connectReleases(conn, &welcome)
		live.start(time.Duration(welcome.HeartbeatMS) * time.Millisecond)
	case wire.KindRefused:
		return l.refused(m.Frame(1))
	case wire.KindHeartbeat:
		live.answer()
	case wire.KindReclaim, wire.KindCancel:
		reclaim, ok := wire.ParseReclaim(control)
		if !ok {
			return fmt.Errorf("unreadable reclaim of %d bytes", len(control))
		}
		gave := l.worker.jobs.reclaim(conn, reclaim, wire.BeginReclaim(nil, wire.KindReclaim))
		return conn.Send(nil, zmtp.NewMessage(gave))
	case wire.KindDrain:
		l.noMore()
	case wire.KindGoal, wire.KindPart:
		return l.takeRelease(m)
	case wire.KindStop:
		l.log.Info("told to stop")
		l.worker.requestStop()
	default:
		if h, err := wire.ParseAnswerHeader(control); err == nil && h.Error != nil {
			// It took the hello for a request. Newer brokers say so themselves.
			return l.turnedAway(wire.Errorf(wire.BadRequest, "this is a broker's endpoint for clients; name the one for workers (port 5556 by default)"))
		}
		return fmt.Errorf("unexpected message of kind %q with %d frames", wire.KindOf(control), m.NumFrames())
	}
	return nil
}

// refused is what a broker has said that does not take this worker.
func (l *link) refused(reason []byte) error {
	h, err := wire.ParseAnswerHeader(reason)
	if err != nil || h.Error == nil {
		return escape.Errorf("unreadable refusal: %q", reason)
	}
	return l.turnedAway(h.Error)
}

// turnedAway logs why the broker does not take this worker: a new reason at once, the
// same one again every refusedAgain.
func (l *link) turnedAway(why *wire.Error) error {
	level := slog.LevelError
	switch {
	case why.Code == wire.Draining: // it comes back, or is not meant to
		level = slog.LevelInfo
	case why.Message == l.lastRefused && time.Since(l.refusedAt) < refusedAgain:
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

// noMore: the broker will send no more requests on this connection. It says
// so because it is stopping, or in answer to our drain.
func (l *link) noMore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker.draining.Load() && !l.isDrained {
		l.isDrained = true
		close(l.drained)
	}
}

// leave ends the link in good order: no more requests, what is here answered,
// everything flushed. What takes longer than ctx is left to other workers.
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
		l.worker.jobs.waitIdle()
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
