package zmtp

// What a refused peer gets to see. libzmq never connects again after an ERROR, even when the key
// has been allowed meanwhile; so by default a listener says nothing, keeps the connection for a
// while and closes it, and the peer tries again.

import (
	"errors"
	"fmt"
	"time"
)

// statusRefused is the reason in ERROR, libzmq's status for a peer not allowed (RFC 27).
const statusRefused = "400"

// curable reports whether err is the kind of refusal after which a peer may be welcome later, as it
// is: when the key is allowed or the application wants it.
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

// delayClose keeps the connection of a peer that failed with err for a while, if it
// may come back. Held connections are bounded in number as handshakes are, and
// give way as they do.
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

// turnedAway is the error of a client that the server has most likely refused: it held
// the connection for a while and closed it.
type turnedAway struct{ err error }

func (t *turnedAway) Error() string { return t.err.Error() }
func (t *turnedAway) Unwrap() error { return t.err }

// heldAtLeast is how long a server that refuses keeps the connection, at least: by default
// RefusalHold, and libzmq does so for the reconnect interval or for ever. One ending during a
// handshake closes it sooner.
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
