package zmtp

// The security mechanism NULL (ZMTP 3.1, RFC 37, "The NULL Security Mechanism"): both sides send
// READY with their metadata, in any order.

type null struct{}

func (null) client(h *handshake) error {
	if err := h.sendReady(); err != nil {
		return err
	}
	return h.admitReady()
}

// A listener with Announce hears the peer first.
func (null) server(h *handshake) error {
	if h.o.Announce == nil {
		return null{}.client(h)
	}
	if err := h.admitReady(); err != nil {
		return err
	}
	return h.sendReady()
}
