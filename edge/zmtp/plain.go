package zmtp

// The security mechanism PLAIN (RFC 24): the client presents a name and a
// password, in clear; the server checks them. The order of commands is
//
//	client: HELLO    server: WELCOME
//	client: INITIATE server: READY

import (
	"fmt"
	"time"
)

const (
	cmdHello    = "HELLO"
	cmdWelcome  = "WELCOME"
	cmdInitiate = "INITIATE"

	maxPlain = 255 // bytes of a user name or a password

	// libzmqPlainError is how libzmq 4.3 begins ERROR with PLAIN: the source says "\x5ERROR" where
	// "\5ERROR" is meant.
	libzmqPlainError = "\x5eRROR"
)

type plain struct{}

func (plain) client(h *handshake) error {
	s := &h.o.Security
	began := time.Now()
	if err := h.send(cmdHello, appendPlain(appendPlain(nil, s.Username), s.Password)); err != nil {
		return err
	}
	if _, err := h.expect(cmdWelcome); err != nil {
		return hint(err, began, "it may not know this user name and password")
	}
	if err := h.send(cmdInitiate, h.metadata()); err != nil {
		return err
	}
	began = time.Now()
	return hint(h.admitReady(), began, "it may have no use for a "+h.announce)
}

func (plain) server(h *handshake) error {
	hello, err := h.expect(cmdHello)
	if err != nil {
		return err
	}
	username, password, err := parsePlain(hello)
	if err != nil {
		return err
	}
	if !h.o.Security.CheckPassword(username, password) {
		return &refusal{ReasonSecurity, fmt.Errorf("wrong user name or password, as user %q", username)}
	}
	h.peer.User = username
	if err := h.send(cmdWelcome, nil); err != nil {
		return err
	}
	initiate, err := h.expect(cmdInitiate)
	if err != nil {
		return err
	}
	if err := h.admit(initiate); err != nil {
		return err
	}
	return h.sendReady()
}

// appendPlain appends a name or password under a length of one octet.
func appendPlain(dst []byte, s string) []byte {
	return append(append(dst, byte(len(s))), s...)
}

// parsePlain splits the data of HELLO.
func parsePlain(hello []byte) (username, password string, err error) {
	username, rest, ok := cutPlain(hello)
	if ok {
		password, rest, ok = cutPlain(rest)
	}
	if !ok || len(rest) > 0 {
		return "", "", protocolError("malformed HELLO")
	}
	return username, password, nil
}

func cutPlain(b []byte) (s string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}
