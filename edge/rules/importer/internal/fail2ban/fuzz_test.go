package fail2ban

import (
	"regexp"
	"testing"

	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
)

// A regex with dates compiles, or is refused for its size.
func FuzzDates(f *testing.F) {
	for _, s := range []string{`^\[\] a`, `a \(\) b$`, `^\s*x|"" y`, `(?:a | b)$`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		tr, err := re2.Perl(src, re2.Python, re2.Flags{})
		if err != nil {
			return
		}
		dated, _ := withDates(tr.Expr, usualDates)
		if _, err := regexp.Compile(dated); err != nil && len(dated) < re2.MaxRegex && !regextest.TooLarge(err) {
			t.Errorf("%q became %q: %v", src, dated, err)
		}
	})
}
