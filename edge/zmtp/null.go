// The security mechanism NULL (ZMTP 3.1, RFC 37, "The NULL Security Mechanism"):
// both sides send READY with their metadata, in any order.

package zmtp

import "fmt"

const mechanismNull = "NULL"

// null runs the mechanism. A listener with Announce hears the peer first.
func (h *handshake) null() error {
	hearFirst := h.listener && h.o.Announce != nil
	if !hearFirst {
		if err := h.sendReady(); err != nil {
			return err
		}
	}
	name, data, err := h.readCommand()
	if err != nil {
		return err
	}
	switch name {
	case cmdReady:
		err = h.admit(data)
	case cmdError:
		err = fmt.Errorf("peer refused us: %s", errorReason(data))
	default:
		err = protocolError(fmt.Sprintf("command %q where READY was due", name))
	}
	if err == nil && hearFirst {
		err = h.sendReady()
	}
	return err
}

func (h *handshake) sendReady() error {
	return writeAll(h.s, appendCommand(nil, cmdReady, h.metadata()))
}
