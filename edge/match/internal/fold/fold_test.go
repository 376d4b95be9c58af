package fold

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var pieces = strings.Split("k K \u212a s S \u017f é É ß ẞ \u2126 ω Ω . \n \xc3 \xa9 \xe2\x84 \xaa \xff \xef\xbf\xbd _", " ")

// The folded text leads back to the original, rune by rune, and the original to the folded text.
func TestOffsetsLeadBackAndForth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "text"), ""))
		folded, shifts := Append([]byte("before"), text, nil)
		folded = bytes.TrimPrefix(folded, []byte("before"))
		if len(folded) > len(text) {
			t.Fatalf("%q folds to %d bytes", text, len(folded))
		}
		at := 0
		for i, r := range string(text) {
			if shifts.Original(at) != i || shifts.Folded(i) != at {
				t.Fatalf("%q: byte %d of %q leads to %d, want %d; that leads to %d", text, at, folded, shifts.Original(at), i, shifts.Folded(i))
			}
			if r == '\uFFFD' && text[i] != 0xef { // an invalid byte
				at++
				continue
			}
			at += len(string(Smallest(r)))
		}
		if at != len(folded) || shifts.Original(at) != len(text) {
			t.Fatalf("%q: the end %d of %q leads to %d", text, at, folded, shifts.Original(at))
		}
	})
}
