package match

// What a whole word is.

import (
	"unicode"
	"unicode/utf8"
)

// isWord says whether r is a word character: a Unicode letter, a digit or '_'.
// The rune that stands for invalid UTF-8 is none.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// isWhole says whether text[start:end] has a word character on neither side.
func isWhole(text []byte, start, end int) bool {
	if start > 0 {
		if r, _ := utf8.DecodeLastRune(text[:start]); isWord(r) {
			return false
		}
	}
	if end < len(text) {
		if r, _ := utf8.DecodeRune(text[end:]); isWord(r) {
			return false
		}
	}
	return true
}
