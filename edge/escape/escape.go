package escape

// Hidden characters, and the escapes in their place.

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hides reports whether s holds hidden characters, so that s cannot be a name.
func Hides[T string | []byte](s T) bool { return next(s, 0, nothing) < len(s) }

// Line returns s on one line: hidden characters are escaped, also line breaks and tabs.
func Line(s string) string {
	if !Hides(s) {
		return s
	}
	return string(appendReplaced(nil, s, nothing))
}

// Text appends a line of data to dst for a terminal. Tabs stay, and the joiners
// of scripts and emoji (U+200C, U+200D).
func Text(dst, line []byte) []byte {
	return appendReplaced(dst, line, func(r rune) bool { return r == '\t' || r == '\u200c' || r == '\u200d' })
}

// JSON returns a document of the same meaning whose strings hold no hidden characters: they become
// escapes, and bytes outside of UTF-8 become U+FFFD. Line breaks between values stay. If there is
// nothing to replace, JSON returns document itself.
func JSON(document []byte) []byte {
	keep := func(r rune) bool { return r == '\n' || r == '\t' }
	i := next(document, 0, keep)
	if i == len(document) {
		return document
	}
	dst := make([]byte, 0, len(document)+len(document)/8+16)
	from := 0
	for ; i < len(document); i = next(document, from, keep) {
		dst = append(dst, document[from:i]...)
		r, n := utf8.DecodeRune(document[i:])
		dst = AppendJSONRune(dst, r)
		from = i + n
	}
	return append(dst, document[from:]...)
}

// AppendJSONRune appends the escape of a character for a string in JSON (RFC 8259,
// section 7).
func AppendJSONRune(dst []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	units := []rune{r}
	if r > 0xffff {
		r -= 0x10000
		units = []rune{0xd800 + r>>10, 0xdc00 + r&0x3ff}
	}
	for _, u := range units {
		dst = append(dst, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	return dst
}

// Hidden reports whether a character does something else than to be seen.
func Hidden(r rune) bool {
	switch {
	case r < ' ' || r >= 0x7f && r < 0xa0: // C0, DEL, C1
		return true
	case r < 0x600: // most letters; of these only the soft hyphen is hidden
		return r == 0xad
	case r >= 0x3000 && r < 0xfeff: // no hidden characters; among these are the scripts of China, Japan and Korea
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func nothing(rune) bool { return false }

// next returns the index of the first hidden character of s from i on for which keep is false, or
// len(s).
func next[T string | []byte](s T, i int, keep func(rune) bool) int {
	for i < len(s) {
		if c := s[i]; c >= ' ' && c < 0x7f {
			i++
			continue
		}
		r, n := decode(s, i)
		if r == utf8.RuneError && n == 1 || Hidden(r) && !keep(r) {
			return i
		}
		i += n
	}
	return len(s)
}

// decode is the character of s at i.
func decode[T string | []byte](s T, i int) (rune, int) {
	return utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
}

func appendReplaced[T string | []byte](dst []byte, s T, keep func(rune) bool) []byte {
	from := 0
	for i := next(s, 0, keep); i < len(s); i = next(s, from, keep) {
		dst = append(dst, s[from:i]...)
		r, n := decode(s, i)
		if r == utf8.RuneError { // a byte outside of UTF-8
			dst = append(dst, `\x`...)
			dst = append(dst, strconv.FormatUint(uint64(s[i])+0x100, 16)[1:]...)
		} else {
			dst = append(dst, strings.Trim(strconv.QuoteRune(r), "'")...)
		}
		from = i + n
	}
	return append(dst, s[from:]...)
}
