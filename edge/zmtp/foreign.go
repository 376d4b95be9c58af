package zmtp

// Peers speaking another protocol: which one, as far as the first bytes tell.

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// overheard notes what is read of a peer's greeting. The first byte ends the dialer's
// wait for any.
type overheard struct {
	h     *handshake
	until time.Time // of the whole handshake
	b     []byte
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.h.s.Read(p)
	if len(o.b) == 0 && n > 0 {
		_ = o.h.s.SetDeadline(o.until) // a failure shows at the next read
	}
	o.b = append(o.b, p[:n]...)
	return n, err
}

const (
	// moreTime is how long the rest of a foreign peer's first words is waited for.
	moreTime = 200 * time.Millisecond
	// answerTime is how long a silent peer may take to answer what HTTP takes for
	// a request.
	answerTime = 500 * time.Millisecond
)

// hear reads the peer's greeting. Peers of ZMTP send the first bytes at once. If the peer says
// nothing for two fifths of the time, a dialer takes the peer for a server of HTTP, which waits for
// a line, and sends two empty lines to get an answer. With the default of 5 s the answer comes
// within the 3 s that trawl status waits.
func (h *handshake) hear() (greeting, error) {
	until := time.Now().Add(h.o.HandshakeTimeout)
	heard := &overheard{h: h, until: until}
	if !h.listener {
		if err := h.s.SetDeadline(until.Add(-h.o.HandshakeTimeout * 3 / 5)); err != nil {
			return greeting{}, err
		}
	}
	g, err := readGreeting(heard)
	switch {
	case err == nil:
		return g, nil
	case errors.Is(err, errForeign):
		if service := protocolOf(h.more(heard.b, moreTime)); service != "" {
			err = protocolError(fmt.Sprintf("peer speaks %s, not ZeroMQ", service))
		}
	case isTimeout(err) && len(heard.b) == 0 && !h.listener:
		_ = h.s.SetDeadline(time.Now().Add(answerTime))
		if writeAll(h.s, []byte("\r\n\r\n")) == nil {
			if service := protocolOf(h.more(nil, answerTime)); service != "" {
				return g, protocolError(fmt.Sprintf("peer speaks %s, not ZeroMQ", service))
			}
		}
		err = &refusal{ReasonTimeout, errors.New("peer took the connection and said nothing: another service may have that port, or the peer hangs")}
	}
	return g, err
}

// more reads for some time, while the protocol is not known and may become so, and
// returns first and what was read, at most as long as a greeting.
func (h *handshake) more(first []byte, within time.Duration) []byte {
	if h.s.SetDeadline(time.Now().Add(within)) != nil {
		return first
	}
	b := append(make([]byte, 0, greetingSize), first...)
	for len(b) < greetingSize && protocolOf(b) == "" && mayBecomeKnown(b) {
		n, err := h.s.Read(b[len(b):greetingSize])
		b = b[:len(b)+n]
		if err != nil {
			break
		}
	}
	return b
}

// protocols are known by how a client or a server begins.
var protocols = []struct{ begins, name string }{
	{"HTTP/", "HTTP"},
	{"GET ", "HTTP"},
	{"POST ", "HTTP"},
	{"HEAD ", "HTTP"},
	{"PUT ", "HTTP"},
	{"OPTIONS ", "HTTP"},
	{"PRI * HTTP/2", "HTTP"},
	{"\x15\x03", "TLS"},
	{"\x16\x03", "TLS"},
	{"SSH-", "SSH"},
	{"220 ", "SMTP or FTP"},
	{"220-", "SMTP or FTP"},
	{"EHLO ", "SMTP"},
	{"HELO ", "SMTP"},
	{"* OK", "IMAP"},
	{"+OK", "POP3 or Redis"},
	{"-ERR", "Redis"},
	{"RFB ", "VNC"},
	{"AMQP", "AMQP"},
	{"INFO {", "NATS"},
}

// protocolOf names the protocol whose first bytes b are; "": not known.
func protocolOf(b []byte) string {
	for _, p := range protocols {
		if bytes.HasPrefix(b, []byte(p.begins)) {
			return p.name
		}
	}
	return ""
}

// mayBecomeKnown reports whether a protocol begins with b.
func mayBecomeKnown(b []byte) bool {
	return slices.ContainsFunc(protocols, func(p struct{ begins, name string }) bool { return strings.HasPrefix(p.begins, string(b)) })
}
