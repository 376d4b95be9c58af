package config

// Endpoints in settings: the rules of trawl beyond the grammar of package zmtp.

import (
	"fmt"
	"strings"

	"trawl/edge/zmtp"
)

// checkEndpoint returns an error for a malformed endpoint to listen on or, without listen, to
// connect to. Settings are for several processes, so inproc is refused.
func checkEndpoint(endpoint string, listen bool) error {
	if strings.HasPrefix(endpoint, "inproc://") {
		return fmt.Errorf("endpoint %s: inproc does not reach another process; there are tcp and ipc", endpoint)
	}
	if listen {
		return zmtp.CheckListenEndpoint(endpoint)
	}
	return zmtp.CheckEndpoint(endpoint)
}

// checkHTTP returns an error for a malformed address to listen on for HTTP, HOST:PORT.
func checkHTTP(address string) error {
	if strings.Contains(address, "://") {
		return fmt.Errorf("%q is not HOST:PORT; write it like 127.0.0.1:5580, or off", address)
	}
	if err := zmtp.CheckHostPort(address, true); err != nil {
		return fmt.Errorf("address %s: %w; or write off", address, err)
	}
	return nil
}

// takesFreePort reports whether listening on endpoint picks a free port.
func takesFreePort(endpoint string) bool {
	return strings.HasSuffix(endpoint, ":0") || strings.HasSuffix(endpoint, ":*")
}
