package watch

// The HTTP port of a watcher: metrics for Prometheus, and whether the process lives.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"trawl/edge/escape"
	"trawl/edge/zmtp"
)

const (
	httpTime      = 5 * time.Second  // for the head of a request, and for an answer
	httpIdleTime  = 30 * time.Second // between requests
	httpMaxHeader = 8 << 10          // bytes
	// maxHTTPConns is how many connections there are at once. One more waits until another has
	// ended, which takes httpIdleTime at most.
	maxHTTPConns = 16
)

// httpServer is the HTTP port of a watcher.
type httpServer struct {
	server *http.Server
	served chan struct{} // closed when the server has ended
}

// serveHTTP binds an address and serves what metrics returns.
func serveHTTP(address string, metrics func() []byte, log *slog.Logger) (*httpServer, error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		host, err = zmtp.BindHost(host)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP at %s: %w", address, err)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen for HTTP at %s: the port is taken; stop what listens there, choose another with --http (watch.http), or do without: --http off", address)
	case err != nil:
		return nil, fmt.Errorf("listen for HTTP at %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(metrics())
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	isLocal := zmtp.IsLocal("tcp://" + address)
	h := &httpServer{served: make(chan struct{}), server: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			// A name that resolves to loopback can be one of a web page (DNS rebinding).
			if isLocal && !isLocalHost(r.Host) {
				http.Error(w, escape.Sprintf("the host %q is none of this machine's; ask for localhost or an IP address", r.Host), http.StatusForbidden)
				return
			}
			mux.ServeHTTP(w, r)
		}),
		ReadTimeout: httpTime, WriteTimeout: 2 * httpTime, IdleTimeout: httpIdleTime, MaxHeaderBytes: httpMaxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	log.Info("listening for HTTP", "address", l.Addr().String())
	go func() {
		defer close(h.served)
		_ = h.server.Serve(&boundedListener{Listener: l, places: make(chan struct{}, maxHTTPConns), closed: make(chan struct{})}) // always says that it was closed
	}()
	return h, nil
}

// close ends everything. A nil server has nothing to end.
func (h *httpServer) close() {
	if h == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if h.server.Shutdown(ctx) != nil {
		_ = h.server.Close()
	}
	<-h.served
}

// isLocalHost reports whether a Host header holds localhost or an IP address.
func isLocalHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	_, err = netip.ParseAddr(host)
	return err == nil || host == "localhost" || host == ""
}
