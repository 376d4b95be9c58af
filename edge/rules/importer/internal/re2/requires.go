package re2

// Texts contained in every match of a regex.

import (
	"bytes"
	"regexp/syntax"
	"slices"
)

// Requires reports whether every match of re contains text. It may return false for a contained
// text.
func Requires(re *syntax.Regexp, text []byte, nocase bool) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return literalHas(re, text, nocase)
	case syntax.OpCapture, syntax.OpPlus:
		return Requires(re.Sub[0], text, nocase)
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return Requires(sub, text, nocase) })
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !Requires(sub, text, nocase) })
	}
	return false
}

func literalHas(re *syntax.Regexp, text []byte, nocase bool) bool {
	has := []byte(string(re.Rune))
	if nocase {
		return bytes.Contains(ASCIILower(has), ASCIILower(text))
	}
	return re.Flags&syntax.FoldCase == 0 && bytes.Contains(has, text)
}

func ASCIILower(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}
