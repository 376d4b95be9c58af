package zmtp

// Z85 (RFC 32): four bytes as five printable characters, the form in which
// ZeroMQ writes keys.

import (
	"encoding/binary"
	"fmt"
)

const z85Alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// z85Digits holds the place of every character in the alphabet, from 1; 0: not in the alphabet.
var z85Digits = func() (digits [256]byte) {
	for i := range len(z85Alphabet) {
		digits[z85Alphabet[i]] = byte(i + 1)
	}
	return digits
}()

// EncodeZ85 returns b in Z85. The length of b must be a multiple of 4; the
// error says so.
func EncodeZ85(b []byte) (string, error) {
	if len(b)%4 != 0 {
		return "", fmt.Errorf("zmtp: Z85 takes a multiple of 4 bytes, not %d", len(b))
	}
	return encodeZ85(b), nil
}

// encodeZ85 encodes b, whose length is a multiple of 4.
func encodeZ85(b []byte) string {
	text := make([]byte, 0, len(b)/4*5)
	for ; len(b) > 0; b = b[4:] {
		v := binary.BigEndian.Uint32(b)
		for divisor := uint32(85 * 85 * 85 * 85); divisor > 0; divisor /= 85 {
			text = append(text, z85Alphabet[v/divisor%85])
		}
	}
	return string(text)
}

// DecodeZ85 returns the bytes encoded in text. The error says why text is wrong and does not repeat
// text, which may be a secret key.
func DecodeZ85(text string) ([]byte, error) {
	if len(text)%5 != 0 {
		return nil, fmt.Errorf("zmtp: Z85 has a multiple of 5 characters, not %d", len(text))
	}
	b := make([]byte, 0, len(text)/5*4)
	for at := 0; at < len(text); at += 5 {
		var v uint64
		for i := at; i < at+5; i++ {
			digit := z85Digits[text[i]]
			if digit == 0 {
				return nil, fmt.Errorf("zmtp: character %d is not of the Z85 alphabet", i+1)
			}
			v = 85*v + uint64(digit-1)
		}
		if v > 1<<32-1 {
			return nil, fmt.Errorf("zmtp: characters %d to %d are not Z85: their value is too large", at+1, at+5)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b, nil
}
