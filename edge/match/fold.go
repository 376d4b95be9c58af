package match

// Case folding: every rune becomes the smallest one of its simple folding
// orbit (unicode.SimpleFold), so K, k and the Kelvin sign all become K. The
// smallest rune is never longer in UTF-8 than the others, but may be shorter:
// a shiftList leads from places in folded text back to the original.

import (
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"
)

// foldTableSize covers Latin, Greek, Cyrillic and Armenian; runes above are
// asked from package unicode one by one.
const foldTableSize = 0x590

// foldTable answers for the runes below foldTableSize.
var foldTable = sync.OnceValue(func() *[foldTableSize]uint16 {
	var t [foldTableSize]uint16
	for r := range t {
		t[r] = uint16(smallestFold(rune(r)))
	}
	return &t
})

// smallestFold walks once round the orbit of r.
func smallestFold(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// shift says that from byte at of the folded text on, the original is by bytes
// further.
type shift struct{ at, by int }

// shiftList is ordered by at; empty if folding changed no length.
type shiftList []shift

// original leads from an offset in the folded text (on a rune boundary) to the
// one in the original text.
func (l shiftList) original(at int) int {
	lo, hi := 0, len(l)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if l[mid].at <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return at
	}
	return at + l[lo-1].by
}

// folded leads from an offset in the original text (on a rune boundary) to the
// one in the folded text.
func (l shiftList) folded(at int) int {
	lo, hi := 0, len(l)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if l[mid].at+l[mid].by <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return at
	}
	return at - l[lo-1].by
}

// appendFold appends the folded text to dst and what it does to offsets to
// shifts. Bytes that are no UTF-8 stay as they are.
func appendFold(dst, text []byte, shifts shiftList) ([]byte, shiftList) {
	table := foldTable()
	first := len(dst)
	dst = slices.Grow(dst, len(text)) // folding never makes longer
	for i := 0; i < len(text); {
		if n := foldASCII(dst[len(dst):cap(dst)], text[i:], table); n > 0 {
			dst = dst[:len(dst)+n]
			i += n
			continue
		}
		r, width := utf8.DecodeRune(text[i:])
		folded := r
		if r < foldTableSize {
			folded = rune(table[r])
		} else if !(r == utf8.RuneError && width == 1) {
			folded = smallestFold(r)
		}
		if folded == r {
			dst = append(dst, text[i:i+width]...)
			i += width
			continue
		}
		before := len(dst)
		dst = utf8.AppendRune(dst, folded)
		i += width
		if len(dst)-before != width {
			at := len(dst) - first
			shifts = append(shifts, shift{at, i - at})
		}
	}
	return dst, shifts
}

// foldASCII folds the ASCII bytes that src begins with into dst, which is as
// long at least, and counts them.
func foldASCII(dst, src []byte, table *[foldTableSize]uint16) int {
	dst = dst[:len(src)]
	for i, c := range src {
		if c >= utf8.RuneSelf {
			return i
		}
		dst[i] = byte(table[c])
	}
	return len(src)
}

// fold is appendFold for a pattern, whose offsets do not matter.
func fold(text []byte) []byte {
	folded, _ := appendFold(nil, text, nil)
	return folded
}
