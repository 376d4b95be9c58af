package client

import (
	"slices"
	"strconv"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// call is one request on its way. What it holds is all that is kept for asking
// again: the caller's own texts. Client.mu guards it, but done.
type call struct {
	id      string
	request *Request
	until   time.Time
	link    *link      // that it was last sent on; nil: it waits for one to come up
	conn    *zmtp.Conn // link's at that time: an answer counts only if it came on it
	sent    bool       // at least once
	refused []*link    // those whose broker said that another may do it
	refusal *wire.Error
	done    chan result
}

type result struct {
	answer *Answer
	err    error
}

// begin registers a call for r and sends it, if a broker is up.
func (c *Client) begin(r *Request, until time.Time) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	c.lastID++
	call := &call{id: strconv.FormatUint(c.lastID, 36), request: r, until: until, done: make(chan result, 1)}
	c.calls[call.id] = call
	c.send(call)
	return call, nil
}

// finish hands a call its result and forgets it. c.mu is held.
func (c *Client) finish(call *call, res result) {
	delete(c.calls, call.id)
	call.done <- res // has room: a call is finished while it is in calls, so once
}

// give gives a call up with an error, made with c.mu held, unless its answer
// came meanwhile.
func (c *Client) give(call *call, why func() error) (*Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[call.id] == call {
		delete(c.calls, call.id)
		return nil, why()
	}
	res := <-call.done
	return res.answer, res.err
}

// sent reports whether call is with a broker.
func (c *Client) sent(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return call.link != nil
}

// send puts call on the best link that takes it; with none up it waits for
// one. It reports whether a link took it or it was finished. c.mu is held.
func (c *Client) send(call *call) bool {
	call.link, call.conn = nil, nil
	skip, full := call.refused, false
	for {
		l := c.choose(skip)
		if l == nil {
			break
		}
		switch err := l.conn.Send(nil, call.message()); err {
		case nil:
			c.stats.Sent++
			if call.sent {
				c.stats.Moved++
			}
			call.link, call.conn, call.sent = l, l.conn, true
			if c.traces {
				c.options.Log.Debug("request sent", "id", call.id, "broker", l.broker, "texts", len(call.request.Texts))
			}
			return true
		case zmtp.ErrFull:
			full = true
		}
		skip = append(slices.Clip(skip), l) // full, or ending: its reader will say so
	}
	if full {
		c.finish(call, result{err: wire.Errorf(wire.Busy, "the connections to the brokers are full; try later")})
	}
	return full
}

// refuse deals with an error answer of l's broker: it asks another broker that
// is up and was not asked yet, or hands the error on. c.mu is held.
func (c *Client) refuse(call *call, l *link, err *wire.Error) {
	if call.request.Header.Worker == "" {
		switch err.Code {
		case wire.Draining:
			l.draining = true
		case wire.NoWorker: // perhaps only this broker has none
			l.settled = time.Now().Add(c.options.Settle)
		}
	}
	if !err.Code.Info().TryOtherBroker || call.request.NoRetry {
		c.finish(call, result{err: err})
		return
	}
	call.refused, call.refusal = append(call.refused, l), err
	switch {
	case c.send(call):
	case l.draining && err.Code == wire.Draining && len(c.problems()) > 0:
		// It waits for a broker that is away, as after a lost connection: this one
		// is about to end, and in a restart of all, one after the other, the next
		// is on its way.
	default:
		c.finish(call, result{err: err})
	}
}

// late is the error of a call whose time is up. c.mu is held.
func (c *Client) late(call *call) error {
	switch {
	case call.link != nil:
		return wire.Errorf(wire.Deadline, "no answer from %s within the deadline", call.link.broker)
	case call.refusal != nil:
		return call.refusal
	}
	return &NoBrokerError{Problems: c.problems()}
}

// message is the call's request as it goes out now, with the time that is
// left.
func (call *call) message() zmtp.Message {
	h := call.request.Header
	h.ID, h.HasID = call.id, true
	h.Deadline = max(time.Millisecond, time.Until(call.until))
	size := 256 // of the header, mostly
	for _, text := range call.request.Texts {
		size += len(text) + 9
	}
	b := zmtp.NewBuilder(size)
	b.AppendFrame(h.Append(nil))
	for _, text := range call.request.Texts {
		b.AppendFrame(text)
	}
	return b.Message()
}
