package crs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

// modSecurity is a process with libmodsecurity that matches rules about ARGS with values.
type modSecurity struct {
	in  *json.Encoder
	out *bufio.Scanner
}

func newModSecurity(t *testing.T) *modSecurity {
	t.Helper()
	need.Path(t, "/usr/bin/python3", "python3")
	library, _ := filepath.Glob("/usr/lib/*/libmodsecurity.so.3")
	need.That(t, len(library) > 0, "libmodsecurity3")
	cmd := need.Command("/usr/bin/python3", "testdata/oracle.py")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	m := &modSecurity{json.NewEncoder(in), bufio.NewScanner(out)}
	m.out.Buffer(nil, 1<<20)
	return m
}

// ask returns for each text whether the rule matches; nil if ModSecurity refuses the rule.
func (m *modSecurity) ask(t *testing.T, rule string, texts []string) []bool {
	t.Helper()
	encoded := make([][]byte, len(texts))
	for i, text := range texts {
		encoded[i] = []byte(text)
	}
	if err := m.in.Encode([]any{rule, encoded}); err != nil {
		t.Fatal(err)
	}
	if !m.out.Scan() {
		t.Fatalf("no answer to %s: %v", rule, m.out.Err())
	}
	var hits []bool
	if err := json.Unmarshal(m.out.Bytes(), &hits); err != nil {
		t.Fatal(err)
	}
	return hits
}

// compare compares the rules imported from rule with ModSecurity.
func (m *modSecurity) compare(t *testing.T, r *job.Result, rule string, texts []string) (asked int) {
	t.Helper()
	want := m.ask(t, rule, texts)
	if want == nil {
		return 0
	}
	find, why := importertest.Finder(t, r.Rules), fmt.Sprint(r.Summary.Rules)
	for _, c := range r.Summary.Noted {
		if c.What == noteDoubled || c.What == noteBlanks {
			why += "finds more" // than ModSecurity 3, since 2 does
		}
	}
	for i, text := range texts {
		got := find(text)
		if got != want[i] && !(got && strings.Contains(why, "finds more")) && !(!got && strings.Contains(why, "finds less")) && !strings.Contains(why, "finds other") {
			t.Errorf("%s\non %q: %v, ModSecurity %v: %+v %s", rule, text, got, want[i], r.Rules, why)
			break
		}
	}
	return len(texts)
}

// Operators match the same values as in libmodsecurity.
func TestCRSSameValuesAsModSecurity(t *testing.T) {
	m := newModSecurity(t)
	g := &regextest.Generator{Rand: rand.New(rand.NewPCG(17, 18)), Atoms: regextest.PerlAtoms, Quantifiers: regextest.PerlQuantifiers, Groups: regextest.PerlGroups}
	alphabet := append([]string{"\n", "\n", "\r\n", "B.", "ab\n"}, regextest.BytesAlphabet...)
	operators := []string{"@contains ", "@strmatch ", "@beginsWith ", "@endsWith ", "@streq ", "@containsWord ", "@pm ", "@rx ", "@rx ", "@rx ", ""}
	compared, exact, asked := 0, 0, 0
	for range regextest.Rounds(700) {
		operator := g.Pick(operators)
		argument := g.Regex(2)
		if !strings.HasPrefix(operator, "@rx") && operator != "" {
			argument = g.Pick([]string{"a", "ab", "aB", "b.a", "é", "a b", "A", "ba", "ab\\b", " a"})
		}
		// ModSecurity 2 and 3 read these arguments differently, or crash.
		if strings.ContainsAny(argument, `"`) || strings.Contains(argument, `\\`) || strings.HasSuffix(argument, `\`) {
			continue
		}
		rule := `SecRule ARGS "` + operator + argument + `" "id:1,phase:2,deny` + g.Pick([]string{"", "", ",t:none", ",t:lowercase"}) + `"`
		r, err := importertest.Run(&Kind, importertest.MemFiles{"r.conf": []byte(rule)}, "r.conf")
		if err != nil || len(r.Rules) == 0 {
			continue
		}
		if n := m.compare(t, r, rule, g.Texts(40, alphabet)[1:]); n > 0 {
			compared, exact, asked = compared+1, exact+r.Summary.Taken, asked+n
		}
	}
	t.Logf("%d compared, %d of them taken, %d texts", compared, exact, asked)
	if compared < regextest.Rounds(300) || exact < regextest.Rounds(250) {
		t.Errorf("only %d rules were compared, %d of them taken", compared, exact)
	}
}

// Rules of the Core Rule Set taken without a restriction match the same values as in
// libmodsecurity. The values are generated from the rules.
func TestPackagedCRSSameValuesAsModSecurity(t *testing.T) {
	folder := need.Unpacked(t, importertest.CRSFolder, "modsecurity-crs")
	m := newModSecurity(t)
	g := rand.New(rand.NewPCG(19, 20))
	all := importertest.All(t, &Kind, folder)
	partly := map[string]bool{}
	for _, s := range all.Summary.Rules {
		partly[fmt.Sprint(s.File, s.Line)] = true
	}
	texts := map[string][]string{}
	for i := range all.Rules {
		rule := &all.Rules[i]
		at := rule.Data[1].Text + fmt.Sprint(rule.Data[2].Int)
		texts[at] = append(texts[at], importertest.TextsFor(g, rule)...)
	}
	taken, agreed := 0, 0
	files, _ := filepath.Glob(folder + "/*.conf")
	for _, path := range files {
		j := job.New(&Kind, job.OSFiles{})
		in, _ := j.Load(job.Source{Path: path, Folder: folder})
		j.LogicalLines(in, "", func(number int, line string) {
			rest, isRule := strings.CutPrefix(strings.TrimSpace(line), "SecRule ")
			at := path + fmt.Sprint(number)
			r, ok := readSecRule(rest, number)
			if !isRule || !ok || partly[at] || texts[at] == nil {
				return
			}
			rule := r.aboutARGS(folder)
			one, err := importertest.Run(&Kind, osFilesWith{path: "r.conf", text: rule}, filepath.Join(folder, "r.conf"))
			if err != nil || one.Summary.Taken != 1 {
				t.Errorf("%s:%d: %v", path, number, err)
				return
			}
			taken++
			agreed += m.compare(t, one, rule, texts[at])
		})
	}
	t.Logf("%d rules that are taken, on %d values", taken, agreed)
	if taken != all.Summary.Taken-dataLists(all) || agreed < 20*taken {
		t.Errorf("%d rules of %d taken, %d values", taken, all.Summary.Taken, agreed)
	}
}

// aboutARGS returns the rule as text, about ARGS, with the full path of a data file in folder.
func (r *secRule) aboutARGS(folder string) string {
	argument := strings.ReplaceAll(r.argument3, `"`, `\"`)
	if strings.EqualFold(r.operator, "pmFromFile") {
		argument = filepath.Join(folder, argument)
	}
	actions := "id:1,phase:2,deny"
	for _, name := range r.values("t") {
		actions += ",t:" + name
	}
	return `SecRule ARGS "@` + r.operator + " " + argument + `" "` + actions + `"`
}

// dataLists counts the lists imported as rules of their own.
func dataLists(r *job.Result) (n int) {
	for i := range r.Rules {
		if strings.HasPrefix(r.Rules[i].ID, "data/") {
			n++
		}
	}
	return n
}

// osFilesWith is the file system with an additional file.
type osFilesWith struct {
	job.OSFiles
	path, text string
}

func (f osFilesWith) Read(path string) ([]byte, error) {
	if filepath.Base(path) == f.path {
		return []byte(f.text), nil
	}
	return f.OSFiles.Read(path)
}
