package zmtp

// Socket types and which may talk to which (ZMTP 3.1, RFC 37, "The Socket Type Property").

import (
	"fmt"
	"slices"
	"strings"
)

// compatible lists for every supported socket type the types it may face. The
// PUB/SUB family, PAIR, CLIENT/SERVER and the rest are not supported.
var compatible = map[string][]string{
	"REQ":    {"REP", "ROUTER"},
	"REP":    {"REQ", "DEALER"},
	"DEALER": {"REP", "DEALER", "ROUTER"},
	"ROUTER": {"REQ", "DEALER", "ROUTER"},
	"PUSH":   {"PULL"},
	"PULL":   {"PUSH"},
}

// checkSocketType reports why socketType cannot be announced.
func checkSocketType(socketType string) error {
	if _, ok := compatible[socketType]; !ok {
		return fmt.Errorf("socket type %q is not supported; use REQ, REP, DEALER, ROUTER, PUSH or PULL", socketType)
	}
	return nil
}

// checkCompatible reports why a peer's socket type cannot face ours.
func checkCompatible(ours, theirs string) error {
	if slices.Contains(compatible[ours], theirs) {
		return nil
	}
	return protocolError(fmt.Sprintf("peer is a %q; a %s talks to %s only", theirs, ours, strings.Join(compatible[ours], ", ")))
}
