package shape

// Characters, texts and quantifiers in the syntax of regexes.

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// QuoteRune returns r in a regex: characters in special get a backslash, invisible characters
// become numbers.
func QuoteRune(r rune, special string) string {
	switch {
	case r < utf8.RuneSelf && strings.ContainsRune(special, r):
		return `\` + string(r)
	case r == '\t':
		return `\t`
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r < ' ' || r == 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	case !unicode.IsGraphic(r) || unicode.IsSpace(r) && r != ' ' || r == utf8.RuneError:
		return fmt.Sprintf(`\x{%x}`, r)
	}
	return string(r)
}

// QuoteText returns a literal text in a regex.
func QuoteText(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(QuoteRune(r, `\.+*?()|[]{}^$`))
	}
	return b.String()
}

const ClassSpecial = `\[]^-`

// Quantifier is {low}, {low,} or {low,high} in the shortest form; high < 0: no limit.
func Quantifier(low, high int) string {
	switch {
	case low == 0 && high < 0:
		return "*"
	case low == 1 && high < 0:
		return "+"
	case low == 0 && high == 1:
		return "?"
	case high < 0:
		return fmt.Sprintf("{%d,}", low)
	case low == high:
		return fmt.Sprintf("{%d}", low)
	}
	return fmt.Sprintf("{%d,%d}", low, high)
}

// ReadQuantifier reads *, +, ? or a count, as of ReadCount, at the beginning of s; size is 0 if
// there is none.
func ReadQuantifier(s string, open bool) (low, high, size int) {
	switch s[0] {
	case '*':
		return 0, -1, 1
	case '+':
		return 1, -1, 1
	case '?':
		return 0, 1, 1
	case '{':
		return ReadCount(s, open)
	}
	return 0, 0, 0
}

// ReadCount reads {n}, {n,}, {n,m} or, with open, {,m} and {,} at the beginning of s; size is 0 if
// there is none.
func ReadCount(s string, open bool) (low, high, size int) {
	i := 1
	number := func() (n, digits int) {
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			if n < 1_000_000 {
				n = 10*n + int(s[i]-'0')
			}
			i++
			digits++
		}
		return n, digits
	}
	low, lowDigits := number()
	if lowDigits == 0 && !open || i >= len(s) {
		return 0, 0, 0
	}
	high = low
	if s[i] == ',' {
		i++
		var digits int
		if high, digits = number(); digits == 0 {
			high = -1
		}
	} else if lowDigits == 0 {
		return 0, 0, 0
	}
	if i >= len(s) || s[i] != '}' {
		return 0, 0, 0
	}
	return low, high, i + 1
}
