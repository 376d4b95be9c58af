package config

// Endpoints in settings: what goes beyond the grammar, which package zmtp knows.

import (
	"fmt"
	"strings"

	"trawl/edge/zmtp"
)

// checkEndpoint reports what is wrong with an endpoint to listen on or, if listen is false, to
// connect to. Settings are for several processes, so there is no inproc.
func checkEndpoint(endpoint string, listen bool) error {
	if strings.HasPrefix(endpoint, "inproc://") {
		return fmt.Errorf("endpoint %s: inproc does not reach another process; there are tcp and ipc", endpoint)
	}
	if listen {
		return zmtp.CheckListenEndpoint(endpoint)
	}
	return zmtp.CheckEndpoint(endpoint)
}

// checkHTTP reports what is wrong with an address to listen on for HTTP, HOST:PORT.
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
