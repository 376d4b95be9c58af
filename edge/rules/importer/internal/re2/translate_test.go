package re2

import (
	"testing"
)

// What single constructs become, by dialect.
func TestTranslations(t *testing.T) {
	dialects := map[string]func(string) (Translation, error){
		"ere":    ERE,
		"bre":    BRE,
		"pcre":   func(s string) (Translation, error) { return Perl(s, PCRE, Flags{}) },
		"python": func(s string) (Translation, error) { return Perl(s, Python, Flags{}) },
		"yara":   func(s string) (Translation, error) { return Perl(s, YARA, Flags{}) },
		"pcre/i": func(s string) (Translation, error) { return Perl(s, PCRE, Flags{IgnoreCase: true, DotAll: true}) },
		"pcre/x": func(s string) (Translation, error) { return Perl(s, PCRE, Flags{Extended: true}) },
	}
	for _, tt := range []struct{ dialect, src, want, refusal string }{
		{"ere", `a\<b\>`, `a\bb\b`, ""},
		{"ere", `[\w]`, `[\\w]`, ""},
		{"ere", `a**`, `(?:a*)*`, ""},
		{"ere", `x{,3}`, `x{0,3}`, ""},
		{"ere", `\d\/`, `d/`, ""},
		{"ere", `(a)\1`, "", whyBackRef},
		{"pcre", `(?<name>a)(?P<other>b)(?:c)`, `(?P<name>a)(?P<other>b)(?:c)`, ""},
		{"pcre", `(?x: a b #c` + "\n" + `)c d`, `(?:ab)c d`, ""},
		{"pcre", `(a(?x) b) c`, `(ab) c`, ""},
		{"pcre/x", `a b\ c[ ] # end`, `ab c[ ]`, ""},
		{"pcre/i", `a.b`, `(?is)a(?-i:[\x00-\x7f\x{fffd}])b`, ""},
		{"pcre", `a..b`, `a(?:[\x00-\t\x0b-\x7f\x{fffd}]{2}|[\x{80}-\x{7ff}])b`, ""},
		{"pcre", `a.*b`, `a.*b`, ""},
		{"pcre", `.b|a.`, `.b|a.`, ""},
		{"pcre", `a[^"]{3,9}b`, `a(?:[\x00-!#-\x7f]{3,9}|[\x00-!#-\x7f]{0,8}[^\x00-\x7f][^"]{0,8})b`, ""},
		{"pcre", `(a.){2}`, `(a.){2}`, ""},
		{"pcre", `a$|b\Z`, `a(?:\n?\z)|b(?:\n?\z)`, ""},
		{"pcre", `(?m)a$`, `(?m)a$`, ""},
		{"pcre", `a$b`, `ab`, ""},
		{"pcre", `\xc3\xa9`, `é`, ""},
		{"pcre", `\xc3\xa9+`, "", WhyBytes},
		{"pcre", `\xc3`, "", WhyBytes},
		{"pcre", `[\x80-\xff]`, `[\x{80}-\x{10ffff}]`, ""},
		{"pcre", `[a-\xff]`, `[a-\x7f\x{80}-\x{10ffff}]`, ""},
		{"pcre", `[\x80-\xbf]`, "", WhyBytes},
		{"pcre", `é?`, "", WhyBytes},
		{"pcre", `a++b(?>c)`, `a+b(?:c)`, ""},
		{"pcre", `(?=a)`, "", whyLookAround},
		{"pcre", `(?<!a)`, "", whyLookAround},
		{"pcre", `(?(1)a)`, "", whyConditional},
		{"pcre", `(?R)`, "", whyRecursion},
		{"pcre", `(*FAIL)`, "", whyVerb},
		{"pcre", `\K`, "", whyEscape},
		{"pcre", `\k<a>`, "", whyBackRef},
		{"pcre", `\Q.*\E+`, `\.\*+`, ""},
		{"pcre", `a{1001}`, "", whyRepeat},
		{"pcre", `\h\R`, "", whyEscape},
		{"pcre", `a{,3}`, "", whyNewRepeat},
		{"pcre", `a{ 1,\t3 }`, `a\{ 1,\t3 \}`, ""}, // no tab, but how one is written
		{"pcre", "a{ 1,\t3 }", "", whyNewRepeat},
		{"pcre", `a{2 }`, "", whyNewRepeat},
		{"pcre", `a{,}b{ }c{,x}\{,3}[{,3}]{1`, `a\{,\}b\{ \}c\{,x\}\{,3\}[{,3}]\{1`, ""},
		{"pcre/x", `a{, 3}`, "", whyNewRepeat},
		{"python", `a{,3}`, `a{0,3}`, ""},
		{"python", `\xe9\u00e9`, `éé`, ""},
		{"python", `(?i)a`, `(?i)a`, ""},
		{"python", `((?i)a|b)c`, `((?i)a|b)c`, ""},
		{"python", `a(?i)b`, "", whyMidFlag},
		{"python", `\Z`, `\z`, ""},
		{"python", `(?P=x)`, "", whyBackRef},
		{"python", `\w\d\D`, `[\pL\pN_]\p{Nd}\P{Nd}`, ""},
		{"python", `[\w.]\W[^\W_][\W_]`, `[\pL\pN_.][^\pL\pN_][\pL\pN](?:[^\pL\pN_]|[_])`, ""},
		{"python", `\s\S`, `[\s\v\x1c-\x1f\x{85}\pZ][^\s\v\x1c-\x1f\x{85}\pZ]`, ""},
		{"bre", `\(a\)\{2\}b*\|*c\?`, `(a){2}b*|\*c?`, ""},
		{"bre", `^*a^b$c$`, `^\*a\^b\$c$`, ""},
		{"bre", `(a)+|{b}`, `\(a\)\+\|\{b\}`, ""},
		{"bre", `\(a\)\1`, "", whyBackRef},
		{"yara", `\ba\v\/`, `(?:\b|\A|\z)av/`, ""},
		{"yara", `(?:a)`, "", WhySyntax},
	} {
		got, err := dialects[tt.dialect](tt.src)
		refusal := ""
		if err != nil {
			refusal = err.(*Refused).Text
		}
		if got.Expr != tt.want || refusal != tt.refusal {
			t.Errorf("%s %q: got %q, %q; want %q, %q", tt.dialect, tt.src, got.Expr, refusal, tt.want, tt.refusal)
		}
	}
}

// Where a regex counts characters instead of bytes, and that finds more, it is said.
func TestCountedBytesAreSaid(t *testing.T) {
	for src, exact := range map[string]bool{
		`a.b`: true, `a.*b`: true, `a.+b`: true, `.b`: true, `a.`: true, `a.{0,9}`: true, `a.{1,2}b`: true, `(a.)+`: true, `(a.b){3}`: true, `a[^b]*c`: true,
		`(a.){2}`: false, `(.a){2,3}`: false, `a.{3}b`: false, `a.{2,}b`: false, `^.{2,}b`: false, `a.[^c]b`: false, `.{2}b`: false, `.\B.`: false,
	} {
		tr, err := Perl(src, PCRE, Flags{})
		if err != nil {
			t.Fatal(err)
		}
		if said := len(tr.InPart) > 0; said == exact {
			t.Errorf("%s became %s: %v", src, tr.Expr, tr.InPart)
		}
	}
}
