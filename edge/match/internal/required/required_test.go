package required

import (
	"regexp/syntax"
	"strings"
	"testing"
	"time"
)

func TestRequiredLiterals(t *testing.T) {
	for regex, want := range map[string]string{
		`AKIA[0-9A-Z]{16}`:         `"AKIA"`,
		`gh[pous]_[A-Za-z0-9]{36}`: `("gho_" | "ghp_" | "ghs_" | "ghu_")`,
		`error|errno`:              `("errno" | "error")`, // the parser takes out the common beginning
		`(?i)password\s*[:=]`:      `folded "PASSWORD"`,
		`\bDE\d{20}\b`:             `"DE"`,
		`(foo|ba[rz])+qux`:         `"qux"`, // foo, bar, baz are too common to be worth it as well

		`(server|client)s? .* (lost|timed out) with`: `((" lost with" | " timed out with") & ("client " | "clients " | "server " | "servers "))`,
		`(alpha.*omega|gamma\d+delta)`:               `(("alpha" & "omega") | ("gamma" & "delta"))`,
		`disk .* disk full`:                          `" disk full"`, // what follows from another is left out
		`x?key`:                                      `"key"`,
		`[kK\x{212a}]elvin`:                          "(\"Kelvin\" | \"kelvin\" | \"\u212aelvin\")",
		`[Ff]ailed`:                                  `("Failed" | "failed")`,
		`\S+@\S+`:                                    `"@"`,
		`^-----BEGIN (RSA |)PRIVATE KEY`:             `("-----BEGIN PRIVATE KEY" | "-----BEGIN RSA PRIVATE K")`,
		`(abc){2}`:                                   `"abcabc"`,
		`(abc){2,}def`:                               `("abcabc" & "def")`,
		`straße`:                                     `"straße"`,
		`(?i)straße`:                                 `folded "STRAßE"`, // ß is the smallest of its orbit
		`(?i:get) /admin`:                            `("GET /admin" | "GEt /admin" | "GeT /admin" | "Get /admin" | "gET /admin" | "gEt /admin" | "geT /admin" | "get /admin")`,
		`(?i:delete) /x`:                             `folded "DELETE /X"`,
		strings.Repeat("é", 20):                      `"` + strings.Repeat("é", 12) + `"`,

		`\d{3}-\d{4}`:  `no: its literals are too short or too common: "-"`,
		`a|\d+`:        `no: a part of it can match without any literal: [0-9]+`,
		`e`:            `no: its literals are too short or too common: "e"`,
		`(abc)*d`:      `no: its literals are too short or too common: "d"`,
		`(abc)?\d`:     `no: no literal is in all of its matches`,
		"\uFFFD":       `no: no literal is in all of its matches`,
		"a\uFFFDword":  `"word"`,
		`\x{D800}`:     `no: no literal is in all of its matches`,
		`.{3,5}`:       `no: it has no literal, only classes of characters`,
		`[^x]+`:        `no: it has no literal, only classes of characters`,
		`foo|[a-z]{9}`: `no: a part of it can match without any literal: [a-z]{9}`,
	} {
		tree, err := syntax.Parse(regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		f, folded, why := Of(tree)
		got := "no: " + why
		if f != nil {
			got = f.String()
		}
		if folded {
			got = "folded " + got
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", regex, got, want)
		}
	}
}

// Regexes that would take long to analyse, or much room, come to an end.
func TestRequiredLiteralsOfHostileRegexes(t *testing.T) {
	t.Parallel()
	many := make([]string, 10_000)
	for i := range many {
		many[i] = string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + "-" + string(rune('a'+i/676)) + "xyz"
	}
	for name, regex := range map[string]string{
		"many alternatives":       strings.Join(many, "|"),
		"many that branch":        strings.Join(many, ".*y|"),
		"repetitions":             "(?:[abc][def][ghi]){300}",
		"nested repetitions":      "(?:(?:(?:ab?c){9}d){9}e){9}",
		"nesting":                 strings.Repeat("(?:a|b", 400) + strings.Repeat(")", 400),
		"nesting with AND and OR": strings.Repeat("(?:abc.*|bcd.*", 300) + strings.Repeat("xyz)", 300),
		"options":                 strings.Repeat("(?:abc|def)?", 2000) + "end",
		"classes":                 strings.Repeat(`[a-j]`, 3000),
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := syntax.Parse(regex, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			f, _, why := Of(tree)
			size := 0
			if f != nil {
				size = f.size()
			}
			t.Logf("%d strings, %.60s, in %v", size, why, time.Since(begun))
			if size > maxFormula {
				t.Errorf("%d strings", size)
			}
		})
	}
}
