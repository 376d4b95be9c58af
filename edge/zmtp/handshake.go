// The handshake: from a fresh stream to a connection. Greetings first, then
// commands as the security mechanism wants them; null.go has the mechanism NULL.

package zmtp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// handshake is one side's view of a handshake in progress. It reads exactly
// the bytes of the handshake, so that nothing is lost and no read buffer is
// needed before the peer has proven to be one.
type handshake struct {
	s        stream
	o        *Options
	listener bool // we listened, the peer dialed
	peer     Peer
	announce string // the socket type we announce
}

// connect turns s into a connection or closes it.
func connect(s stream, o *Options, listener bool) (*Conn, error) {
	h := &handshake{s: s, o: o, listener: listener, announce: o.SocketType}
	h.peer.RemoteAddr, h.peer.Local = s.remote()
	if err := h.run(); err != nil {
		s.Close()
		return nil, err
	}
	return newConn(s, o, h.peer), nil
}

func (h *handshake) run() error {
	if err := h.s.SetDeadline(time.Now().Add(h.o.HandshakeTimeout)); err != nil {
		return err
	}
	if err := h.greet(); err != nil {
		return err
	}
	if err := h.null(); err != nil {
		return err
	}
	return h.s.SetDeadline(time.Time{})
}

// greet exchanges greetings.
func (h *handshake) greet() error {
	mine := greeting{version: ours, mechanism: mechanismNull}
	if err := writeAll(h.s, mine.encode()); err != nil {
		return err
	}
	theirs, err := readGreeting(h.s)
	if err != nil {
		return err
	}
	if theirs.mechanism != mine.mechanism {
		return protocolError(fmt.Sprintf("peer wants security mechanism %s; this endpoint speaks %s", theirs.mechanism, mine.mechanism))
	}
	h.peer.Version, h.peer.Mechanism = theirs.version, theirs.mechanism
	return nil
}

// readCommand reads one command.
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
	return cutCommand(body)
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
			return fmt.Errorf("refused: %w", err)
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
