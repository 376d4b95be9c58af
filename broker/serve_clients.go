package broker

// Clients over ZeroMQ: each connection is read by a goroutine, which hands requests to the router.

import (
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// client is one connection of a client. The router's lock guards what is below
// the line.
type client struct {
	conn         peerConn
	socketType   string
	askingWorker *worker // if it is a worker that asks for the sake of a request

	// ---
	requests  list[request] // admitted and not answered
	bytes     int64         // their cost
	shares    []*share      // of the queues that it has requests in
	unread    int64         // bytes of answers that the connection may still have to write; at most
	throttled bool          // too many: its requests wait

	unreadBefore int64 // of the latest heartbeat at which memory was short

	pause int64 // not 0: it is not read until at most so many bytes wait for it; for the goroutine that reads it

	inThrottled link[client] // of router.throttled
}

// bareHeader is what a request in bare form asks for.
var bareHeader = wire.NewRequestHeader()

// serveClient reads a client's requests until its connection ends. Answers
// are flushed together once everything that arrived together was handled.
func (b *Broker) serveClient(peer *connection) {
	conn := peer.conn
	c := &client{conn: conn, socketType: conn.Peer().SocketType}
	var out batch
	peer.client.Store(c)
	b.router.addClient(c)
	defer func() {
		b.router.removeClient(c, &out)
		out.flush()
	}()
	for {
		m, err := conn.Recv()
		if err != nil {
			return
		}
		b.request(c, m, &out)
		switch {
		case c.pause > 0:
			letRead(c, conn, &out)
		case !conn.Buffered():
			peer.noteAsked(out.now())
			out.flush()
		}
	}
}

// letRead waits until a peer has read what it was answered.
func letRead(c *client, conn *zmtp.Conn, out *batch) {
	out.flush()
	conn.AwaitQueue(c.pause)
	c.pause = 0
}

// request takes one message of a client over.
func (b *Broker) request(c *client, m zmtp.Message, out *batch) {
	if name, ok := helloAtClients(m); ok {
		m.Release()
		b.refuseAtClients(c, name, out)
		return
	}
	q := newRequest(c, out.now())
	n := wire.SplitEnvelope(c.socketType, m)
	q.envelope = appendEnvelope(q.envelope, m, n)
	q.message = m.Tail(n)
	err := errNoRequest
	if n < m.NumFrames() {
		err = b.parse(q)
	}
	if err != nil {
		b.router.refuseNow(q, wire.AsError(err), out)
		return
	}
	b.lowerPriority(q)
	q.deadline = q.arrived.Add(q.header.Deadline)
	if q.header.Op != wire.OpMatch && q.header.Op != wire.OpRuleMatches {
		b.control(q, out)
		return
	}
	b.router.submit(q, out)
}

// lowerPriority makes the priority of q the highest that its client may use, if it is
// higher.
func (b *Broker) lowerPriority(q *request) {
	most := b.options.Limits.Priority
	if most == nil || q.header.Priority <= *most || b.options.Security.isAdmin(q.client.conn.Peer()) {
		return
	}
	q.parsed = *q.header // the header of a bare request is everybody's
	q.parsed.Priority, q.header = *most, &q.parsed
}

// errNoRequest is about a message that is nothing but an envelope.
var errNoRequest error = wire.Errorf(wire.BadRequest, "the request is empty: send one frame (the text), or a header and a frame per text")

// parse reads the header, if there is one, and checks the request's size.
func (b *Broker) parse(q *request) error {
	frames := q.message.NumFrames()
	if frames > 1 {
		var err error
		q.full, q.header = true, &q.parsed
		if q.parsed, err = wire.ParseRequestHeader(q.message.Frame(0)); err != nil {
			return err
		}
	}
	limits := &b.options.Limits
	if cut := q.message.Truncated(); cut > 0 && q.size()+cut <= limits.Request {
		return wire.Errorf(wire.Busy, "the broker has no memory for a request of %d bytes for now; try later", q.size()+cut)
	} else if cut > 0 {
		return wire.Errorf(wire.TooLarge, "the request has %d bytes, the broker takes %d; send it in parts", q.size()+cut, limits.Request)
	}
	if q.size() > limits.Request {
		return wire.Errorf(wire.TooLarge, "the request has %d bytes, the broker takes %d; send it in parts", q.size(), limits.Request)
	}
	if frames-1 > limits.Texts {
		return wire.Errorf(wire.TooLarge, "the request has %d texts, the broker takes %d; send it in parts", frames-1, limits.Texts)
	}
	for i, text := range q.message.Frames() {
		if i == 0 && q.full {
			continue
		}
		if int64(len(text)) > limits.Text {
			return wire.Errorf(wire.TooLarge, "a text has %d bytes, the broker takes %d; send it in parts", len(text), limits.Text)
		}
	}
	return nil
}

// appendEnvelope appends m's first n frames in wire form, as they go before an
// answer.
func appendEnvelope(dst []byte, m zmtp.Message, n int) []byte {
	for i := range n {
		dst = zmtp.AppendFrame(dst, m.Frame(i), true)
	}
	return dst
}
