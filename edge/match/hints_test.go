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
		`gh[pous]_[A-Za-z0-9]{36}`:       "GHO_/GHP_/GHS_/GHU_",
		`error|errno`:                    "ERROR/ERRNO", // the parser takes out the common beginning
		`(?i)password\s*[:=]`:            "PASSWORD",
		`\bDE\d{20}\b`:                   "DE",
		`(foo|ba[rz])+qux`:               "QUX",
		`x?key`:                          "XKEY/KEY",
		`[kK\x{212a}]elvin`:              "KELVIN",
		`\S+@\S+`:                        "@",
		`^-----BEGIN (RSA |)PRIVATE KEY`: "-----BEGIN RSA PRIVATE KEY/-----BEGIN PRIVATE KEY",
		`(abc){2}`:                       "ABCABC",
		`straße`:                         "STRA\u00dfE", // ß is the smallest of its orbit
		strings.Repeat("é", 20):          strings.Repeat("É", 16),
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
		if got := strings.Join(hintsOf(tree), "/"); got != want {
			t.Errorf("%s: %q, want %q", regex, got, want)
		}
	}
}

func TestPackTellsHints(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{
		{Literals: literals("word")}, {ID: "r", Regex: "err(or|no)"}, {ID: "i", Regex: "x+fatal", NoCase: true}, {ID: "u", Regex: `\d`},
	})
	for i, want := range []string{"", "ERROR ERRNO", "FATAL", ""} {
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
	p.ScanLines(&Scratch{}, []byte("nothing\nERROR 5\nhere\nerror 7\n"), Query{}, func(*Line) bool { return true })
	if runs != 2 {
		t.Errorf("ran %d times, want 2", runs)
	}
}
