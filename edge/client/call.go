package client

// Calls: requests under way, from the first sending to the answer.

import (
	"slices"
	"strconv"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// call is a request under way. Client.mu guards all fields but done. Texts belong to the caller and
// are not copied, not even for sending a call again.
type call struct {
	id       string
	request  *Request
	header   wire.RequestHeader // of the latest sending
	deadline time.Time
	link     *link       // of the latest sending; nil: the call waits for a broker
	conn     *zmtp.Conn  // of the latest sending: answers on any later connection do not count
	wasSent  bool        // at least once
	tried    []*link     // links whose brokers refused the call
	refusal  *wire.Error // of the last link in tried
	done     chan result
}

type result struct {
	answer *Answer
	err    error
}

// begin registers a call for r and sends the call, if a broker is up.
func (c *Client) begin(r *Request, deadline time.Time) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	c.lastID++
	call := &call{id: strconv.FormatUint(c.lastID, 36), request: r, deadline: deadline, done: make(chan result, 1)}
	c.calls[call.id] = call
	c.sendLocked(call)
	return call, nil
}

// finishLocked hands res to the caller and forgets the call.
func (c *Client) finishLocked(call *call, res result) {
	delete(c.calls, call.id)
	call.done <- res // has room: only a call in calls is finished, thus once
}

// giveUp ends a call with the error of why, unless the result came meanwhile. c.mu is held while why
// runs.
func (c *Client) giveUp(call *call, why func() error) (*Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[call.id] == call {
		delete(c.calls, call.id)
		return nil, why()
	}
	res := <-call.done
	return res.answer, res.err
}

// isSent reports whether a broker has the call.
func (c *Client) isSent(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return call.link != nil
}

// sendLocked sends call on the best link with room. If no broker is up, the call waits. sendLocked
// reports whether the call was sent or finished.
func (c *Client) sendLocked(call *call) bool {
	call.link, call.conn = nil, nil
	skip, isFull := call.tried, false
	for {
		l := c.chooseLocked(skip)
		if l == nil {
			break
		}
		switch err := l.conn.Send(nil, call.message()); err {
		case nil:
			c.stats.Sent++
			if call.wasSent {
				c.stats.Moved++
			}
			call.link, call.conn, call.wasSent = l, l.conn, true
			if c.traces {
				c.options.Log.Debug("request sent", "id", call.id, "broker", l.broker, "texts", len(call.request.Texts))
			}
			return true
		case zmtp.ErrFull:
			isFull = true
		}
		skip = append(slices.Clip(skip), l) // full, or ending: the reader of the link notices the end
	}
	if isFull {
		c.finishLocked(call, result{err: wire.Errorf(wire.Busy, "the connections to the brokers are full; try later")})
	}
	return isFull
}

// handleErrorLocked handles an error answer of l's broker: the call goes to another broker, up and
// not tried yet, or is finished with the error. The table of error codes says which codes go on.
func (c *Client) handleErrorLocked(call *call, l *link, err *wire.Error) {
	if call.request.Header.Worker == "" {
		switch err.Code {
		case wire.Draining:
			l.draining = true
		case wire.NoWorker: // perhaps this broker alone has none
			l.settledAt = time.Now().Add(c.options.Settle)
		}
	}
	if !err.Code.Info().TryOtherBroker || call.request.NoRetry {
		c.finishLocked(call, result{err: err})
		return
	}
	call.tried, call.refusal = append(call.tried, l), err
	switch {
	case c.sendLocked(call):
	case l.draining && err.Code == wire.Draining && len(c.problemsLocked()) > 0:
		// The call waits for an absent broker, as after a lost connection. This broker is about to
		// end. Where all brokers are restarted in turn, the broker before is about to be back.
	default:
		c.finishLocked(call, result{err: err})
	}
}

// timeoutErrorLocked returns the error of a call after its deadline.
func (c *Client) timeoutErrorLocked(call *call) error {
	switch {
	case call.link != nil:
		return wire.Errorf(wire.Deadline, "no answer from %s within the deadline", call.link.broker)
	case call.refusal != nil:
		return call.refusal
	}
	return &NoBrokerError{Problems: c.problemsLocked()}
}

// message returns the request with the remaining time, for sending now.
func (call *call) message() zmtp.Message {
	call.header = call.request.Header
	call.header.ID, call.header.HasID = call.id, true
	call.header.Deadline = max(time.Millisecond, time.Until(call.deadline))
	size := 256 // for the header
	for _, text := range call.request.Texts {
		size += len(text) + 9
	}
	b := zmtp.NewBuilder(size)
	b.AppendFrame(call.header.Append(nil))
	for _, text := range call.request.Texts {
		b.AppendFrame(text)
	}
	return b.Message()
}
