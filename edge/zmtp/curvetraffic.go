package zmtp

// CURVE after the handshake: every frame, and every PING and PONG, travels in a
// MESSAGE (RFC 26), which libzmq sends as an ordinary frame without MORE:
//
//	0x07 "MESSAGE"  counter (8)  box (16 + 1 + n)
//
// In the box are an octet of flags and the n bytes of the frame. The reader
// turns MESSAGEs into the wire form of plain ZMTP, and the outbox turns that
// into MESSAGEs: nothing above them knows of encryption.

import (
	"encoding/binary"
	"fmt"
)

const (
	messageName   = "\x07MESSAGE"
	sealedHead    = len(messageName) + counterSize
	sealedInBox   = 1 // the octet of flags
	sealOverhead  = sealedHead + boxOverhead + sealedInBox
	sealedMore    = 1 << 0
	sealedCommand = 1 << 1
)

// traffic is what the two directions of a protected connection need. Both are nil on an unencrypted
// connection.
type traffic struct {
	seal *sealer
	open *opener
}

// newTraffic continues the counters of the handshake: ours was used last by
// us, theirs by the peer.
func newTraffic(k *boxKey, ourPrefix string, ours uint64, theirPrefix string, theirs uint64) traffic {
	return traffic{
		seal: &sealer{key: *k, nonce: countedNonce(ourPrefix, 0), counter: ours},
		open: &opener{key: *k, nonce: countedNonce(theirPrefix, 0), counter: theirs},
	}
}

// sealer makes MESSAGEs. It belongs to the outbox.
type sealer struct {
	key     boxKey
	nonce   nonce
	counter uint64 // of the latest MESSAGE
}

// sealedSize is the size on the wire of a frame of n bytes.
func sealedSize(n int) int {
	if n+sealOverhead > shortMax {
		return longHeader + sealOverhead + n
	}
	return shortHeader + sealOverhead + n
}

// sealedSizeOf is the size on the wire of frames, given in wire form.
func sealedSizeOf(frames []byte) (size int) {
	for len(frames) > 0 {
		var body []byte
		body, frames = cutFrame(frames)
		size += sealedSize(len(body))
	}
	return size
}

// appendFrames appends a MESSAGE for each frame.
func (s *sealer) appendFrames(dst, frames []byte) []byte {
	for len(frames) > 0 {
		flags := frames[0] & flagMore // the same bit in both worlds
		var body []byte
		body, frames = cutFrame(frames)
		dst = s.append(dst, flags, body)
	}
	return dst
}

// appendCommand appends a MESSAGE with a command.
func (s *sealer) appendCommand(dst []byte, name string, data []byte) []byte {
	command := appendCommand(nil, name, data)
	return s.append(dst, sealedCommand, command[headerSize(command[0]):])
}

func (s *sealer) append(dst []byte, flags byte, body []byte) []byte {
	plain := newBuffer(sealedInBox + len(body))
	defer plain.release()
	plain.b = append(append(plain.b, flags), body...)

	s.counter++
	counter := s.nonce[nonceSize-counterSize:]
	binary.BigEndian.PutUint64(counter, s.counter)
	dst = appendHeader(dst, 0, sealOverhead+len(body))
	dst = append(append(dst, messageName...), counter...)
	return s.key.seal(dst, plain.b, &s.nonce)
}

// putSealed queues a message taking size bytes when the frames are sealed: straight into a shared
// chunk, or into a new one.
func (o *outbox) putSealed(prefix, wire []byte, size int) {
	var c *chunk
	if size <= coalesceMax {
		c = o.shared(size)
	} else {
		c = o.append(chunk{buf: newBuffer(size)})
	}
	c.buf.b = o.seal.appendFrames(c.buf.b, prefix)
	c.buf.b = o.seal.appendFrames(c.buf.b, wire)
	c.messages++
}

// opener opens MESSAGEs. It belongs to the reader.
type opener struct {
	key     boxKey
	nonce   nonce
	counter uint64 // of the latest MESSAGE
}

// open opens a MESSAGE and appends what is in the box to dst: flags and body. There must be room
// for it behind dst. A MESSAGE coming a second time or out of order is refused.
func (o *opener) open(dst, message []byte) ([]byte, error) {
	if len(message) < sealOverhead {
		return nil, errNotEncrypted
	}
	n, err := o.next(message)
	if err != nil {
		return nil, err
	}
	plain, ok := o.key.open(dst, message[sealedHead:], &o.nonce)
	if !ok {
		return nil, errBox("MESSAGE")
	}
	o.counter = n
	if flags := plain[len(dst)]; flags != 0 && flags != sealedMore && flags != sealedCommand {
		return nil, errFlags(flags)
	}
	return plain, nil
}

func errFlags(flags byte) error { return protocolError(fmt.Sprintf("MESSAGE with flags %#02x", flags)) }

var errNotEncrypted = protocolError("frame that is not encrypted, on a connection with CURVE")

func errReplayed(command string) error {
	return protocolError(command + " whose counter does not grow: replayed or out of order")
}
