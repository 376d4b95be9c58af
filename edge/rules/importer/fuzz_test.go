package importer

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"trawl/edge/rules"
)

// fuzzKind holds for every kind and any bytes: an error is rules.Problems; else the
// counts add up, and what was made is a rule file that is read without a problem.
func fuzzKind(f *testing.F, kind string) {
	paths, _ := filepath.Glob("testdata/golden/" + kind + "/*")
	more, _ := filepath.Glob("testdata/golden/" + kind + "/*/*") // logcheck's folders
	paths = append(paths, more...)
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		from := memFiles{"f": data, "agents.data": []byte("nikto\n"), "common.conf": []byte("[DEFAULT]\n__prefix_line = \\s*\n")}
		r, err := newJob(kindNamed(kind), from).run([]string{"f"})
		if err != nil {
			if _, ok := err.(rules.Problems); !ok || !utf8.ValidString(err.Error()) {
				t.Fatalf("%v", err)
			}
			return
		}
		s := &r.Summary
		if s.Found != s.Taken+s.InPart+s.Skipped || s.Written != len(r.Rules) || s.Found == 0 || len(s.Rules) != s.InPart+s.Skipped {
			t.Fatalf("counts do not add up: %+v", s)
		}
		if !utf8.ValidString(s.Text(true)) {
			t.Fatalf("summary is not UTF-8: %q", s.Text(true))
		}
		if len(r.Rules) == 0 {
			return
		}
		yaml, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		file, err := rules.Parse("f.yaml", yaml)
		if err != nil {
			t.Fatalf("%v\n%s", err, yaml)
		}
		ids := map[string]bool{}
		for i := range file.Rules {
			ids[file.Rules[i].Label()] = true
		}
		if len(ids) != len(r.Rules) {
			t.Fatalf("%d ids of %d rules", len(ids), len(r.Rules))
		}
	})
}

func FuzzWords(f *testing.F)    { fuzzKind(f, "words") }
func FuzzRegexes(f *testing.F)  { fuzzKind(f, "regex") }
func FuzzBasic(f *testing.F)    { fuzzKind(f, "bre") }
func FuzzHosts(f *testing.F)    { fuzzKind(f, "hosts") }
func FuzzSpam(f *testing.F)     { fuzzKind(f, "spamassassin") }
func FuzzLogcheck(f *testing.F) { fuzzKind(f, "logcheck") }
func FuzzFail2ban(f *testing.F) { fuzzKind(f, "fail2ban") }
func FuzzCRS(f *testing.F)      { fuzzKind(f, "crs") }
func FuzzSnort(f *testing.F)    { fuzzKind(f, "snort") }
func FuzzYARA(f *testing.F)     { fuzzKind(f, "yara") }
func FuzzSigma(f *testing.F)    { fuzzKind(f, "sigma") }

// What a translator does not refuse compiles, or is refused for its size.
func FuzzTranslators(f *testing.F) {
	for _, s := range []string{`^a\b[^\s\]]{1,3}(?:x|y)+?$`, `(?i)\x41\xc3\xa9[\x80-\xff]`, `\<w\>[[:alpha:][.a.]]`, `(?x) a # b`, `a**`, `\Qa.b\E`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		var made []translation
		for _, d := range []dialect{pcreDialect, sigmaDialect, pythonDialect, yaraDialect} {
			if tr, err := translatePerl(src, d, perlFlags{}); err == nil {
				made = append(made, tr)
			}
		}
		for _, translate := range []func(string) (translation, error){translateERE, translateBRE} {
			if tr, err := translate(src); err == nil {
				made = append(made, tr)
			}
		}
		for _, tr := range made {
			for _, line := range []lineEnd{logcheckLine, fail2banLine, spamLine} {
				if fitted, err := line.apply(tr); err == nil {
					made = append(made, fitted)
				}
			}
			if edged, _ := wordEdges(tr); edged.expr != tr.expr {
				made = append(made, edged)
			}
			if dated, _ := withDates(tr.expr, usualDates); len(dated) < maxRegex {
				made = append(made, translation{expr: dated})
			}
			if s, ok := parseShape(tr.expr); ok && leadingFlags.Get().FindString(tr.expr) == "" && s.String() != tr.expr && !strings.Contains(tr.expr, "((?") && !strings.Contains(tr.expr, ":(?") {
				t.Errorf("%q is written as %q again", tr.expr, s)
			}
		}
		for _, tr := range made {
			if _, err := regexp.Compile(tr.expr); err != nil && !tooLarge(err) {
				t.Errorf("%q became %q: %v", src, tr.expr, err)
			}
			for _, at := range tr.carets {
				if tr.expr[at] != '^' {
					t.Errorf("%q became %q: no ^ at %d", src, tr.expr, at)
				}
			}
			for _, at := range tr.bars {
				if tr.expr[at] != '|' {
					t.Errorf("%q became %q: no | at %d", src, tr.expr, at)
				}
			}
		}
	})
}
