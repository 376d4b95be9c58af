package match

// What a whole word is.

import (
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many marks of one character are looked at: as many as a text in Unicode's
// stream-safe form has (UAX #15), and two joiners.
const maxMarks = 32

// WordReach is how many bytes before a match decide whether the match is a whole word: a character
// and its marks. Behind a match the next rune decides.
const WordReach = (maxMarks + 1) * utf8.UTFMax

// isWord says whether r is a word character: a Unicode letter, a digit or '_'. The rune standing
// for invalid UTF-8 is no word character.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// isMark says whether r belongs to the character before r (UAX #29, rule WB4): r is a combining
// mark, such as the vowel signs and points of many scripts, or a joiner.
func isMark(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r >= 0x300 && (r == nonJoiner || r == joiner || unicode.IsMark(r))
}

// isWhole says whether text[start:end] has a word character on neither side. Marks belong to the
// character before them.
func isWhole(text []byte, start, end int) bool {
	if start > 0 {
		c := text[start-1]
		if c < utf8.RuneSelf && isWord(rune(c)) || c >= utf8.RuneSelf && endsInWord(text[:start]) {
			return false
		}
	}
	if end < len(text) {
		if c := text[end]; c < utf8.RuneSelf {
			return !isWord(rune(c))
		}
		r, _ := utf8.DecodeRune(text[end:])
		return !isWord(r) && !(isMark(r) && endsInWord(text[:end]))
	}
	return true
}

// endsInWord says whether the last character of text is a word character, marks left aside. Marks
// without a character are no word characters.
func endsInWord(text []byte) bool {
	for range maxMarks + 1 {
		r, width := utf8.DecodeLastRune(text)
		if !isMark(r) {
			return isWord(r)
		}
		text = text[:len(text)-width]
	}
	return true
}
