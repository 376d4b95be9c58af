package re2

import (
	"regexp"
	"testing"
)

func TestUniqueNames(t *testing.T) {
	for _, tt := range []struct{ expr, want string }{
		{`(?P<a>x)(?P<b>y)`, `(?P<a>x)(?P<b>y)`},
		{`(?P<a>x)|(?P<a>y)|(?P<b>(?P<a>z))`, `(?P<a>x)|(?P<a__2>y)|(?P<b>(?P<a__3>z))`},
		{`[(?P<a>]\((?P<a>x)(?P<a>y)`, `[(?P<a>]\((?P<a>x)(?P<a__2>y)`},
		{`[[:alpha:](?P<a>](?P<a>x)(?P<a>y)`, `[[:alpha:](?P<a>](?P<a>x)(?P<a__2>y)`},
	} {
		got := UniqueNames(tt.expr)
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.expr, got, tt.want)
		}
		regexp.MustCompile(got)
	}
}

func TestNamesThatRE2DoesNotTakeAreLeftOut(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{`(?<user>a)`, `(?P<user>a)`},
		{`(?'user'a)`, `(?P<user>a)`},
		{`(?P<us-er>a)`, `(a)`},
		{`(?P<ip__2>a)`, `(a)`},
		{`(?<>a)`, `(a)`},
	} {
		got, err := Perl(tt.source, PCRE, Flags{})
		if err != nil || got.Expr != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.source, got.Expr, err, tt.want)
		}
	}
}
