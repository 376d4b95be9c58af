package broker

import (
	"context"
	"errors"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// How a trawl worker comes in: its hello, and the broker's welcome or refusal.

const (
	// helloTimeout is how long a DEALER on the worker endpoint has to say who it is.
	helloTimeout = 5 * time.Second
)

// greet reads the first message of a worker and welcomes it. A connection
// that says nothing is closed.
func (b *Broker) greet(conn *zmtp.Conn) (*worker, *wire.Error) {
	late := time.AfterFunc(b.options.helloTime, func() { _ = conn.Close() })
	defer late.Stop()
	m, err := conn.Recv()
	switch {
	case errors.Is(err, zmtp.ErrClosed):
		return nil, wire.Errorf(wire.BadRequest, "no hello within %v", b.options.helloTime)
	case err != nil:
		return nil, errLeft
	}
	defer m.Release()
	if m.Truncated() > 0 {
		return nil, wire.Errorf(wire.Busy, "the broker has no memory for a hello of %d bytes for now; try later", int64(m.Size())+m.Truncated())
	}
	if wire.KindOf(m.Frame(0)) != wire.KindHello || m.NumFrames() < 2 {
		return nil, b.wrongEndpoint()
	}
	var hello wire.Hello
	if err := readJSON("hello", m.Frame(1), &hello); err != nil {
		return nil, err
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

// welcome returns what a worker that is accepted hears first, without the interval of heartbeats.
func (b *Broker) welcome() *wire.Welcome {
	return &wire.Welcome{
		Protocol: wire.ProtocolVersion, Version: b.options.Version, Broker: b.options.Name,
		Updates: true, Hops: wire.MaxHops, Releases: true,
	}
}

// errLeft is about a peer that came and went without a word, as trawl doctor does to see
// whether the broker is there.
var errLeft = wire.Errorf(wire.BadRequest, "no hello: the peer has left")

// refuse tells a worker why it cannot join, and ends its connection. Its name is empty
// if it has not said it.
func (b *Broker) refuse(conn *zmtp.Conn, name string, e *wire.Error) {
	if e == errLeft {
		b.options.Log.Debug("a peer at the worker endpoint has left without a word", "address", conn.Peer().RemoteAddr)
		return
	}
	b.turnedAway.note(b.options.Log, name, conn.Peer().RemoteAddr, e, time.Now())
	answer := wire.AnswerHeader{Error: e}
	_ = conn.Send(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindRefused), true), zmtp.NewMessage(answer.Append(nil)))
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	_ = conn.Drain(ctx)
}
