package zmtp

// Endpoints: transport and address as one string, and how to open them.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
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

// parseEndpoint parses s. The result is good for dialing; listening also
// allows "*" for host and port, and port 0, when listen is set.
func parseEndpoint(s string, listen bool) (endpoint, error) {
	transport, address, ok := strings.Cut(s, "://")
	if !ok {
		if CheckHostPort(s, listen) == nil {
			return endpoint{}, fmt.Errorf("%q is not an endpoint; write it with its transport, tcp://%s", s, s)
		}
		return endpoint{}, fmt.Errorf("%q is not an endpoint; write it like tcp://127.0.0.1:5555", s)
	}
	switch transport {
	case "inproc":
		if address == "" {
			return endpoint{}, fmt.Errorf("endpoint %s needs a name; write it like inproc://name", s)
		}
		return endpoint{transport: transport, host: address}, nil
	case "ipc":
		if err := checkSocketPath(address); err != nil {
			return endpoint{}, fmt.Errorf("endpoint %s %w; write it like ipc:///run/trawl/clients", s, err)
		}
		return endpoint{transport: transport, host: address}, nil
	case "tcp":
		if err := CheckHostPort(address, listen); err != nil {
			return endpoint{}, fmt.Errorf("endpoint %s: %w", s, err)
		}
		host, port, _ := net.SplitHostPort(address)
		return endpoint{transport, host, port}, nil
	case "http", "https":
		return endpoint{}, fmt.Errorf("endpoint %s is one for HTTP; this takes one for ZeroMQ, like tcp://127.0.0.1:5555: its port is that of broker.clients or broker.workers, not of http.listen", s)
	}
	return endpoint{}, fmt.Errorf("endpoint %s: unknown transport %q; there are tcp and ipc", s, transport)
}

// CheckEndpoint returns what is wrong with an endpoint to dial; nil if nothing is.
func CheckEndpoint(s string) error {
	_, err := parseEndpoint(s, false)
	return err
}

// CheckListenEndpoint returns what is wrong with an endpoint to listen on, wherever that is;
// nil if nothing is. CheckListen also looks at this machine.
func CheckListenEndpoint(s string) error {
	_, err := parseEndpoint(s, true)
	return err
}

// CheckHostPort returns what is wrong with HOST:PORT. To listen, the host may be * and the
// port 0 or * (any free port).
func CheckHostPort(address string, listen bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		_, number := strconv.Atoi(address)
		switch {
		case number == nil:
			return fmt.Errorf("%q is a port without a host; write it like 127.0.0.1:%s", address, address)
		case address != "" && !strings.ContainsAny(address, ":[] "):
			return fmt.Errorf("%q has no port; write it like %s:5555 (by default 5555 is for clients, 5556 for workers, 5580 for HTTP)", address, address)
		}
		return fmt.Errorf("%q is not HOST:PORT; write it like 127.0.0.1:5555 or [::1]:5555", address)
	}
	switch {
	case strings.ContainsAny(host, " /@;,"):
		return fmt.Errorf("%q is not a host", host)
	case !listen && (host == "" || host == "*"):
		return fmt.Errorf("to connect, a host must be named instead of %q", host)
	case host == "":
		return errors.New("no host; write * for all of this machine's addresses")
	case listen && port == "*":
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 && !listen {
		return fmt.Errorf("%q is not a port; it must be a number up to 65535", port)
	}
	return nil
}

// IsLocal reports whether only this machine can reach an endpoint to listen on. The name of a
// network interface stands for the address chosen by [BindHost].
func IsLocal(s string) bool {
	address, isTCP := strings.CutPrefix(s, "tcp://")
	if !isTCP {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host, err = BindHost(host); err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
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

// CheckListen returns what would keep an endpoint from being listened on here, as far as known
// without binding: the host is no address of this machine, the folder of a socket is missing. The
// resolver may be asked.
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
