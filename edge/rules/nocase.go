package rules

// Ignoring case in literals outside of UTF-8.

import (
	"errors"
	"slices"
	"unicode/utf8"

	"trawl/edge/match"
)

// maxSpellings bounds the spellings of a literal.
const maxSpellings = 256

var errNoCaseBytes = errors.New("has bytes that are not UTF-8 and over 8 ASCII letters, so its case cannot be ignored; save the file as UTF-8 (iconv -f LATIN1 -t UTF-8), or leave -i out")

// ignoreCase makes rule ignore case. In a literal outside of UTF-8 only ASCII letters have two
// cases, and the rule gets all spellings of the literal.
func ignoreCase(rule *match.Rule) error {
	if len(rule.Literals) != 1 || utf8.Valid(rule.Literals[0]) {
		rule.NoCase = true
		return nil
	}
	literal := rule.Literals[0]
	spelled, ok := Spellings(literal, maxSpellings)
	if !ok {
		return errNoCaseBytes
	}
	if rule.ID == "" {
		rule.ID = literalID(literal)
	}
	rule.Literals = spelled
	return nil
}

// Spellings returns the spellings of l in upper and lower case of ASCII letters. If there are more
// than limit, the result is l alone, and false.
func Spellings(l []byte, limit int) (list [][]byte, all bool) {
	list = [][]byte{nil}
	for _, c := range l {
		other := swapCase(c)
		if other != c && 2*len(list) > limit {
			return [][]byte{l}, false
		}
		for i := range list {
			if other != c {
				list = append(list, append(slices.Clone(list[i]), other))
			}
			list[i] = append(list[i], c)
		}
	}
	return list, true
}

func swapCase(c byte) byte {
	if lower := c | 0x20; 'a' <= lower && lower <= 'z' {
		return c ^ 0x20
	}
	return c
}
