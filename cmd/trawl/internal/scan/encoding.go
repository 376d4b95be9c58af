package scan

// Which encoding a text is in that is not searched as such.

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is one whose characters have more than one byte each, by the name that iconv
// has for it; none for all others.
type encoding struct {
	name   string
	marked bool // a byte order mark says so
}

// widths are the encodings that are known, those first whose marks others begin with.
var widths = []struct {
	name  string // without a mark
	mark  string
	size  int // bytes of a unit
	order binary.ByteOrder
}{
	{"UTF-32LE", "\xff\xfe\x00\x00", 4, binary.LittleEndian},
	{"UTF-32BE", "\x00\x00\xfe\xff", 4, binary.BigEndian},
	{"UTF-16LE", "\xff\xfe", 2, binary.LittleEndian},
	{"UTF-16BE", "\xfe\xff", 2, binary.BigEndian},
}

// foreignEncoding is the encoding of a text that begins with head. Bytes of another kind
// can begin with a mark as well: what follows must be text. Without a mark most
// characters must be ASCII.
func foreignEncoding(head []byte) encoding {
	const enough = 512 // bytes
	head = head[:min(len(head), enough)]
	for _, w := range widths {
		if rest, ok := bytes.CutPrefix(head, []byte(w.mark)); ok {
			if _, ok := readsAs(rest, w.size, w.order); ok {
				return encoding{strings.TrimRight(w.name, "BEL"), true}
			}
		}
	}
	const few = 4 // characters that are too few to guess from
	for _, w := range widths {
		units := len(head) / w.size
		if ascii, ok := readsAs(head, w.size, w.order); ok && units >= few && ascii > units*3/4 {
			return encoding{w.name, false}
		}
	}
	return encoding{}
}

// readsAs says whether data, which may end within a character, is text in units of size
// bytes, and how many of its characters are ASCII.
func readsAs(data []byte, size int, order binary.ByteOrder) (ascii int, ok bool) {
	var runes []rune
	var units []uint16
	for ; len(data) >= size; data = data[size:] {
		if size == 2 {
			units = append(units, order.Uint16(data))
		} else {
			runes = append(runes, rune(min(order.Uint32(data), unicode.MaxRune+1)))
		}
	}
	if n := len(units); n > 0 && utf16.IsSurrogate(rune(units[n-1])) {
		units = units[:n-1] // perhaps half of a character
	}
	for _, r := range append(runes, utf16.Decode(units)...) {
		switch {
		case !utf8.ValidRune(r), r == utf8.RuneError, r < ' ' && !strings.ContainsRune("\t\n\r\f", r), !unicode.IsPrint(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r):
			return 0, false
		case r < utf8.RuneSelf:
			ascii++
		}
	}
	return ascii, len(runes)+len(units) > 0
}
