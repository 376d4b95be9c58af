package zmtp

// Commands (ZMTP 3.1, RFC 37, "Commands"): a name under a length of one octet, then
// data. Also the heartbeat commands, which pass between messages.

import (
	"fmt"
	"time"
)

const (
	cmdReady = "READY"
	cmdError = "ERROR"
	cmdPing  = "PING"
	cmdPong  = "PONG"

	pingTTLSize    = 2  // bytes, number of ttlUnits in network order
	maxPingContext = 16 // bytes
	maxErrorReason = 255

	ttlUnit = 100 * time.Millisecond
)

// appendCommand appends a command frame.
func appendCommand(dst []byte, name string, data []byte) []byte {
	dst = appendHeader(dst, flagCommand, 1+len(name)+len(data))
	dst = append(append(dst, byte(len(name))), name...)
	return append(dst, data...)
}

// cutCommand splits the body of a command frame into name and data.
func cutCommand(body []byte) (name string, data []byte, err error) {
	if len(body) == 0 || body[0] == 0 || len(body) < 1+int(body[0]) {
		return "", nil, protocolError("malformed command")
	}
	n := 1 + int(body[0])
	return string(body[1:n]), body[n:], nil
}

// errorReason returns the reason that an ERROR command carries, made safe to print.
func errorReason(data []byte) string {
	if len(data) > 0 {
		data = data[1:min(len(data), 1+int(data[0]))]
	}
	return fmt.Sprintf("%q", data)
}
