package zmtp

// What a refused peer gets to see. libzmq never connects again after an ERROR, even when the key
// has been allowed meanwhile. So by default a listener says nothing, keeps the connection for a
// while, then closes, and the peer tries again.

import (
	"errors"
	"fmt"
	"time"
)

// statusRefused is the reason in ERROR, libzmq's status for a peer not allowed (RFC 27).
const statusRefused = "400"

// curable reports whether err is a refusal of a peer that may be welcome later without a change of
// the peer: when the key is allowed or the application agrees.
func curable(err error) bool {
	var r *refusal
	return errors.As(err, &r) && (r.reason == ReasonSecurity || r.reason == ReasonApplication)
}

// tellRefused sends ERROR to a peer that failed with err, if it is to be told.
func (h *handshake) tellRefused(err error) {
	sameMechanism := h.peer.Mechanism != ""
	if h.listener && h.o.Security.RefuseForever && sameMechanism && curable(err) {
		h.send(cmdError, append([]byte{byte(len(statusRefused))}, statusRefused...))
	}
}

// delayClose keeps the connection of a peer that failed with err for a while, if the peer may come
// back. Held connections are bounded in number like handshakes, and give way like handshakes.
func (l *Listener) delayClose(slot *handshakeSlot, err error) {
	if l.o.RefusalHold <= 0 || !curable(err) {
		return
	}
	timer := time.NewTimer(l.o.RefusalHold)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-slot.evicted:
	case <-l.closed:
	}
}

// turnedAway is the error of a client most likely refused by the server: the server held the
// connection for a while and closed.
type turnedAway struct{ err error }

func (t *turnedAway) Error() string { return t.err.Error() }
func (t *turnedAway) Unwrap() error { return t.err }

// heldAtLeast is the least time for which a refusing server keeps the connection: by default
// RefusalHold, in libzmq the reconnect interval or for ever. A server ending during a handshake
// closes sooner.
const heldAtLeast = 300 * time.Millisecond

// hint adds to the error of a client's handshake what may be behind it, when
// the server does not say. began is when the client last said something.
func hint(err error, began time.Time, guess string) error {
	if err == nil {
		return nil
	}
	switch reasonOf(err) {
	case ReasonLeft:
		err = &refusal{ReasonLeft, fmt.Errorf("peer closed the connection during the handshake; %s", guess)}
		if time.Since(began) >= heldAtLeast {
			err = &turnedAway{err}
		}
	case ReasonError:
		err = fmt.Errorf("%w; %s", err, guess)
	}
	return err
}
