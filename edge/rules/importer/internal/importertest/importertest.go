package importertest

// Imports from memory and from packages, with checks that hold for every import.

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"trawl/edge/match"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/regextest"
)

// MemFiles are files in memory.
type MemFiles map[string][]byte

func (m MemFiles) Read(path string) ([]byte, error) {
	if data, ok := m[path]; ok {
		return data[:min(len(data), job.MaxInput+1)], nil
	}
	return nil, fs.ErrNotExist
}

func (m MemFiles) ReadIn(folder, name string) ([]byte, error) {
	return m.Read(filepath.Join(folder, name))
}

func (m MemFiles) List(string) ([]fs.DirEntry, error) { return nil, fs.ErrInvalid }

// Run imports files of a kind.
func Run(k *job.Kind, from job.Files, paths ...string) (*job.Result, error) {
	return job.New(k, from).Run(paths, func(*job.Kind, *job.Input) string { return "" })
}

// Compile makes a pack of rules.
func Compile(t *testing.T, list []job.Rule) *match.Pack {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for i := range list {
		r := list[i].MatchRule()
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// Finder says whether any of the rules matches a text.
func Finder(t *testing.T, list []job.Rule) func(text string) bool {
	t.Helper()
	pack := Compile(t, list)
	scratch := pack.NewScratch()
	return func(text string) bool { return pack.Scan(scratch, []byte(text), match.Query{Want: match.WantAny}).Any }
}

// TextsFor returns texts that a rule matches, and texts that it almost matches.
func TextsFor(g *rand.Rand, r *job.Rule) []string {
	if r.Regex == "" {
		var list []string
		for range 8 {
			l := string(r.Literals[g.IntN(len(r.Literals))])
			at := g.IntN(len(l))
			list = append(list, l, "x "+l+"\ny", strings.ToUpper(l), l[:at]+"é"+l[at:], l[:at])
		}
		return list
	}
	expr := r.Regex
	if r.NoCase {
		expr = "(?i)" + expr
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	list := regextest.Samples(g, tree)
	for _, text := range slices.Clone(list) {
		if len(text) > 1 {
			at := g.IntN(len(text))
			list = append(list, text+"\n", "a\n"+text+"\nb", text[:at]+"é"+text[at:], text[:at]+"\xff"+text[at+1:])
		}
	}
	return list
}

// All imports files, and checks that the counts add up and that the written rule file compiles.
func All(t *testing.T, k *job.Kind, paths ...string) *job.Result {
	t.Helper()
	r, err := Run(k, job.OSFiles{}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, r)
	return r
}

func Check(t *testing.T, r *job.Result) {
	t.Helper()
	s := &r.Summary
	if s.Found != s.Taken+s.InPart+s.Skipped || s.Written != len(r.Rules) {
		t.Errorf("counts do not add up: %+v", s)
	}
	if len(r.Rules) == 0 {
		return
	}
	yaml, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := rules.Check([]string{path}, rules.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml[:min(len(yaml), 2000)])
	}
	if report.Rules != len(r.Rules) {
		t.Errorf("%d rules written, %d read", len(r.Rules), report.Rules)
	}
}

// One imports one file of a kind from memory.
func One(t *testing.T, k *job.Kind, src string) *job.Result {
	t.Helper()
	r, err := Run(k, MemFiles{"f": []byte(src)}, "f")
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	Check(t, r)
	return r
}

func RulesNamed(r *job.Result, id string) []job.Rule {
	for i := range r.Rules {
		if r.Rules[i].ID == id {
			return r.Rules[i : i+1]
		}
	}
	return nil
}
