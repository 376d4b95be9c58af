package re2

import (
	"regexp"
	"testing"
)

// In most regexes only the $ changes.
func TestLineEndOfUsualRegexes(t *testing.T) {
	takesBlanks := LineEnd{Strips: `[\s\v]`, Why: "never"}
	takesBreaks := LineEnd{Strips: `[\r\n]`, Breaks: true, Why: "never"}
	for _, tt := range []struct {
		line      LineEnd
		src, want string
	}{
		{takesBlanks, `^foo [0-9]+$`, `^foo [0-9]+[\s\v]*$`},
		{takesBlanks, `^foo .*`, `^foo (?:.*[^\t-\r ]|(?:.*[\t\x0b-\r ]|)[\s\v]*[^\t-\r ])`},
		{takesBlanks, `(a|b$)`, `(a|b[\s\v]*$)`},
		{takesBlanks, `foo:.*$`, `foo:.*[\s\v]*$`},
		{takesBreaks, `^foo <x>.*$`, `^foo <x>.*[\r\n]*$`},
		{takesBreaks, `foo\s+$`, `foo\s*(?:[\t\x0c ][\r\n]*$|[\r\n]*$)`},
	} {
		tr, err := tt.line.Apply(Translation{Expr: tt.src})
		if err != nil || tr.Expr != tt.want {
			t.Errorf("%q became %q, %v; want %q", tt.src, tr.Expr, err, tt.want)
		}
		regexp.MustCompile(tr.Expr)
	}
}
