package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// POST /match: a request in HTTP's clothes. It is a client like any other, with
// one request: admitted, queued, counted and dropped by the same rules.

// httpStatus is the status that goes with an error's code.
var httpStatus = map[wire.Code]int{
	wire.BadRequest:    http.StatusBadRequest,
	wire.TooLarge:      http.StatusRequestEntityTooLarge,
	wire.UnknownRules:  http.StatusNotFound,
	wire.UnknownWorker: http.StatusNotFound,
	wire.NoWorker:      http.StatusServiceUnavailable,
	wire.Busy:          http.StatusServiceUnavailable,
	wire.Draining:      http.StatusServiceUnavailable,
	wire.Deadline:      http.StatusGatewayTimeout,
	wire.WorkerLost:    http.StatusBadGateway,
	wire.TooManyHops:   http.StatusLoopDetected,
	wire.Forbidden:     http.StatusForbidden,
	wire.Internal:      http.StatusInternalServerError,
}

func (h *httpServer) match(w http.ResponseWriter, r *http.Request) {
	b := h.broker
	if !b.options.HTTP.Match {
		h.fail(w, r, wire.Errorf(wire.Forbidden, "POST /match is off; switch it on with --http-match (http.match: true in the configuration, TRAWL_HTTP_MATCH=true): then whoever reaches this port can ask, without a key"))
		return
	}
	head, err := headerOf(r.URL.RawQuery)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	m, err := b.readText(r, head)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if !h.conns.beginMatch(r) {
		m.Release()
		h.fail(w, r, wire.Errorf(wire.Busy, "%d requests over HTTP wait already; try later, or use ZeroMQ", maxHTTPMatches))
		return
	}
	ended := sync.OnceFunc(func() { h.conns.endMatch(r) })
	defer ended()
	// From here on reading only tells that the client went away.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	p := newHTTPPort(h, w, r)
	p.peer = zmtp.Peer{RemoteAddr: "http://" + r.RemoteAddr, SocketType: "DEALER", Local: h.local}
	c := &client{conn: p, socketType: "DEALER"}
	var out batch
	b.router.addClient(c)
	defer func() {
		b.router.removeClient(c, &out)
		out.flush()
		p.drop()
	}()
	b.request(c, m, &out)
	out.flush()
	select {
	case a := <-p.answers:
		ended()
		h.answer(w, r, p, a)
	case <-r.Context().Done(): // the client went away: so does its request
	case <-p.closed:
		panic(http.ErrAbortHandler) // ends the connection, without a trace in the log
	}
}

// matchParameters are the keys of a request's header that can be query
// parameters; of the others op is given, id needs no echo here, and the answer
// is JSON.
var matchParameters = []string{"rules", "worker", "deadline_ms", "priority", "want", "mask", "limit", "fields", "split"}

// headerOf makes the header frame that query parameters stand for. Their values
// are checked where every header's are, in the broker.
func headerOf(query string) ([]byte, *wire.Error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, wire.Errorf(wire.BadRequest, "unreadable query: %v", err)
	}
	header := make(map[string]any)
	for key, vs := range values {
		v := vs[0]
		switch {
		case !slices.Contains(matchParameters, key):
			return nil, wire.Errorf(wire.BadRequest, "unknown query parameter %q; known are %s", key, strings.Join(matchParameters, ", "))
		case len(vs) > 1:
			return nil, wire.Errorf(wire.BadRequest, "the query parameter %q is given twice", key)
		}
		switch key {
		case "fields":
			header[key] = strings.Split(v, ",")
		case "deadline_ms", "priority", "limit":
			header[key] = v
			if v != "" && strings.Trim(v, "0123456789") == "" && (v == "0" || v[0] != '0') {
				header[key] = json.Number(v)
			}
		default:
			header[key] = v
		}
	}
	frame, err := json.Marshal(header)
	if err != nil {
		return nil, wire.Errorf(wire.BadRequest, "unreadable query: %v", err)
	}
	return frame, nil
}

// readText reads a body: it makes the message of head and the text in it. What
// has arrived counts as that of a request half read.
func (b *Broker) readText(r *http.Request, head []byte) (zmtp.Message, *wire.Error) {
	most := b.options.Limits.Text
	if r.ContentLength > most {
		return zmtp.Message{}, tooLargeText(r.ContentLength, most)
	}
	budget := b.options.budget
	var reserved int64
	first := 2 * min(max(r.ContentLength, 0), httpStep) // room for the first step, and the step
	budget.Hold(first)
	defer func() {
		budget.Reserve(-2 * reserved)
		budget.Hold(-first)
	}()
	m := zmtp.NewBuilder(len(head) + int(min(max(r.ContentLength, 0), httpStep)) + 64)
	m.AppendFrame(head)
	m.Begin()
	step := make([]byte, min(httpStep, 4<<10+max(r.ContentLength, 0)))
	for size := int64(0); ; {
		n, err := r.Body.Read(step)
		if size += int64(n); size > most {
			return discard(m, tooLargeText(size, most))
		}
		if size > reserved+httpStep { // the first always passes
			if !budget.Reserve(2 * httpStep) { // the message has room for up to twice as much
				return discard(m, wire.Errorf(wire.Busy, "the broker has no memory for a text of more than %d bytes for now; try later", size))
			}
			reserved += httpStep
		}
		_, _ = m.Write(step[:n])
		switch {
		case errors.Is(err, io.EOF):
			m.End()
			return m.Message(), nil
		case err != nil:
			return discard(m, wire.Errorf(wire.BadRequest, "the body ended after %d bytes: %v", size, err))
		}
	}
}

func tooLargeText(size, most int64) *wire.Error {
	return wire.Errorf(wire.TooLarge, "the text has %d bytes or more, the broker takes %d; send it in parts", size, most)
}

func discard(b *zmtp.Builder, err *wire.Error) (zmtp.Message, *wire.Error) {
	b.End()
	b.Discard()
	return zmtp.Message{}, err
}

// fail answers with an error, as the bare form has it.
func (h *httpServer) fail(w http.ResponseWriter, r *http.Request, err *wire.Error) {
	m := wire.ErrorAnswer(nil, err)
	defer m.Release()
	writeJSON(w, m.Frame(0), err, h.renewer(w, r))
}

// writeJSON writes a document; err is the error that it tells, if it does. For
// renew see writeBody.
func writeJSON(w http.ResponseWriter, document []byte, err *wire.Error, renew func() bool) {
	w.Header().Set("Content-Type", "application/json")
	code := http.StatusOK
	if err != nil {
		if code = httpStatus[err.Code]; code == 0 {
			code = http.StatusInternalServerError
		}
		if err.Code == wire.Busy {
			w.Header().Set("Retry-After", "1")
		}
	}
	writeBody(w, code, document, renew)
}

// answer writes what the router said.
func (h *httpServer) answer(w http.ResponseWriter, r *http.Request, p *httpPort, a httpAnswer) {
	defer p.release(a)
	if a.plain || a.message.NumFrames() > 1 {
		h.result(w, r, p, a)
		return
	}
	head, err := wire.ParseAnswerHeader(a.message.Frame(0))
	if err == nil && head.Error == nil {
		err = errors.New("an answer without a result")
	}
	if err != nil {
		h.fail(w, r, wire.Errorf(wire.Internal, "unreadable answer: %v", err))
		return
	}
	writeJSON(w, a.message.Frame(0), head.Error, p.renew)
}

// result writes the result. A plain worker may reply in several frames.
func (h *httpServer) result(w http.ResponseWriter, r *http.Request, p *httpPort, a httpAnswer) {
	m := a.message
	if !a.plain {
		head, err := wire.ParseAnswerHeader(m.Frame(0))
		if err != nil {
			h.fail(w, r, wire.Errorf(wire.Internal, "unreadable answer: %v", err))
			return
		}
		w.Header().Set("Trawl-Worker", head.Worker)
		w.Header().Set("Trawl-Rules", head.Rules)
		w.Header().Set("Trawl-Took-Us", fmt.Sprint(head.TookUS))
		m = m.Tail(1)
	}
	body := m.Frame(0)
	if m.NumFrames() > 1 {
		body = nil
		for _, frame := range m.Frames() {
			body = append(body, frame...)
		}
	}
	writeJSON(w, body, nil, p.renew)
}
