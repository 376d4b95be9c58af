package broker

// The HTTP port: what the broker serves there.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"trawl/edge/escape"
	"trawl/edge/zmtp"
)

// The HTTP port: for people, Prometheus and load balancers. HTTP.md in edge/wire
// says what it answers.

const (
	httpHeaderTime = 5 * time.Second  // for the head of a request
	httpBodyTime   = 30 * time.Second // for its body
	httpIdleTime   = 60 * time.Second // between requests
	httpMaxHeader  = 16 << 10         // bytes
)

// httpServer is the HTTP port of a broker.
type httpServer struct {
	broker  *Broker
	local   bool // only this machine reaches it
	conns   *httpConns
	server  *http.Server
	reports atomic.Int64  // on their way
	served  chan struct{} // closed when the server has ended; nil before serve
}

// listenHTTP binds the port; serve must follow, or close.
func (b *Broker) listenHTTP(address string) (*httpServer, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP at %s: %w", address, err)
	}
	if host, err = zmtp.BindHost(host); err != nil {
		return nil, fmt.Errorf("listen for HTTP at %s: %w", address, err)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen for HTTP at %s: the port is taken; stop what listens there, choose another with --http, or do without: --http off", address)
	case err != nil:
		return nil, fmt.Errorf("listen for HTTP at %s: %w", address, err)
	}
	h := &httpServer{broker: b, local: zmtp.IsLocal("tcp://" + address), conns: newHTTPConns(l)}
	h.server = &http.Server{
		Handler:           h.handler(),
		ReadHeaderTimeout: httpHeaderTime, IdleTimeout: httpIdleTime, MaxHeaderBytes: httpMaxHeader,
		ConnState: h.conns.note, ConnContext: withHTTPConn,
		ErrorLog: slog.NewLogLogger(b.options.Log.Handler(), slog.LevelDebug),
	}
	return h, nil
}

func (h *httpServer) serve() {
	h.served = make(chan struct{})
	go func() {
		defer close(h.served)
		_ = h.server.Serve(h.conns) // always says that it was closed
	}()
}

// close lets the answers on their way go out, in flushTime at most, and ends
// everything.
func (h *httpServer) close() {
	if h == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if h.server.Shutdown(ctx) != nil {
		_ = h.server.Close()
	}
	_ = h.conns.Close()
	if h.served != nil {
		<-h.served
	}
}

func (h *httpServer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", h.metrics)
	mux.HandleFunc("GET /healthz", h.healthz)
	mux.HandleFunc("GET /readyz", h.readyz)
	mux.HandleFunc("GET /status", h.status)
	mux.HandleFunc("POST /match", h.match)
	mux.HandleFunc("GET /{$}", h.index)
	// Pages of other origins that a browser on this machine shows may not ask.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.local && !localHost(r.Host) {
			http.Error(w, escape.Sprintf("the host %q is none of this machine's; ask for localhost or an IP address", r.Host), http.StatusForbidden)
			return
		}
		// The server also reads what a handler has left of a body, and writes what
		// is left in its buffer: not for ever.
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(httpBodyTime))
		_ = control.SetWriteDeadline(time.Now().Add(httpBodyTime))
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodPost {
			h.conns.begin(r)
		}
		guarded.ServeHTTP(w, r)
	})
}

// localHost: a name that resolves to loopback today can be one of a web page
// that wants to read what only this machine may (DNS rebinding).
func localHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	_, err = netip.ParseAddr(host)
	return err == nil || host == "localhost" || host == ""
}

const httpIndex = `trawl broker
/metrics  for Prometheus
/status   everything, as JSON
/healthz  200 while the process runs
/readyz   200 while it takes requests, else 503
/match    POST a text, get its matches as JSON (if http.match is on)
`

func (h *httpServer) index(w http.ResponseWriter, _ *http.Request) {
	plainText(w, http.StatusOK, httpIndex)
}

func (h *httpServer) healthz(w http.ResponseWriter, _ *http.Request) {
	plainText(w, http.StatusOK, "ok\n")
}

// readyz answers whether the broker takes requests. Having no worker does not
// make it unready: requests wait for one, and workers come through the same door.
func (h *httpServer) readyz(w http.ResponseWriter, _ *http.Request) {
	draining, workers := h.broker.router.readiness()
	code, state := http.StatusOK, "ready"
	if draining {
		code, state = http.StatusServiceUnavailable, "draining"
	}
	plainText(w, code, fmt.Sprintf("%s\nworkers: %d\n", state, workers))
}

func (h *httpServer) status(w http.ResponseWriter, r *http.Request) {
	h.report(w, r, "application/json", h.broker.statusBody())
}

func (h *httpServer) metrics(w http.ResponseWriter, r *http.Request) {
	h.report(w, r, "text/plain; version=0.0.4; charset=utf-8", h.broker.metricsBody())
}

// freeReports is how many reports may be on their way without memory for them: so a
// broker that has none can still be looked at.
const freeReports = 8

// report writes a document that the broker has written. Who reads slowly keeps a document from
// which others have newer ones, so it counts as an answer does.
func (h *httpServer) report(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	defer h.reports.Add(-1)
	if h.reports.Add(1) > freeReports {
		if err := h.broker.router.reserve(int64(len(body))); err != nil {
			h.fail(w, r, err)
			return
		}
		defer h.broker.options.budget.Hold(-int64(len(body)))
	}
	w.Header().Set("Content-Type", contentType)
	writeBody(w, http.StatusOK, body, h.renewer(w, r))
}

func plainText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // small: it does not block
}

// httpStep is how many bytes are read or written under one deadline.
const httpStep = 64 << 10

// writeBody writes an answer. Before each step it calls renew, which gives the
// step its time, or says that nobody wants to go on: so a client that takes nothing
// for httpBodyTime is closed.
func writeBody(w http.ResponseWriter, code int, body []byte, renew func() bool) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	for len(body) > 0 {
		n := min(len(body), httpStep)
		if !renew() {
			return
		}
		if _, err := w.Write(body[:n]); err != nil {
			return // it is gone
		}
		body = body[n:]
	}
	renew() // for what is still buffered
}

// renewer is the renew of an answer that nobody stops.
func (h *httpServer) renewer(w http.ResponseWriter, r *http.Request) func() bool {
	control := http.NewResponseController(w)
	return func() bool {
		h.conns.begin(r)
		_ = control.SetWriteDeadline(time.Now().Add(httpBodyTime))
		return true
	}
}

// readiness says whether the broker is about to stop, and how many workers are
// connected.
func (r monitor) readiness() (draining bool, workers int) {
	r.lock()
	defer r.unlock()
	return r.draining, r.workers.len()
}
