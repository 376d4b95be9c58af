package broker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// helloTimeout is how long a DEALER on the worker endpoint has to say who it
// is.
const helloTimeout = 5 * time.Second

// maxHello is the most bytes of a hello.
const maxHello = 1 << 20

// serveWorker serves one connection of the worker endpoint. rules is the rule
// set that a plain worker serves.
func (b *Broker) serveWorker(conn *zmtp.Conn, rules string) {
	switch conn.Peer().SocketType {
	case "REP":
		b.servePlain(conn, rules)
	case "REQ":
		b.redirect(conn)
	default:
		b.serveTrawl(conn)
	}
}

// redirect answers a client that came to the workers' port.
func (b *Broker) redirect(conn *zmtp.Conn) {
	err := wire.Errorf(wire.BadRequest, "this is the endpoint for workers; clients connect to %s", strings.Join(b.ClientEndpoints(), " or "))
	for {
		m, rerr := conn.Recv()
		if rerr != nil {
			return
		}
		b.options.Log.Info("client at the worker endpoint", "address", conn.Peer().RemoteAddr)
		envelope := appendEnvelope(nil, m, wire.SplitEnvelope("REQ", m))
		m.Release()
		_ = conn.Send(envelope, wire.ErrorAnswer(nil, err))
	}
}

// ---- plain workers ----

// servePlain serves a REP. It gets [number, empty, text]; what it returns has
// the same first two frames, and then its reply.
func (b *Broker) servePlain(conn *zmtp.Conn, rules string) {
	address := conn.Peer().RemoteAddr
	w := newWorker(conn, true, address, wire.Hello{Rules: []wire.RuleSet{{Name: rules}}, Slots: 1}, b.options.patience)
	var out batch
	if _, err := b.router.join(w, zmtp.Message{}, &out); err != nil {
		return
	}
	out.flush()
	b.options.Log.Info("plain worker connected", "worker", address, "rules", rules)
	defer b.leave(w, &out)
	for {
		m, err := conn.Recv()
		if err != nil {
			b.ended(w, err)
			return
		}
		number, ok := plainReply(m)
		if !ok {
			b.options.Log.Warn("plain worker broke the envelope: closed", "worker", address)
			m.Release()
			return
		}
		b.router.reply(w, number, false, m, 2, &out)
		if !conn.Buffered() {
			out.flush()
		}
	}
}

func plainReply(m zmtp.Message) (number uint64, ok bool) {
	if m.NumFrames() < 3 || len(m.Frame(0)) != 8 || len(m.Frame(1)) != 0 {
		return 0, false
	}
	return binary.BigEndian.Uint64(m.Frame(0)), true
}

func putNumber(to *[8]byte, number uint64) []byte {
	binary.BigEndian.PutUint64(to[:], number)
	return to[:]
}

// ---- trawl workers ----

// serveTrawl serves a worker that speaks trawl's own protocol.
func (b *Broker) serveTrawl(conn *zmtp.Conn) {
	w, refusal := b.greet(conn)
	var out batch
	var replaced *worker
	if refusal == nil {
		replaced, refusal = b.router.join(w, b.welcome(), &out)
	}
	if refusal != nil {
		b.refuse(conn, refusal)
		return
	}
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
		if !conn.Buffered() {
			out.flush()
		}
	}
}

// greet reads the first message of a worker and welcomes it. A connection
// that says nothing is closed.
func (b *Broker) greet(conn *zmtp.Conn) (*worker, *wire.Error) {
	late := time.AfterFunc(helloTimeout, func() { _ = conn.Close() })
	defer late.Stop()
	m, err := conn.Recv()
	if err != nil {
		return nil, wire.Errorf(wire.BadRequest, "no hello: %v", err)
	}
	defer m.Release()
	if wire.KindOf(m.Frame(0)) != wire.KindHello || m.NumFrames() < 2 {
		return nil, wire.Errorf(wire.BadRequest, "this is the endpoint for workers; clients connect to %s", strings.Join(b.ClientEndpoints(), " or "))
	}
	if n := len(m.Frame(1)); n > maxHello {
		return nil, wire.Errorf(wire.BadRequest, "a hello of %d bytes; at most %d are taken", n, maxHello)
	}
	var hello wire.Hello
	if err := json.Unmarshal(m.Frame(1), &hello); err != nil {
		return nil, wire.Errorf(wire.BadRequest, "unreadable hello: %v", err)
	}
	if err := checkHello(&hello, b.options.Version); err != nil {
		return nil, err
	}
	w := newWorker(conn, false, hello.Name, hello, b.options.patience)
	return w, nil
}

// welcome is the broker's first message to a worker that it accepts.
func (b *Broker) welcome() zmtp.Message {
	return zmtp.NewMessage(wire.ControlFrame(wire.KindWelcome), wire.JSONFrame(&wire.Welcome{
		Protocol: wire.ProtocolVersion, Version: b.options.Version, Broker: b.options.Name,
		HeartbeatMS: b.options.Heartbeat.Milliseconds(), Updates: true, Hops: wire.MaxHops,
	}))
}

// maxName is the most bytes of the name of a worker or a rule set.
const maxName = 255

func checkHello(h *wire.Hello, version string) *wire.Error {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	if major(h.Protocol) != major(wire.ProtocolVersion) {
		return wire.Errorf(wire.BadRequest, "the worker speaks protocol %s (trawl %s), this broker %s (trawl %s): update the older one", h.Protocol, h.Version, wire.ProtocolVersion, version)
	}
	const maxSlots = 1024
	if h.Name == "" || len(h.Name) > maxName || h.Nonce == "" {
		return wire.Errorf(wire.BadRequest, "a worker needs a name of 1 to %d bytes and a nonce", maxName)
	}
	if h.Slots < 1 || h.Slots > maxSlots {
		return wire.Errorf(wire.BadRequest, "a worker needs 1 to %d slots, not %d", maxSlots, h.Slots)
	}
	return checkRules(h.Rules)
}

func checkRules(rules []wire.RuleSet) *wire.Error {
	if len(rules) == 0 {
		return wire.Errorf(wire.BadRequest, "a worker needs a rule set to serve")
	}
	for _, set := range rules {
		if set.Name == "" || len(set.Name) > maxName || strings.Contains(set.Name, "@") {
			return wire.Errorf(wire.BadRequest, "%q cannot be the name of a rule set", wire.Clip(set.Name))
		}
	}
	return nil
}

// refuse tells a worker why it cannot join, and ends its connection.
func (b *Broker) refuse(conn *zmtp.Conn, e *wire.Error) {
	b.options.Log.Warn("worker refused", "address", conn.Peer().RemoteAddr, "error", e)
	answer := wire.AnswerHeader{Error: e}
	_ = conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindRefused), true), zmtp.NewMessage(answer.Append(nil)))
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	_ = conn.Drain(ctx)
}

// fromWorker handles one message of a worker and takes it over.
func (b *Broker) fromWorker(w *worker, m zmtp.Message, out *batch) error {
	control := m.Frame(0)
	if c, ok := wire.ParseReplyControl(control); ok && m.NumFrames() > 1 {
		b.router.reply(w, c.Number, c.Failed, m, 1, out)
		return nil
	}
	if c, ok := wire.ParseAskControl(control); ok && m.NumFrames() > 1 {
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
		before := wire.RuleNames(w.hello.Rules)
		b.router.update(w, rules, out)
		if after := wire.RuleNames(w.hello.Rules); !slices.Equal(before, after) {
			b.options.Log.Info("worker serves other rules", "worker", w.name, "rules", after)
		}
	case wire.KindDrain:
		b.router.drains(w, zmtp.NewMessage(wire.ControlFrame(wire.KindDrain)), out)
		b.options.Log.Info("worker is draining", "worker", w.name)
	case wire.KindRecall:
		recall, ok := wire.ParseRecall(control)
		if !ok {
			return errors.New("unreadable answer to a recall")
		}
		b.router.returned(w, recall, out)
	default:
		return fmt.Errorf("unexpected message of kind %q with %d frames", wire.KindOf(control), m.NumFrames())
	}
	return nil
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
	unanswered := b.router.leave(w, out)
	out.flush()
	b.options.Log.Info("worker gone", "worker", w.name, "unanswered", unanswered)
}
