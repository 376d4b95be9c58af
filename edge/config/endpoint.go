// Endpoints as ZeroMQ writes them: tcp://HOST:PORT and ipc://PATH.

package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"trawl/edge/zmtp"
)

// CheckEndpoint reports what is wrong with an endpoint to listen on or, if
// listen is false, to connect to. To listen, the host may be * and the port 0
// or * (any free one).
func CheckEndpoint(endpoint string, listen bool) error {
	transport, address, ok := strings.Cut(endpoint, "://")
	if !ok {
		if checkHostPort(endpoint, listen) == nil {
			return fmt.Errorf("%q is not an endpoint; write it with its transport, tcp://%s", endpoint, endpoint)
		}
		return fmt.Errorf("%q is not an endpoint; write it like tcp://127.0.0.1:5555", endpoint)
	}
	switch transport {
	case "tcp":
		if err := checkHostPort(address, listen); err != nil {
			return fmt.Errorf("endpoint %s: %w", endpoint, err)
		}
	case "ipc":
		if err := zmtp.CheckSocketPath(address); err != nil {
			return fmt.Errorf("endpoint %s %w; write it like ipc:///run/trawl/clients", endpoint, err)
		}
	case "http", "https":
		return fmt.Errorf("endpoint %s is one for HTTP; this takes one for ZeroMQ, like tcp://127.0.0.1:5555: its port is that of broker.clients or broker.workers, not of http.listen", endpoint)
	default:
		return fmt.Errorf("endpoint %s: unknown transport %q; there are tcp and ipc", endpoint, transport)
	}
	return nil
}

// CheckHTTP reports what is wrong with an address to listen on for HTTP,
// HOST:PORT. The host may be * and the port 0.
func CheckHTTP(address string) error {
	if strings.Contains(address, "://") {
		return fmt.Errorf("%q is not HOST:PORT; write it like 127.0.0.1:5580, or off", address)
	}
	if err := checkHostPort(address, true); err != nil {
		return fmt.Errorf("address %s: %w; or write off", address, err)
	}
	return nil
}

// IsLocal reports whether only this machine can reach an endpoint that is
// listened on. The name of a network interface stands for its address, as
// zmtp.BindHost chooses it.
func IsLocal(endpoint string) bool {
	transport, address, _ := strings.Cut(endpoint, "://")
	if transport != "tcp" {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host, err = zmtp.BindHost(host); err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// checkHostPort checks HOST:PORT.
func checkHostPort(address string, listen bool) error {
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
	if strings.ContainsAny(host, " /@;,") {
		return fmt.Errorf("%q is not a host", host)
	}
	if !listen && (host == "" || host == "*") {
		return fmt.Errorf("to connect, a host must be named instead of %q", host)
	}
	if listen && host == "" {
		return fmt.Errorf("no host; write * for all of this machine's addresses")
	}
	if listen && port == "*" {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || (n == 0 && !listen) {
		return fmt.Errorf("%q is not a port; it must be a number up to 65535", port)
	}
	return nil
}

// anyPort reports whether listening on endpoint picks a free port.
func anyPort(endpoint string) bool {
	return strings.HasSuffix(endpoint, ":0") || strings.HasSuffix(endpoint, ":*")
}
