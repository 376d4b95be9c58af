package match

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
)

func TestHints(t *testing.T) {
	for regex, want := range map[string]string{
		`AKIA[0-9A-Z]{16}`:               "AKIA",
		`gh[pous]_[A-Za-z0-9]{36}`:       "gho_/ghp_/ghs_/ghu_",
		`error|errno`:                    "error/errno", // the parser takes out the common beginning
		`(?i)password\s*[:=]`:            "PASSWORD",
		`\bDE\d{20}\b`:                   "DE",
		`(foo|ba[rz])+qux`:               "qux",
		`x?key`:                          "xkey/key",
		`[kK\x{212a}]elvin`:              "Kelvin/kelvin/\u212aelvin",
		`\S+@\S+`:                        "@",
		`^-----BEGIN (RSA |)PRIVATE KEY`: "-----BEGIN RSA PRIVATE KEY/-----BEGIN PRIVATE KEY",
		`(abc){2}`:                       "abcabc",
		`straße`:                         "straße",
		`(?i)straße`:                     "STRA\u00dfE", // ß is the smallest of its orbit
		`(?i:get) /admin`:                "GET /ADMIN",
		strings.Repeat("é", 20):          strings.Repeat("é", 16),
		// no usable literal
		`\d{3}-\d{4}`:  "",
		`a|\d+`:        "",
		`e`:            "",
		`(abc)*d`:      "",
		`(abc)?\d`:     "",
		"\uFFFD":       "",
		`\x{D800}`:     "",
		`.{3,5}`:       "",
		`[^x]+`:        "",
		`foo|[a-z]{9}`: "",
	} {
		tree, err := syntax.Parse(regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		hints, _ := hintsOf(tree)
		if got := strings.Join(hints, "/"); got != want {
			t.Errorf("%s: %q, want %q", regex, got, want)
		}
	}
}

func TestPackTellsHints(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{
		{Literals: literals("word")}, {ID: "r", Regex: "err(or|no)"}, {ID: "i", Regex: "x+fatal", NoCase: true}, {ID: "u", Regex: `\d`},
	})
	for i, want := range []string{"", "error errno", "FATAL", ""} {
		if got := strings.Join(p.Hints(i), " "); got != want {
			t.Errorf("rule %d: %q, want %q", i, got, want)
		}
	}
}

// The point of hints: a regex does not run where none was seen.
func TestRegexRunsOnHintedTextsOnly(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{ID: "r", Regex: "error [0-9]+"}})
	program := p.engine.(*automata).regexes[0]
	runs := 0
	inner := program.program
	program.program = func() *regexp.Regexp { runs++; return inner() }
	p.ScanLines(&Scratch{}, []byte("nothing\nERROR 5\nerror x\nhere\nerror 7\n"), Query{}, func(*Line) bool { return true })
	if runs != 2 {
		t.Errorf("ran %d times, want 2", runs)
	}
}
