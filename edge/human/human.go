// Package human writes numbers for people: sizes, counts and counted nouns. All output of trawl has
// the same units, so numbers of two commands can be compared.
//
//	human.Bytes(4_190_000)     // 4.2 MB
//	human.Number(1234567)      // 1,234,567
//	human.Count(3, "regex")    // 3 regexes
//
// Bounds of settings are no measured sizes: messages write a bound like the setting, as 16 MiB.
package human

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes writes a size in units of 1,000 bytes: B, kB, MB, GB. Sizes below 100 MB and all sizes in
// GB have one decimal.
func Bytes(n int64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 100e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n < 1e9:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// Number writes n with commas between groups of three digits.
func Number[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := len(s) - len(strings.TrimPrefix(s, "-"))
	for i := len(s) - 3; i > sign; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count writes a number with a noun: "1 client", "2 clients", "3 regexes".
func Count[N int | int64](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "x"):
		return Number(n) + " " + noun + "es"
	}
	return Number(n) + " " + noun + "s"
}
