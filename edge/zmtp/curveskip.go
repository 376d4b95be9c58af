package zmtp

// Encrypted frames too large to keep: the reader authenticates a frame piece by piece without
// keeping the frame. The peer can then be told, as without encryption.

import (
	"encoding/binary"
	"fmt"

	//lint:ignore SA1019 NaCl authenticates boxes with Poly1305, and nacl/secretbox takes no box in pieces
	"golang.org/x/crypto/poly1305"
	//lint:ignore SA1019 the same for Salsa20, of whose key stream the first block is needed
	"golang.org/x/crypto/salsa20/salsa"
)

// boxCheck authenticates a box without keeping the content. The layout is that of NaCl's secretbox:
// a tag, then the content, encrypted with Salsa20 from the 33rd byte of the key stream on. The
// first 32 bytes are the key of the tag.
type boxCheck struct {
	tag   [poly1305.TagSize]byte
	mac   *poly1305.MAC
	first byte // of the key stream, after the tag's key
	flags byte // first octet in the box; not to be trusted before verified says so
	read  int  // bytes of the box so far
}

func newBoxCheck(k *boxKey, n *nonce) *boxCheck {
	var subKey [32]byte
	var counter [16]byte
	salsa.HSalsa20(&subKey, (*[16]byte)(n[:16]), (*[32]byte)(k), &salsa.Sigma)
	copy(counter[:], n[16:])
	var block [64]byte
	salsa.XORKeyStream(block[:], block[:], &counter, &subKey)
	return &boxCheck{mac: poly1305.New((*[32]byte)(block[:32])), first: block[32]}
}

// write takes the next bytes of the box.
func (c *boxCheck) write(p []byte) {
	if c.read < len(c.tag) {
		n := copy(c.tag[c.read:], p)
		c.read, p = c.read+n, p[n:]
	}
	if len(p) == 0 {
		return
	}
	if c.read == len(c.tag) {
		c.flags = p[0] ^ c.first
	}
	c.read += len(p)
	_, _ = c.mac.Write(p) // never fails
}

// verified reports whether the whole box was written and is authentic.
func (c *boxCheck) verified() bool { return c.read >= boxOverhead && c.mac.Verify(c.tag[:]) }

// skipSealed reads the MESSAGE under h to the end without keeping it: the message in progress is
// cut. The gathered part of the MESSAGE, header included, is given up.
func (r *reader) skipSealed(h header, gathered *Message) error {
	defer func() {
		gathered.Release()
		*gathered = Message{}
	}()
	inner := header{size: longHeader, len: h.len - uint64(sealOverhead)}
	if err := r.checkLimits(inner, &r.sealed.m); err != nil {
		return err
	}
	var begun []byte
	if gathered.IsZero() {
		r.r += h.size
	} else {
		begun = gathered.buf.b[h.size:]
	}
	left := int(h.len) - len(begun)
	if len(begun) < sealedHead {
		rest := sealedHead - len(begun)
		if err := r.fill(rest); err != nil {
			return unexpectedEOF(err)
		}
		begun = append(append(make([]byte, 0, sealedHead), begun...), r.buf[r.r:r.r+rest]...)
		r.r += rest
		left -= rest
	}
	s := &r.sealed
	number, err := s.next(begun)
	if err != nil {
		return err
	}
	box := newBoxCheck(&s.key, &s.nonce)
	box.write(begun[sealedHead:])
	gathered.Release()
	*gathered = Message{}
	r.count(r.opened, int(r.opened))
	for left > 0 {
		if r.r == r.w {
			if err := r.fill(1); err != nil {
				return unexpectedEOF(err)
			}
		}
		k := min(left, r.w-r.r)
		box.write(r.buf[r.r : r.r+k])
		r.r += k
		r.arrived.Store(r.arrived.Load() + int64(k))
		left -= k
	}
	if !box.verified() {
		return errBox("MESSAGE")
	}
	s.counter = number
	switch box.flags {
	case 0, sealedMore:
	case sealedCommand:
		return protocolError(fmt.Sprintf("command of %d bytes; at most %d are allowed", inner.len, r.maxCommand))
	default:
		return errFlags(box.flags)
	}
	if s.m.buf == nil {
		s.m.buf = newBuffer(len(placeholder))
	}
	r.truncate(&s.m, len(s.m.buf.b), inner.size+int(inner.len))
	s.whole = box.flags&sealedMore == 0
	return nil
}

// next looks at the start of a MESSAGE, makes the nonce, and returns the counter, which must be
// noted once the box has proven to be right.
func (o *opener) next(message []byte) (counter uint64, err error) {
	if len(message) < sealedHead || string(message[:len(messageName)]) != messageName {
		return 0, errNotEncrypted
	}
	number := message[len(messageName):sealedHead]
	counter = binary.BigEndian.Uint64(number)
	if counter <= o.counter {
		return 0, errReplayed("MESSAGE")
	}
	copy(o.nonce[nonceSize-counterSize:], number)
	return counter, nil
}
