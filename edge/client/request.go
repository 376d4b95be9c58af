package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Request is one request in full form. The client sets the header's id.
type Request struct {
	Header wire.RequestHeader
	Texts  [][]byte // one at least
	// Retry asks again, with growing pauses until the deadline, when the
	// answer of all brokers is busy or draining, or of one worker_lost.
	Retry bool
	// NoRetry is for requests that must not be done twice: such a request is
	// sent to one broker, once. It rules out Retry. (Whether a rule set may be
	// asked twice within a broker, the broker's configuration says.)
	NoRetry bool
}

func (r *Request) retries(err error) bool {
	var e *wire.Error
	if !r.Retry || r.NoRetry || !errors.As(err, &e) {
		return false
	}
	return e.Code == wire.Busy || e.Code == wire.Draining || e.Code == wire.WorkerLost
}

// Answer is one answer in full form. The results are views that die with
// Release.
type Answer struct {
	Header  wire.AnswerHeader
	Results [][]byte // one per text, in order; of a plain worker there may be more

	message zmtp.Message
}

// Release gives the answer's memory back; the results must not be used after.
func (a *Answer) Release() { a.message.Release() }

// parseAnswer takes m over, also on error.
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

// Control sends a control request; worker may name one for stop and drain. It returns
// the answer's document, {} for stop and drain, which go to one broker only: who has
// several should ask each with a Client of its own. The other requests are asked again
// while the broker is busy.
func (c *Client) Control(ctx context.Context, op wire.Op, worker string, timeout time.Duration) ([]byte, error) {
	h := wire.NewRequestHeader()
	h.Op, h.Worker, h.Deadline = op, worker, timeout
	once := op == wire.OpStop || op == wire.OpDrain // never the next broker, too
	a, err := c.Do(ctx, &Request{Header: h, Texts: [][]byte{nil}, Retry: !once, NoRetry: once})
	if err != nil {
		return nil, err
	}
	defer a.Release()
	return append([]byte(nil), a.Results[0]...), nil
}

// Report tells a broker about a watcher; see wire.Report. A report is not sent twice.
func (c *Client) Report(ctx context.Context, r *wire.Report, timeout time.Duration) error {
	h := wire.NewRequestHeader()
	h.Op, h.Deadline = wire.OpReport, timeout
	a, err := c.Do(ctx, &Request{Header: h, Texts: [][]byte{wire.JSONFrame(r)}, NoRetry: true})
	if err != nil {
		return err
	}
	a.Release()
	return nil
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
