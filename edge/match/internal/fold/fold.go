// Package fold folds the case of texts: every rune becomes the smallest rune of its simple folding
// orbit (unicode.SimpleFold), so K, k and the Kelvin sign all become K. The smallest rune of an orbit
// is never longer in UTF-8 than the others, but may be shorter: [Shifts] lead from offsets in the
// folded text back to the original.
package fold

import (
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"
)

// tableSize covers Latin, Greek, Cyrillic and Armenian. Package unicode is asked about runes above.
const tableSize = 0x590

// table holds the smallest rune of the orbit for the runes below tableSize.
var table = sync.OnceValue(func() *[tableSize]uint16 {
	var t [tableSize]uint16
	for r := range t {
		t[r] = uint16(Smallest(rune(r)))
	}
	return &t
})

// Smallest is the smallest rune of the folding orbit of r.
func Smallest(r rune) rune {
	smallest := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		smallest = min(smallest, f)
	}
	return smallest
}

// shift says that offsets in the original are larger by so many bytes, from offset at of the folded
// text on.
type shift struct{ at, by int }

// Shifts is ordered by offset. It is empty if folding changed no length.
type Shifts []shift

// Original turns an offset in the folded text, at the beginning of a rune, into the offset in the
// original text.
func (l Shifts) Original(at int) int {
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

// Folded turns an offset in the original text, at the beginning of a rune, into the offset in the
// folded text.
func (l Shifts) Folded(at int) int {
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

// Append appends the folded text to dst, and to shifts how the offsets of the two texts differ. Bytes
// that are no UTF-8 stay as they are.
func Append(dst, text []byte, shifts Shifts) ([]byte, Shifts) {
	table := table()
	first := len(dst)
	dst = slices.Grow(dst, len(text)) // folding never makes a text longer
	for i := 0; i < len(text); {
		if n := foldASCII(dst[len(dst):cap(dst)], text[i:], table); n > 0 {
			dst = dst[:len(dst)+n]
			i += n
			continue
		}
		r, width := utf8.DecodeRune(text[i:])
		folded := r
		if r < tableSize {
			folded = rune(table[r])
		} else if !(r == utf8.RuneError && width == 1) {
			folded = Smallest(r)
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

// foldASCII folds the ASCII bytes that src begins with into dst and counts them. dst is at least as
// long as src.
func foldASCII(dst, src []byte, table *[tableSize]uint16) int {
	dst = dst[:len(src)]
	for i, c := range src {
		if c >= utf8.RuneSelf {
			return i
		}
		dst[i] = byte(table[c])
	}
	return len(src)
}

// Text folds a text whose offsets do not matter.
func Text(text []byte) []byte {
	folded, _ := Append(nil, text, nil)
	return folded
}
