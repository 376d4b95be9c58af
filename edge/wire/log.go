package wire

import (
	"fmt"
	"strings"
)

// What the logs of all parts write alike.

// LogID is a request's id in logs.
func LogID(id uint64) string { return fmt.Sprintf("%016x", id) }

// LogClientID is the id that a client gave its request, for logs: it may be of any
// length.
func LogClientID(id string) string {
	const most = 40
	if len(id) > most {
		return strings.ToValidUTF8(id[:most], "") + "…"
	}
	return id
}
