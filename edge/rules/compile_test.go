package rules

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"trawl/edge/match"
	"trawl/edge/match/matchtest"
)

// found lists what a pack finds in text as "id start end".
func found(p *match.Pack, text string) []string {
	var list []string
	for _, m := range p.Scan(p.NewScratch(), []byte(text), match.Query{}).Matches {
		list = append(list, fmt.Sprintf("%s %d %d", p.ID(int(m.Rule)), m.Start, m.End))
	}
	return list
}

func TestCompiledRulesMatchAsWritten(t *testing.T) {
	pack, report, err := Compile([]string{"testdata/good/rules.yaml", "testdata/good/words.txt"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	for text, want := range map[string][]string{
		"IBAN DE89370400440532013000!":      {"iban-de 5 27"},
		"XDE8937":                           nil,
		"Tarpon and bluefin, not bluefins":  {"project-names 0 6", "project-names 11 18"},
		"x DROP TABLE y drop table":         {"DROP TABLE 2 12"},
		"\x00\xff\xd8\xff\xe0":              {"hex:ffd8ffe0 1 5"},
		"MZ":                                {"exe 0 2"},
		"007 is yes":                        {"007 0 3", "plain-values 7 10"},
		"ushers":                            {"she 1 4", "he 2 4", "hers 2 6"},
		"two words, \x1b and a trailing \t": {"two words 0 9", "escape 11 12"},
	} {
		if got := found(pack, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	meta := pack.Meta(0)
	want := match.Meta{
		Tags: []string{"pii", "bank"}, Severity: "high", Message: "German IBAN",
		Data: []byte(`{"big":123456789012345678901234567890,"owner":"finance","since":"2024-01-31","teams":["a",1,0.5,true,null,"<b>"],"x":255}`),
	}
	if !reflect.DeepEqual(meta, want) {
		t.Errorf("meta: got %+v\ndata %s", meta, meta.Data)
	}
	if report.Name != "demo" || pack.Info().Name != "demo" {
		t.Errorf("names: %q, %q", report.Name, pack.Info().Name)
	}
	const says = `testdata/good/rules.yaml: 8 rules (9 literals, 1 regex)
testdata/good/words.txt: 5 words (2 blank lines, 1 repeated, \r dropped, byte order mark dropped)
in total: 13 rules (14 literals, 1 regex)`
	if got := report.String(); got != says {
		t.Errorf("report:\n%s\nwant:\n%s", got, says)
	}
}

func TestOptionsApplyToEveryRule(t *testing.T) {
	dir := folder(t, map[string]string{
		"words.txt": "fish\n",
		"a.yaml":    "rules: [{literal: cod}]",
		"b.yaml":    "rules: [{id: n, regex: 'no+'}]",
	})
	words, yaml, regex := filepath.Join(dir, "words.txt"), filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	const text = "Fish fishing COD cod codfish NOO"
	for _, tt := range []struct {
		o     Options
		files []string
		want  []string
	}{
		{Options{}, []string{words, yaml, regex}, []string{"fish 5 9", "cod 17 20", "cod 21 24", "fish 24 28"}},
		{Options{NoCase: true}, []string{words, yaml, regex}, []string{"fish 0 4", "fish 5 9", "cod 13 16", "cod 17 20", "cod 21 24", "fish 24 28", "n 29 32"}},
		{Options{NoCase: true, Whole: true}, []string{words, yaml}, []string{"fish 0 4", "cod 13 16", "cod 17 20"}},
	} {
		pack, _, err := Compile(tt.files, tt.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := found(pack, text); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.o, got, tt.want)
		}
		pack.Close()
	}
}

func TestPackIsTakenAsItIs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x.pack", "without-ending"} {
		pack, report, err := Compile([]string{writePack(t, dir, name)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := found(pack, "she"); !reflect.DeepEqual(got, []string{"she 0 3", "he 1 3"}) {
			t.Errorf("got %q", got)
		}
		if want := filepath.Join(dir, name) + ": pack of 2 rules (2 literals, 0 regexes)"; report.String() != want || report.Name != "packed" {
			t.Errorf("report %q of %q", report, report.Name)
		}
		pack.Close()
	}
}

func TestRuleSetNames(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml": "name: a\nrules: [{literal: x}]", "a2.yaml": "name: a\nrules: [{literal: y}]",
		"b.yaml": "name: b\nrules: [{literal: z}]", "none.yaml": "rules: [{literal: w}]",
	})
	for _, tt := range []struct{ files, option, want string }{
		{"a.yaml none.yaml a2.yaml", "", "a"},
		{"a.yaml b.yaml", "", ""},
		{"a.yaml b.yaml a2.yaml", "", ""},
		{"a.yaml b.yaml", "mine", "mine"},
		{"none.yaml", "", ""},
	} {
		r, problems := check(dir, Options{Name: tt.option}, strings.Fields(tt.files)...)
		if r.Name != tt.want || problems != "" {
			t.Errorf("%s: got %q %s, want %q", tt.files, r.Name, problems, tt.want)
		}
	}
}

func TestRepeatedWordsAreMergedAcrossLists(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "one\ntwo\none\n", "b.txt": "two\nthree"})
	r, problems := check(dir, Options{}, "a.txt", "b.txt", "a.txt")
	if problems != "" {
		t.Fatal(problems)
	}
	var merged []int
	for _, f := range r.Files {
		merged = append(merged, f.Merged)
	}
	if !reflect.DeepEqual(merged, []int{1, 1, 3}) || r.Rules != 3 || r.Literals != 3 {
		t.Errorf("merged %v, %d rules", merged, r.Rules)
	}
}

// Adding a word must not leave an object on the heap.
func TestWordListsAreStreamed(t *testing.T) {
	const words = 100_000
	var b strings.Builder
	for i := range words {
		fmt.Fprintf(&b, "w%06d\n", i)
	}
	path := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Check([]string{path}, Options{})
	runtime.ReadMemStats(&after)
	if err != nil || r.Rules != words {
		t.Fatal(r, err)
	}
	if n := after.Mallocs - before.Mallocs; n > words/10 {
		t.Errorf("%d allocations for %d words", n, words)
	}
}

func BenchmarkCheckWords(b *testing.B) {
	list := bytes.Join(matchtest.Words(100_000), []byte("\n"))
	path := filepath.Join(b.TempDir(), "words.txt")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Check([]string{path}, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
