package zmtp

// The greeting, 64 octets that open every connection (ZMTP 3.1, RFC 37, "Greeting"):
//
//	signature (10)  version (2)  mechanism (20)  as-server (1)  filler (31)

import (
	"bytes"
	"fmt"
	"io"
)

const (
	greetingSize  = 64
	signatureSize = 10
	mechanismAt   = 12
	mechanismSize = 20
	asServerAt    = mechanismAt + mechanismSize
	greetingHead  = signatureSize + 1 // what a peer must have before it sends the mechanism
)

// ours is the version of ZMTP of this package. A higher version of the peer is answered and treated
// as ours.
var ours = Version{3, 1}

// greeting is the decoded greeting of one side.
type greeting struct {
	version   Version
	mechanism string
	asServer  bool
}

// encode returns the greeting as it goes over the wire.
func (g greeting) encode() []byte {
	b := make([]byte, greetingSize)
	b[0], b[signatureSize-1] = 0xff, 0x7f
	b[signatureSize], b[signatureSize+1] = g.version.Major, g.version.Minor
	copy(b[mechanismAt:asServerAt], g.mechanism)
	if g.asServer {
		b[asServerAt] = 1
	}
	return b
}

var errForeign = protocolError("peer speaks ZMTP 1.0 or something else; 3.0 or later is needed")

// readGreeting reads a peer's greeting. It reads in steps, because a peer of
// ZMTP 1.0 or 2.0 sends less than 64 octets and then waits.
func readGreeting(r io.Reader) (greeting, error) {
	b := make([]byte, greetingSize)
	if _, err := io.ReadFull(r, b[:1]); err != nil {
		return greeting{}, err
	}
	if b[0] != 0xff {
		return greeting{}, errForeign
	}
	if _, err := io.ReadFull(r, b[1:signatureSize+1]); err != nil {
		return greeting{}, unexpectedEOF(err)
	}
	if b[signatureSize-1]&1 == 0 {
		return greeting{}, errForeign
	}
	if major := b[signatureSize]; major < 3 {
		return greeting{}, protocolError(fmt.Sprintf("peer speaks ZMTP 2.0 (revision %d); 3.0 or later is needed", major))
	}
	if _, err := io.ReadFull(r, b[signatureSize+1:]); err != nil {
		return greeting{}, unexpectedEOF(err)
	}
	return parseGreeting(b)
}

// parseGreeting reads a whole greeting of version 3.0 or later.
func parseGreeting(b []byte) (greeting, error) {
	g := greeting{version: Version{b[signatureSize], b[signatureSize+1]}, asServer: b[asServerAt] == 1}
	if g.version.Major > ours.Major || g.version.Minor > ours.Minor {
		g.version = ours
	}
	name, padding, _ := bytes.Cut(b[mechanismAt:asServerAt], []byte{0})
	if !validMechanism(name) || len(bytes.Trim(padding, "\x00")) != 0 {
		return greeting{}, protocolError("malformed name of a security mechanism")
	}
	g.mechanism = string(name)
	return g, nil
}

// validMechanism reports whether name has the form RFC 37 gives mechanisms.
func validMechanism(name []byte) bool {
	for _, c := range name {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != '+' {
			return false
		}
	}
	return len(name) > 0
}

// unexpectedEOF turns an end inside of something into io.ErrUnexpectedEOF.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
