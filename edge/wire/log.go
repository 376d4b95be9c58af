package wire

import (
	"fmt"
	"strings"
)

// What the logs and messages of all parts write alike.

// LogID is a request's id in logs.
func LogID(id uint64) string { return fmt.Sprintf("%016x", id) }

// Clip shortens what a peer said, for a log or a message: what is over 40 bytes is cut.
func Clip[T ~string | ~[]byte](s T) string {
	const most = 40
	if len(s) > most {
		return strings.ToValidUTF8(string(s[:most]), "") + "…"
	}
	return string(s)
}
