package broker

// Workers over ZeroMQ: each connection is read by a goroutine, which hands messages to the router.

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// serveWorker serves one connection of the worker endpoint. rules is the rule
// set that a plain worker serves.
func (b *Broker) serveWorker(c *connection, rules string) {
	switch c.conn.Peer().SocketType {
	case "REP":
		b.servePlain(c, rules)
	case "REQ":
		b.redirect(c.conn)
	default:
		b.serveTrawl(c)
	}
}

// joined is for a worker that is welcome: it keeps its place, and its messages may be
// large from now on.
func (b *Broker) joined(c *connection) {
	c.busy.Store(true)
	c.conn.SetMaxMessage(b.maxMessage())
}

// redirect answers a client that came to the workers' port.
func (b *Broker) redirect(conn *zmtp.Conn) {
	b.options.Log.Info("client at the worker endpoint", "address", conn.Peer().RemoteAddr)
	for {
		m, err := conn.Recv()
		if err != nil {
			return
		}
		envelope := appendEnvelope(nil, m, wire.SplitEnvelope("REQ", m))
		m.Release()
		if conn.Send(envelope, wire.ErrorAnswer(nil, b.wrongEndpoint())) != nil {
			return
		}
		conn.AwaitQueue(throttleMin)
	}
}

func (b *Broker) wrongEndpoint() *wire.Error {
	return wire.Errorf(wire.BadRequest, "this is the endpoint for workers; clients connect to %s", joinEndpoints(b.ClientEndpoints()))
}

func joinEndpoints(list []string) string { return strings.Join(list, " or ") }

// serveTrawl serves a worker that speaks trawl's own protocol.
func (b *Broker) serveTrawl(c *connection) {
	conn := c.conn
	w, refusal := b.greet(conn)
	if w != nil {
		defer w.said.release()
	}
	var out batch
	var replaced *worker
	if refusal == nil {
		replaced, refusal = b.router.join(w, b.welcome(), &out)
	}
	if refusal != nil {
		name := ""
		if w != nil {
			name = w.name
		}
		b.refuse(conn, name, refusal)
		return
	}
	b.joined(c)
	b.turnedAway.welcomed(w.name, conn.Peer().RemoteAddr)
	b.mixture.note(b.options.Log, w, namesOf(w.hello.Rules))
	b.releases.join(w)
	_ = conn.SetHeartbeat(zmtp.Heartbeat{}) // a trawl worker and we tell each other: see beatWorker
	if replaced != nil {
		_ = replaced.conn.Close()
	}
	out.flush()
	log := b.options.Log.With("worker", w.name)
	log.Info("worker connected", "address", conn.Peer().RemoteAddr, "rules", wire.RuleNames(w.hello.Rules), "slots", w.hello.Slots)
	defer b.leave(w, &out)
	for {
		m, err := conn.Recv()
		if err != nil {
			b.ended(w, err)
			return
		}
		if err := b.fromWorker(w, m, &out); err != nil {
			log.Warn("worker broke the protocol: closed", "error", err)
			return
		}
		switch {
		case w.subClient.pause > 0:
			letRead(w.subClient, conn, &out)
		case !conn.Buffered():
			// Others that have answers go first, and all are written to the client at once. With
			// 1,000 workers that is a third more requests a second (make bench-fleet).
			runtime.Gosched()
			out.flush()
		}
	}
}

// fromWorker handles one message of a worker and takes it over.
func (b *Broker) fromWorker(w *worker, m zmtp.Message, out *batch) error {
	control := m.Frame(0)
	if c, ok := wire.ParseReplyControl(control); ok && m.NumFrames() > 1 {
		b.reply(w, c.Number, verdictOf(c, m.Frame(1)), m, 1, out)
		return nil
	}
	if c, ok := wire.ParseSubRequestControl(control); ok && m.NumFrames() > 1 {
		b.ask(w, c, m.Tail(1), out)
		return nil
	}
	defer m.Release()
	switch wire.KindOf(control) {
	case wire.KindHeartbeat:
		return b.heartbeat(w, m, out)
	case wire.KindUpdate:
		rules, err := parseUpdate(m)
		if err != nil {
			return err
		}
		rules, ok := w.said.update(rules)
		if !ok {
			return errors.New("no memory for the rule sets of its update: half of limits.memory is taken by what workers say")
		}
		before := wire.RuleNames(w.hello.Rules)
		b.router.update(w, rules, out)
		b.mixture.note(b.options.Log, w, namesOf(rules))
		if after := wire.RuleNames(w.hello.Rules); !slices.Equal(before, after) {
			b.options.Log.Info("worker serves other rules", "worker", w.name, "rules", after)
		}
	case wire.KindDrain:
		b.router.drains(w, zmtp.NewMessage(wire.ControlFrame(wire.KindDrain)), out)
		b.options.Log.Info("worker is draining", "worker", w.name)
	case wire.KindFetch:
		return b.releases.fetch(w, control)
	case wire.KindOutcome:
		return b.releases.outcomes(w, m.Tail(1))
	case wire.KindReclaim:
		reclaim, ok := wire.ParseReclaim(control)
		if !ok {
			return errors.New("unreadable answer to a reclaim")
		}
		return b.router.takeReclaimed(w, reclaim, out)
	default:
		return fmt.Errorf("unexpected message of kind %q with %d frames", wire.KindOf(control), m.NumFrames())
	}
	return nil
}

// reply takes a worker's answer over; see router.reply.
func (b *Broker) reply(w *worker, number uint64, v verdict, m zmtp.Message, skip int, out *batch) {
	if err := b.checkAnswer(w, m); err != nil {
		m.Release()
		b.router.spoilt(w, number, err, out)
		return
	}
	b.router.reply(w, number, v, m, skip, out)
}

// ended says why a worker's connection ended.
func (b *Broker) ended(w *worker, err error) {
	if errors.Is(err, zmtp.ErrSilent) {
		b.options.Log.Warn("worker is silent: lost", "worker", w.name, "error", err)
	} else {
		b.options.Log.Debug("worker's connection ended", "worker", w.name, "error", err)
	}
}

// leave ends a worker's membership after its connection ended. What its last
// messages have brought may still be in out.
func (b *Broker) leave(w *worker, out *batch) {
	unanswered := b.router.leaveFleet(w, out)
	b.mixture.note(b.options.Log, w, nil)
	b.releases.leave(w)
	out.flush()
	b.options.Log.Info("worker gone", "worker", w.name, "unanswered", unanswered)
}
