package zmtp

// Keys of CURVE: points and scalars of Curve25519 (RFC 7748) of 32 bytes, which
// people see as 40 characters of Z85.

import (
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/curve25519"
)

// KeySize is the size of a key in bytes, and KeyChars that of the Z85 form.
const (
	KeySize  = 32
	KeyChars = KeySize / 4 * 5
)

// PublicKey is what others know a peer by. The zero value is no key.
type PublicKey [KeySize]byte

// SecretKey is a peer's own. It is printed as a placeholder only, whatever the
// verb; Z85 returns the real thing. The zero value is no key.
type SecretKey [KeySize]byte

// GenerateKey makes a new key. It never fails.
func GenerateKey() SecretKey {
	var k SecretKey
	rand.Read(k[:])
	return k
}

// Public returns the public key belonging to k.
func (k SecretKey) Public() PublicKey {
	var p PublicKey
	curve25519.ScalarBaseMult((*[KeySize]byte)(&p), (*[KeySize]byte)(&k))
	return p
}

// Z85 returns the secret itself, for a key file.
func (k SecretKey) Z85() string { return encodeZ85(k[:]) }

// Format keeps the key out of logs and error messages.
func (k SecretKey) Format(f fmt.State, _ rune) { f.Write([]byte("(secret key)")) }

// MarshalText keeps the key out of JSON and the like.
func (k SecretKey) MarshalText() ([]byte, error) { return []byte("(secret key)"), nil }

// String returns the key in Z85.
func (k PublicKey) String() string { return encodeZ85(k[:]) }

// ParsePublicKey reads a key in Z85.
func ParsePublicKey(z85 string) (PublicKey, error) {
	b, err := parseKey(z85)
	return PublicKey(b), err
}

// ParseSecretKey reads a key in Z85. The error never repeats it.
func ParseSecretKey(z85 string) (SecretKey, error) {
	b, err := parseKey(z85)
	return SecretKey(b), err
}

func parseKey(z85 string) (key [KeySize]byte, err error) {
	if len(z85) != KeyChars {
		return key, fmt.Errorf("zmtp: a key has %d characters, not %d", KeyChars, len(z85))
	}
	b, err := DecodeZ85(z85)
	if err != nil {
		return key, err
	}
	return [KeySize]byte(b), nil
}
