package zmtp

// Security: the options of a listener's or dialer's mechanism, and what a
// mechanism is. null.go, plain.go and curve.go have one each.

import (
	"errors"
	"fmt"
)

// The mechanisms of security. Both ends of a connection must use the same one;
// there is no negotiation and no falling back to another.
const (
	Null  = "NULL"  // none
	Plain = "PLAIN" // user name and password, readable by everyone on the way
	Curve = "CURVE" // keys at both ends, everything encrypted and authenticated
)

// Security says how a connection is protected. The listener is the mechanism's server, the dialer
// the client.
type Security struct {
	// Mechanism is Null, Plain or Curve. Default Null.
	Mechanism string

	// Username and Password are what a dialer with Plain presents; at most 255
	// bytes each.
	Username, Password string

	// CheckPassword decides for a listener with Plain whether to admit a
	// client. It is called from many goroutines at once.
	CheckPassword func(username, password string) bool

	// Key is our own key with Curve, at both ends.
	Key SecretKey

	// ServerKey is the public key of the listener that a dialer with Curve wants to reach. Nobody
	// else can answer in its place.
	ServerKey PublicKey

	// Authorize decides for a listener with Curve whether to admit a client that has proven to own
	// the key. It is called at every handshake, from many goroutines at once. With ok true user
	// becomes Peer.User, by default the key in Z85; with ok false user is the reason for the log,
	// such as "is allowed elsewhere". nil admits every client that knows the listener's public key.
	Authorize func(key PublicKey) (user string, ok bool)

	// RefuseForever makes a listener send a refused client the ERROR "400", after which libzmq
	// never connects again. By default the connection is kept for RefusalHold and closed: the
	// client comes back by itself when the cause is gone.
	RefuseForever bool

	public PublicKey // of Key; filled in by withDefaults
}

// mechanism is a mechanism of security. After the greetings the method for the side runs the rest
// of the handshake: the method exchanges the commands of the mechanism, calls admit with the peer's
// metadata, and fills in the missing fields of h.peer.
type mechanism interface {
	client(h *handshake) error
	server(h *handshake) error
}

var mechanisms = map[string]mechanism{
	Null:  null{},
	Plain: plain{},
	Curve: curve{},
}

// withDefaults returns s with what follows from other fields filled in.
func (s Security) withDefaults() Security {
	orDefault(&s.Mechanism, Null)
	if s.Mechanism == Curve {
		s.public = s.Key.Public()
	}
	return s
}

// check reports what a listener or dialer lacks.
func (s Security) check(listener bool) error {
	switch s.Mechanism {
	case "", Null:
		return nil
	case Plain:
		return s.checkPlain(listener)
	case Curve:
		return s.checkCurve(listener)
	}
	return fmt.Errorf("security mechanism %q is not supported; use NULL, PLAIN or CURVE", s.Mechanism)
}

func (s Security) checkPlain(listener bool) error {
	switch {
	case listener && s.CheckPassword == nil:
		return errors.New("a listener with PLAIN needs a function that checks passwords")
	case len(s.Username) > maxPlain || len(s.Password) > maxPlain:
		return fmt.Errorf("user name or password of more than %d bytes", maxPlain)
	}
	return nil
}

func (s Security) checkCurve(listener bool) error {
	switch {
	case s.Key == SecretKey{}:
		return errors.New("CURVE needs a key of our own")
	case !listener && s.ServerKey == PublicKey{}:
		return errors.New("a dialer with CURVE needs the public key of the listener")
	}
	return nil
}
