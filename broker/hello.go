package broker

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// How a trawl worker comes in: its hello, and the broker's welcome or refusal.

const (
	// helloTimeout is how long a DEALER on the worker endpoint has to say who it is.
	helloTimeout = 5 * time.Second

	maxHello = 1 << 20 // bytes of a hello
	// maxRuleSets is how many rule sets a worker may serve: the router looks at each of them to
	// choose the next request, if requests wait for most of them.
	maxRuleSets = 400
	maxName     = 255 // bytes of the name of a worker or a rule set
)

// greet reads the first message of a worker and welcomes it. A connection
// that says nothing is closed.
func (b *Broker) greet(conn *zmtp.Conn) (*worker, *wire.Error) {
	late := time.AfterFunc(b.options.helloTime, func() { _ = conn.Close() })
	defer late.Stop()
	m, err := conn.Recv()
	if err != nil {
		return nil, wire.Errorf(wire.BadRequest, "no hello: %v", err)
	}
	defer m.Release()
	if m.Cut() > 0 {
		return nil, wire.Errorf(wire.Busy, "the broker has no memory for a hello of %d bytes for now; try later", int64(m.Size())+m.Cut())
	}
	if wire.KindOf(m.Frame(0)) != wire.KindHello || m.NumFrames() < 2 {
		return nil, b.wrongEndpoint()
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
	said := b.documents.take(&hello)
	if said == nil {
		return nil, wire.Errorf(wire.Busy, "the broker has no memory for what this worker says of itself: half of limits.memory is taken by what others do; raise it there, or serve fewer rule sets")
	}
	w := newWorker(conn, false, hello.Name, hello, b.options.patience)
	w.said = said
	return w, nil
}

// welcome is the broker's first message to a worker that it accepts.
func (b *Broker) welcome() zmtp.Message {
	return zmtp.NewMessage(wire.ControlFrame(wire.KindWelcome), wire.JSONFrame(&wire.Welcome{
		Protocol: wire.ProtocolVersion, Version: b.options.Version, Broker: b.options.Name,
		HeartbeatMS: b.options.Heartbeat.Milliseconds(), Updates: true, Hops: wire.MaxHops,
	}))
}

func checkHello(h *wire.Hello, version string) *wire.Error {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	if major(h.Protocol) != major(wire.ProtocolVersion) {
		return wire.Errorf(wire.BadRequest, "the worker speaks protocol %s (trawl %s), this broker %s (trawl %s): update the older one", h.Protocol, h.Version, wire.ProtocolVersion, version)
	}
	if h.Name == "" || len(h.Name) > maxName || h.Nonce == "" {
		return wire.Errorf(wire.BadRequest, "a worker needs a name of 1 to %d bytes and a nonce", maxName)
	}
	if h.Slots < 1 || h.Slots > wire.MaxSlots {
		return wire.Errorf(wire.BadRequest, "a worker needs 1 to %d slots, not %d", wire.MaxSlots, h.Slots)
	}
	return checkRules(h.Rules)
}

func checkRules(rules []wire.RuleSet) *wire.Error {
	if len(rules) == 0 {
		return wire.Errorf(wire.BadRequest, "a worker needs a rule set to serve")
	}
	if len(rules) > maxRuleSets {
		return wire.Errorf(wire.BadRequest, "%d rule sets; a worker serves at most %d", len(rules), maxRuleSets)
	}
	names := make(map[string]bool, len(rules))
	for _, set := range rules {
		if names[set.Name] {
			return wire.Errorf(wire.BadRequest, "the rule set %q twice", wire.Clip(set.Name))
		}
		names[set.Name] = true
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
