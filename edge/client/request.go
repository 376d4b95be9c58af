package client

// Requests and answers as callers see them, and control requests.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Request is one request in full form. The client sets the id of its header.
type Request struct {
	Header wire.RequestHeader
	Texts  [][]byte // at least one
	// Retry makes Do ask again, with growing pauses until the deadline, after an answer that says
	// that the brokers may do the request later: busy, draining or worker_lost.
	Retry bool
	// NoRetry is for requests that must not be done twice: Do sends such a request to one broker,
	// once, whatever Retry says. Whether a broker may dispatch a request twice is in the
	// configuration of that broker.
	NoRetry bool
}

func (r *Request) retries(err error) bool {
	var e *wire.Error
	if !r.Retry || r.NoRetry || !errors.As(err, &e) {
		return false
	}
	return e.Code.Info().Retry
}

// Answer is one answer in full form. Its results are views, valid until Release.
type Answer struct {
	Header  wire.AnswerHeader
	Results [][]byte // one for each text, in order; a plain worker may reply in more frames

	message zmtp.Message
}

// Release gives the memory of the answer back. The results must not be used afterwards.
func (a *Answer) Release() { a.message.Release() }

// parseAnswer decodes an answer, which owns m afterwards. On an error m is released.
func parseAnswer(m zmtp.Message) (*Answer, error) {
	h, err := wire.ParseAnswerHeader(m.Frame(0))
	if err != nil {
		m.Release()
		return nil, err
	}
	a := &Answer{Header: h, message: m}
	for i, frame := range m.Frames() {
		if i > 0 {
			a.Results = append(a.Results, frame)
		}
	}
	return a, nil
}

// Control sends a control request; worker may name one for stop and drain. It returns the document
// of the answer, which is {} for stop and drain. These two go to one broker only: who has several
// brokers must ask each with a Client of its own. Other control requests are asked again while the
// broker is busy.
func (c *Client) Control(ctx context.Context, op wire.Op, worker string, timeout time.Duration) ([]byte, error) {
	h := wire.NewRequestHeader()
	h.Op, h.Worker, h.Deadline = op, worker, timeout
	once := op == wire.OpStop || op == wire.OpDrain // the next broker must not stop, too
	a, err := c.Do(ctx, &Request{Header: h, Texts: [][]byte{nil}, Retry: !once, NoRetry: once})
	if err != nil {
		return nil, err
	}
	defer a.Release()
	return append([]byte(nil), a.Results[0]...), nil
}

// Status asks for the broker's status document.
func (c *Client) Status(ctx context.Context, timeout time.Duration) (*wire.Status, error) {
	doc, err := c.Control(ctx, wire.OpStatus, "", timeout)
	if err != nil {
		return nil, err
	}
	var s wire.Status
	if err := json.Unmarshal(doc, &s); err != nil {
		return nil, fmt.Errorf("client: unreadable status: %w", err)
	}
	return &s, nil
}
