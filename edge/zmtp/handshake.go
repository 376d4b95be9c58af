package zmtp

// The handshake: from a fresh stream to a connection. Greetings first, then
// commands as the security mechanism wants them: see security.go.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// handshake is a handshake in progress, seen from one side. It reads exactly the bytes of the
// handshake: nothing is lost, and no read buffer is needed until the peer has proven to speak ZMTP.
type handshake struct {
	s        stream
	o        *Options
	listener bool // we listened, the peer dialed
	peer     Peer
	announce string  // the socket type we announce
	traffic  traffic // from the mechanism
}

// connect turns s into a connection. After an error s is still open.
func connect(s stream, o *Options, listener bool) (*Conn, error) {
	h := &handshake{s: s, o: o, listener: listener, announce: o.SocketType}
	h.peer.RemoteAddr, h.peer.Local = s.remote()
	if err := h.run(); err != nil {
		h.tellRefused(err)
		return nil, err
	}
	return newConn(s, o, h.peer, h.traffic), nil
}

func (h *handshake) run() error {
	if err := h.s.SetDeadline(time.Now().Add(h.o.HandshakeTimeout)); err != nil {
		return err
	}
	if err := h.greet(); err != nil {
		return err
	}
	m := mechanisms[h.o.Security.Mechanism]
	run := m.client
	if h.listener {
		run = m.server
	}
	if err := run(h); err != nil {
		return err
	}
	return h.s.SetDeadline(time.Time{})
}

// greet exchanges greetings. A listener waits for the peer's mechanism before sending a mechanism:
// libzmq hangs up without a word on a mechanism other than libzmq's own, and the log would not say
// why.
func (h *handshake) greet() error {
	mine := greeting{version: ours, mechanism: h.o.Security.Mechanism}
	mine.asServer = h.listener && mine.mechanism != Null
	first, rest := mine.encode(), []byte(nil)
	if h.listener {
		first, rest = first[:greetingHead], first[greetingHead:]
	}
	if err := writeAll(h.s, first); err != nil {
		return err
	}
	theirs, err := h.hear()
	if err != nil {
		return err
	}
	if err := writeAll(h.s, rest); err != nil {
		return err
	}
	if theirs.mechanism != mine.mechanism {
		return &refusal{ReasonSecurity, &MechanismError{Ours: mine.mechanism, Theirs: theirs.mechanism}}
	}
	h.peer.Version, h.peer.Mechanism = theirs.version, theirs.mechanism
	return nil
}

// readCommand reads a single command.
func (h *handshake) readCommand() (name string, data []byte, err error) {
	b := make([]byte, shortHeader, longHeader)
	if _, err := io.ReadFull(h.s, b); err != nil {
		return "", nil, err
	}
	b = b[:headerSize(b[0])]
	if _, err := io.ReadFull(h.s, b[shortHeader:]); err != nil {
		return "", nil, unexpectedEOF(err)
	}
	header, _ := decodeHeader(b)
	if err := header.check(); err != nil {
		return "", nil, err
	}
	if !header.command() {
		return "", nil, protocolError("message before the handshake was over")
	}
	if header.len > uint64(h.o.MaxHandshake) {
		return "", nil, protocolError(fmt.Sprintf("handshake command of %d bytes; at most %d are allowed", header.len, h.o.MaxHandshake))
	}
	body := make([]byte, header.len)
	if _, err := io.ReadFull(h.s, body); err != nil {
		return "", nil, unexpectedEOF(err)
	}
	if data, ok := bytes.CutPrefix(body, []byte(libzmqPlainError)); ok {
		return cmdError, data, nil
	}
	return cutCommand(body)
}

// expect reads the command that is due.
func (h *handshake) expect(due string) (data []byte, err error) {
	name, data, err := h.readCommand()
	switch {
	case err != nil:
		return nil, err
	case name == due:
		return data, nil
	case name == cmdError:
		return nil, &refusal{ReasonError, fmt.Errorf("peer refused us: %s", errorReason(data))}
	}
	return nil, protocolError(fmt.Sprintf("command %q where %s was due", name, due))
}

func (h *handshake) send(name string, data []byte) error {
	return writeAll(h.s, appendCommand(nil, name, data))
}

func (h *handshake) sendReady() error { return h.send(cmdReady, h.metadata()) }

// admitReady reads the peer's READY and decides whether to go on with it.
func (h *handshake) admitReady() error {
	ready, err := h.expect(cmdReady)
	if err != nil {
		return err
	}
	return h.admit(ready)
}

// metadata returns what we announce.
func (h *handshake) metadata() []byte {
	b := appendProperty(nil, propSocketType, []byte(h.announce))
	if len(h.o.Identity) > 0 {
		b = appendProperty(b, propIdentity, h.o.Identity)
	}
	return b
}

// admit takes the peer's metadata and decides whether to go on with it.
func (h *handshake) admit(metadata []byte) error {
	properties, err := parseMetadata(metadata)
	if err != nil {
		return err
	}
	if err := h.peer.setMetadata(properties); err != nil {
		return err
	}
	if h.listener && h.o.Announce != nil {
		if h.announce, err = h.o.Announce(h.peer); err != nil {
			return &refusal{ReasonApplication, fmt.Errorf("refused: %w", err)}
		}
		if err := checkSocketType(h.announce); err != nil {
			return err
		}
	}
	return checkCompatible(h.announce, h.peer.SocketType)
}

// handshakeError says in which way a handshake failed, for people.
func handshakeError(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("peer closed the connection during the handshake")
	}
	if isTimeout(err) {
		return errors.New("peer did not finish the handshake in time")
	}
	if errors.Is(err, net.ErrClosed) {
		return errors.New("handshake cut short: it gave way to another, or the listener was closed")
	}
	return err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
