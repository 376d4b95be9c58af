package client

// Requests and answers in the form for callers, and control requests.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Request is a request in full form. The client sets the id in the header.
type Request struct {
	Header wire.RequestHeader
	Texts  [][]byte // at least one
	// Retry makes Do ask again, with growing pauses until the deadline, after error answers with
	// Retry in the table of error codes (wire.Codes).
	Retry bool
	// NoRetry is for requests not to be done twice: Do sends the request once, whatever Retry says.
	// Whether a broker may dispatch a request twice stands in the broker's configuration.
	NoRetry bool
}

func (r *Request) retries(err error) bool {
	var e *wire.Error
	if !r.Retry || r.NoRetry || !errors.As(err, &e) {
		return false
	}
	return e.Code.Info().Retry
}

// Answer is an answer in full form. The results are views, valid until Release.
type Answer struct {
	Header  wire.AnswerHeader
	Results [][]byte // a frame for each text, in order; plain workers may send more frames

	message zmtp.Message
}

// Release gives the memory of the answer back. The results must not be used afterwards.
func (a *Answer) Release() { a.message.Release() }

// parseAnswer decodes an answer. The Answer owns m; on an error m is released.
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

// Control sends a control request and returns the document in the answer. For stop and drain, worker
// may name a worker, and the document is {}. Stop and drain go to one broker only: ask several
// brokers with a Client each. Ping and status are asked again while the broker is busy.
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
