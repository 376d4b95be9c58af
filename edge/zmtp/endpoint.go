// Endpoints: transport and address as one string, and how to open them.

package zmtp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// endpoint is a parsed endpoint. For inproc host is the name, for ipc the path.
type endpoint struct {
	transport, host, port string
}

const goodEndpoint = "a good one looks like tcp://127.0.0.1:5555, tcp://*:5555 (to listen on all addresses), ipc:///run/name or inproc://name"

// parseEndpoint parses s. The result is good for dialing; listening also
// allows "*" for host and port, and port 0, when listen is set.
func parseEndpoint(s string, listen bool) (endpoint, error) {
	transport, address, ok := strings.Cut(s, "://")
	if !ok {
		return endpoint{}, fmt.Errorf("zmtp: endpoint %q has no transport: %s", s, goodEndpoint)
	}
	switch transport {
	case "inproc":
		if address == "" {
			return endpoint{}, fmt.Errorf("zmtp: endpoint %q has no name: %s", s, goodEndpoint)
		}
		return endpoint{transport: transport, host: address}, nil
	case "ipc":
		if err := checkSocketPath(address); err != nil {
			return endpoint{}, fmt.Errorf("zmtp: endpoint %q %w: %s", s, err, goodEndpoint)
		}
		return endpoint{transport: transport, host: address}, nil
	case "tcp":
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || !validPort(port, listen) || host == "*" && !listen {
			return endpoint{}, fmt.Errorf("zmtp: endpoint %q needs a host and a port: %s", s, goodEndpoint)
		}
		return endpoint{transport, host, port}, nil
	default:
		return endpoint{}, fmt.Errorf("zmtp: transport %q of endpoint %q is not supported: %s", transport, s, goodEndpoint)
	}
}

func validPort(port string, listen bool) bool {
	if port == "*" {
		return listen
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && (n > 0 || listen)
}

func (e endpoint) listen(o *Options) (acceptor, error) {
	switch e.transport {
	case "inproc":
		return listenInproc(e.host)
	case "ipc":
		return listenIPC(e.host, o.SocketMode)
	}
	return listenTCP(e.host, e.port, o.SocketBuffer)
}

func (e endpoint) dial(ctx context.Context) (stream, error) {
	switch e.transport {
	case "inproc":
		return dialInproc(ctx, e.host)
	case "ipc":
		return dialIPC(ctx, e.host)
	}
	return dialTCP(ctx, e.host, e.port)
}

// listenError says what to do about the usual failures to listen.
func listenError(endpoint string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("zmtp: listen on %s: already taken; stop what listens there or choose another endpoint: %w", endpoint, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("zmtp: listen on %s: not allowed; choose a port of 1024 or above, or a directory this user may write to: %w", endpoint, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("zmtp: listen on %s: this machine has no such address: %w", endpoint, err)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("zmtp: listen on %s: create the directory first: %w", endpoint, err)
	}
	return fmt.Errorf("zmtp: listen on %s: %w", endpoint, err)
}

// CheckSocketPath returns what is wrong with the path of an ipc endpoint, as the end
// of a sentence; nil if nothing is.
func CheckSocketPath(path string) error { return checkSocketPath(path) }

// CheckListen returns what would keep an endpoint from being listened on here, as far
// as that is known without binding it: the host is no address of this machine, the
// folder of a socket is missing. The resolver may be asked.
func CheckListen(s string) error {
	e, err := parseEndpoint(s, true)
	switch {
	case err != nil:
		return err
	case e.transport == "tcp":
		return checkBindable(e.host)
	case e.transport == "ipc" && e.host[0] != '@':
		if _, err := os.Stat(filepath.Dir(e.host)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the folder %s is missing: create it first", filepath.Dir(e.host))
		}
	}
	return nil
}

// CheckEndpoint returns what is wrong with an endpoint to dial; nil if nothing is.
func CheckEndpoint(s string) error {
	_, err := parseEndpoint(s, false)
	return err
}
