package importer

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"trawl/edge/problem"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
)

// fuzzKind holds for every kind and any bytes: an error is problem.List; else the
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
		from := importertest.MemFiles{"f": data, "agents.data": []byte("nikto\n"), "common.conf": []byte("[DEFAULT]\n__prefix_line = \\s*\n")}
		r, err := job.New(kindNamed(kind), from).Run([]string{"f"}, whatElse)
		if err != nil {
			if _, ok := err.(problem.List); !ok || !utf8.ValidString(err.Error()) {
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

func FuzzWords(f *testing.F) { fuzzKind(f, "words") }

func FuzzRegexes(f *testing.F) { fuzzKind(f, "regex") }

func FuzzBasic(f *testing.F) { fuzzKind(f, "bre") }

func FuzzHosts(f *testing.F) { fuzzKind(f, "hosts") }

func FuzzSpam(f *testing.F) { fuzzKind(f, "spamassassin") }

func FuzzLogcheck(f *testing.F) { fuzzKind(f, "logcheck") }

func FuzzFail2ban(f *testing.F) { fuzzKind(f, "fail2ban") }

func FuzzCRS(f *testing.F) { fuzzKind(f, "crs") }

func FuzzSnort(f *testing.F) { fuzzKind(f, "snort") }

func FuzzYARA(f *testing.F) { fuzzKind(f, "yara") }

func FuzzSigma(f *testing.F) { fuzzKind(f, "sigma") }
