package re2

import (
	"regexp"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/regextest"
	"trawl/edge/rules/importer/internal/shape"
)

// A translation compiles, or is refused for its size.
func FuzzTranslators(f *testing.F) {
	for _, s := range []string{`^a\b[^\s\]]{1,3}(?:x|y)+?$`, `(?i)\x41\xc3\xa9[\x80-\xff]`, `\<w\>[[:alpha:][.a.]]`, `(?x) a # b`, `a**`, `\Qa.b\E`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		var made []Translation
		for _, d := range []dialect{PCRE, Sigma, Python, YARA} {
			if tr, err := Perl(src, d, Flags{}); err == nil {
				made = append(made, tr)
			}
		}
		for _, translate := range []func(string) (Translation, error){ERE, BRE} {
			if tr, err := translate(src); err == nil {
				made = append(made, tr)
			}
		}
		for _, tr := range made {
			for _, line := range []LineEnd{{Strips: `[\s\v]`}, {Strips: `[\r\n]`, Breaks: true}, {Strips: `\n`, Breaks: true}} {
				if fitted, err := line.Apply(tr); err == nil {
					made = append(made, fitted)
				}
			}
			if edged, _ := WordEdges(tr); edged.Expr != tr.Expr {
				made = append(made, edged)
			}
			if s, ok := shape.Parse(tr.Expr); ok && shape.LeadingFlags.Get().FindString(tr.Expr) == "" && s.String() != tr.Expr && !strings.Contains(tr.Expr, "((?") && !strings.Contains(tr.Expr, ":(?") {
				t.Errorf("%q is written as %q again", tr.Expr, s)
			}
		}
		for _, tr := range made {
			if _, err := regexp.Compile(tr.Expr); err != nil && !regextest.TooLarge(err) {
				t.Errorf("%q became %q: %v", src, tr.Expr, err)
			}
			for _, at := range tr.Carets {
				if tr.Expr[at] != '^' {
					t.Errorf("%q became %q: no ^ at %d", src, tr.Expr, at)
				}
			}
			for _, at := range tr.Bars {
				if tr.Expr[at] != '|' {
					t.Errorf("%q became %q: no | at %d", src, tr.Expr, at)
				}
			}
		}
	})
}
