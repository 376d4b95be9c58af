package zmtp

// Frames on the wire (ZMTP 3.1, RFC 37, "Framing"): one octet of flags, a
// length of one octet or of eight in network order, then the body.

import (
	"encoding/binary"
	"fmt"
)

// Bits of the flags octet. All others are reserved and must be zero.
const (
	flagMore    = 1 << 0 // more frames of the same message follow
	flagLong    = 1 << 1 // the length has eight octets
	flagCommand = 1 << 2 // the body is a command, not part of a message
	flagsKnown  = flagMore | flagLong | flagCommand
)

const (
	shortHeader = 2   // flags, length
	longHeader  = 9   // flags, 8 octets of length
	shortMax    = 255 // the longest body under a short header
)

// header is a decoded frame header.
type header struct {
	flags byte
	len   uint64 // of the body; not yet held against any limit
	size  int    // of the header itself, 2 or 9
}

func (h header) more() bool    { return h.flags&flagMore != 0 }
func (h header) command() bool { return h.flags&flagCommand != 0 }

// headerSize is the size of a header with flags.
func headerSize(flags byte) int {
	if flags&flagLong != 0 {
		return longHeader
	}
	return shortHeader
}

// decodeHeader decodes the frame header at the start of b. ok is false while b
// is too short to hold it.
func decodeHeader(b []byte) (h header, ok bool) {
	if len(b) < shortHeader {
		return header{}, false
	}
	h.flags, h.size = b[0], headerSize(b[0])
	if len(b) < h.size {
		return header{}, false
	}
	if h.size == shortHeader {
		h.len = uint64(b[1])
	} else {
		h.len = binary.BigEndian.Uint64(b[1:])
	}
	return h, true
}

// check reports what in the header itself breaks the protocol.
func (h header) check() error {
	switch {
	case h.flags&^flagsKnown != 0:
		return protocolError(fmt.Sprintf("frame with reserved flags %#02x", h.flags))
	case h.command() && h.more():
		return protocolError("command with the MORE flag")
	case h.len > 1<<63-1:
		return protocolError(fmt.Sprintf("frame length %d has its top bit set", h.len))
	}
	return nil
}

// appendHeader appends the shortest header for a body of n bytes.
func appendHeader(dst []byte, flags byte, n int) []byte {
	if n <= shortMax {
		return append(dst, flags, byte(n))
	}
	dst = append(dst, flags|flagLong)
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}

// AppendFrame appends a single frame in wire form to dst: what Queue and Send take as prefix, with
// more set.
func AppendFrame(dst, body []byte, more bool) []byte {
	var flags byte
	if more {
		flags = flagMore
	}
	return append(appendHeader(dst, flags, len(body)), body...)
}
