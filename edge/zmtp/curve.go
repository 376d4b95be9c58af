package zmtp

// The security mechanism CURVE (RFC 26, CurveZMQ): both ends have a lasting key
// pair, the client knows the server's public key. The order of commands is
//
//	client: HELLO    (C', a box for S by C')
//	server: WELCOME  (a box for C' by S: S' and a cookie)
//	client: INITIATE (the cookie, a box for S' by C': C, a vouch, metadata)
//	server: READY    (a box for C' by S': metadata)
//	both:   MESSAGE  (a box between C' and S': one frame; see curvetraffic.go)
//
// C and S are lasting keys. C' and S' are made for a single connection and forgotten afterwards:
// recorded traffic stays closed even to a thief of C and S. curveclient.go and curveserver.go have
// the two sides; this file has the common parts.

import (
	"crypto/rand"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/nacl/secretbox"
)

type curve struct{}

// Parts of commands, in bytes.
const (
	nonceSize    = 24
	counterSize  = 8  // what of a nonce is sent where the rest is a long prefix
	randomSize   = 16 // and where it is a short one
	boxOverhead  = secretbox.Overhead
	curveVersion = "\x01\x00" // of CurveZMQ, in HELLO

	helloPadding = 72 // makes HELLO longer than WELCOME: no amplification
	helloPlain   = 64 // zeros
	helloSize    = len(curveVersion) + helloPadding + KeySize + counterSize + boxOverhead + helloPlain

	cookieSize  = randomSize + boxOverhead + 2*KeySize // for s' and C'
	welcomeSize = randomSize + boxOverhead + KeySize + cookieSize

	vouchSize    = randomSize + boxOverhead + 2*KeySize // for C' and S
	initiateHead = KeySize + vouchSize                  // then metadata
	initiateMin  = cookieSize + counterSize + boxOverhead + initiateHead
)

// Prefixes of nonces: one for each purpose, to give no two boxes under a key an equal nonce.
const (
	nonceHello    = "CurveZMQHELLO---"
	nonceWelcome  = "WELCOME-"
	nonceCookie   = "COOKIE--"
	nonceVouch    = "VOUCH---"
	nonceInitiate = "CurveZMQINITIATE"
	nonceReady    = "CurveZMQREADY---"
	nonceByClient = "CurveZMQMESSAGEC"
	nonceByServer = "CurveZMQMESSAGES"
)

type nonce = [nonceSize]byte

// boxKey seals and opens boxes: NaCl's secretbox, and with agree NaCl's box.
type boxKey [32]byte

// weakKey is the result of agree with a point of small order, for every secret key: everyone knows
// weakKey.
var weakKey = precompute(PublicKey{}, GenerateKey())

// agree returns the key that the owners of two key pairs share. The error says
// that theirs is a point of small order.
func agree(theirs PublicKey, ours SecretKey) (*boxKey, error) {
	key := precompute(theirs, ours)
	if key == weakKey {
		return nil, protocolError("weak public key")
	}
	return &key, nil
}

func precompute(theirs PublicKey, ours SecretKey) (key boxKey) {
	box.Precompute((*[32]byte)(&key), (*[32]byte)(&theirs), (*[32]byte)(&ours))
	return key
}

// seal appends a box with plain to dst. They must not overlap.
func (k *boxKey) seal(dst, plain []byte, n *nonce) []byte {
	return secretbox.Seal(dst, plain, n, (*[32]byte)(k))
}

// open appends what is in the box sealed to dst. They must not overlap.
func (k *boxKey) open(dst, sealed []byte, n *nonce) (plain []byte, ok bool) {
	return secretbox.Open(dst, sealed, n, (*[32]byte)(k))
}

// sealCounted appends counter and a box with plain.
func (k *boxKey) sealCounted(dst []byte, prefix string, counter uint64, plain []byte) []byte {
	n := countedNonce(prefix, counter)
	dst = binary.BigEndian.AppendUint64(dst, counter)
	return k.seal(dst, plain, &n)
}

// openCounted opens what sealCounted has made.
func (k *boxKey) openCounted(sealed []byte, prefix string) (plain []byte, counter uint64, ok bool) {
	if len(sealed) < counterSize+boxOverhead {
		return nil, 0, false
	}
	counter = binary.BigEndian.Uint64(sealed)
	n := countedNonce(prefix, counter)
	plain, ok = k.open(nil, sealed[counterSize:], &n)
	return plain, counter, ok
}

// sealRandom appends half a random nonce and a box with plain.
func (k *boxKey) sealRandom(dst []byte, prefix string, plain []byte) []byte {
	var n nonce
	rand.Read(n[copy(n[:], prefix):])
	dst = append(dst, n[len(prefix):]...)
	return k.seal(dst, plain, &n)
}

// openRandom opens what sealRandom has made.
func (k *boxKey) openRandom(sealed []byte, prefix string) (plain []byte, ok bool) {
	if len(sealed) < randomSize+boxOverhead {
		return nil, false
	}
	var n nonce
	copy(n[copy(n[:], prefix):], sealed)
	return k.open(nil, sealed[randomSize:], &n)
}

func countedNonce(prefix string, counter uint64) (n nonce) {
	binary.BigEndian.PutUint64(n[copy(n[:], prefix):], counter)
	return n
}

// errBox is about a command of the handshake whose box does not open: altered,
// replayed, or made with other keys.
func errBox(command string) error {
	return protocolError(command + " whose box does not open")
}

var errHello = errors.New("HELLO whose box does not open: the peer has another server key than ours, or the command was altered")
