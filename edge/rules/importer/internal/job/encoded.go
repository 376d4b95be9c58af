package job

// Texts in encodings: hexadecimal digits, base64.

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// HexBytes reads pairs of hexadecimal digits, separated by blanks.
func HexBytes(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil, fmt.Errorf("%.40q is not pairs of hexadecimal digits", s)
	}
	return b, nil
}

// HexOf returns b as the value of a rule's hex, with a blank between bytes.
func HexOf(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(hex.EncodeToString([]byte{c}))
	}
	return s.String()
}

// MixedBytes reads the value of content: text with |hex| parts.
func MixedBytes(s string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			out = append(out, s[i])
		case c == '|':
			end := strings.IndexByte(s[i+1:], '|')
			if end < 0 {
				return nil, fmt.Errorf("a | without its end")
			}
			b, err := HexBytes(s[i+1 : i+1+end])
			if err != nil {
				return nil, err
			}
			out = append(out, b...)
			i += end + 1
		default:
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("empty content")
	}
	return out, nil
}

// Base64Shifts returns the forms of a text within base64, one for each of three positions.
func Base64Shifts(text []byte, encoding *base64.Encoding) [][]byte {
	var list [][]byte
	for shift := range 3 {
		padded := append(make([]byte, shift), text...)
		encoded := encoding.WithPadding(base64.NoPadding).EncodeToString(padded)
		// Characters that also hold bits of the neighbours are cut off.
		front := [...]int{0, 2, 3}[shift]
		back := [...]int{0, 1, 1}[len(padded)%3]
		if len(encoded) > front+back {
			list = append(list, []byte(encoded[front:len(encoded)-back]))
		}
	}
	return list
}
