package match

import (
	"reflect"
	"regexp/syntax"
	"slices"
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
		f, folded, why := requiredOf(tree)
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

func TestPackTellsWhatRegexesRequire(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{
		{Literals: literals("word")}, {ID: "r", Regex: "err(or|no)"}, {ID: "i", Regex: "x+fatal", NoCase: true}, {ID: "u", Regex: `\d`},
	})
	for i, want := range []RegexInfo{
		{},
		{Required: `("errno" | "error")`, Rarity: 19, Shortest: 5, Needs: &Requirement{Any: []*Requirement{{Literal: "errno"}, {Literal: "error"}}}},
		{Required: `"FATAL"`, Folded: true, Rarity: 25, Shortest: 5, Needs: &Requirement{Literal: "FATAL"}},
		{Reason: "it has no literal, only classes of characters"},
	} {
		if got, ok := p.Regex(i); !reflect.DeepEqual(got, want) || ok != (i > 0) {
			t.Errorf("rule %d: %+v, want %+v", i, got, want)
		}
	}
}

// Whatever a regex matches makes its formula true.
func TestMatchesOfPackagedRulesHaveWhatIsRequired(t *testing.T) {
	t.Parallel()
	texts := 10
	if slow {
		texts = 2
	}
	for _, load := range packageRuleSets {
		set := load(t)
		for i, r := range set.rules {
			tree, err := syntax.Parse(r.Regex, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			f, folded, _ := requiredOf(tree)
			program := set.programs[i]
			g := textGenerator{seeded(7), 3}
			for range texts {
				text := g.appendMatch(nil, tree)
				if !program.Match(text) {
					continue // assertions were not heeded
				}
				if folded {
					text = fold(text)
				}
				if !f.holdsFor(string(text)) {
					t.Fatalf("%s matches %q without %v", r.Regex, text, f)
				}
			}
		}
	}
}

// holdsFor is the definition of a formula.
func (f *formula) holdsFor(text string) bool {
	if f == nil {
		return true
	}
	if f.and {
		return !slices.ContainsFunc(f.subs, func(sub *formula) bool { return !sub.holdsFor(text) })
	}
	return slices.ContainsFunc(f.strings, func(s string) bool { return strings.Contains(text, s) }) ||
		slices.ContainsFunc(f.subs, func(sub *formula) bool { return sub.holdsFor(text) })
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
			f, _, why := requiredOf(tree)
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

// The point of it: a regex does not run where its formula is false.
func TestRegexRunsOnTextsWithItsLiteralsOnly(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{ID: "r", Regex: "error [0-9]+ .*(?:lost|timed out) with"}})
	block := "nothing\nERROR 5\nerror x\nhere lost with\nerror 7 and lost with\nerror 7 timed out with\nerror lost with\n"
	r := p.ScanLines(&Scratch{}, []byte(block), Query{}, func(*Line) bool { return true })
	if c := p.Costs(); r.Count != 2 || len(c) != 1 || c[0].Runs != 3 || c[0].Matched != 2 {
		t.Errorf("%d matches, %+v", r.Count, c)
	}
}
