package importer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"trawl/test/need"
)

// modSecurity asks libmodsecurity which texts, as values of an argument, rules about
// ARGS match.
type modSecurity struct {
	in  *json.Encoder
	out *bufio.Scanner
}

func newModSecurity(t *testing.T) *modSecurity {
	t.Helper()
	need.Path(t, "/usr/bin/python3", "python3")
	library, _ := filepath.Glob("/usr/lib/*/libmodsecurity.so.3")
	need.That(t, len(library) > 0, "libmodsecurity3")
	cmd := need.Command("/usr/bin/python3", "testdata/modsecurity_oracle.py")
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

// ask returns which texts the rule matches; nil if ModSecurity refuses it.
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

// compare holds what was imported from a rule against what ModSecurity says.
func (m *modSecurity) compare(t *testing.T, r *Result, rule string, texts []string) (asked int) {
	t.Helper()
	want := m.ask(t, rule, texts)
	if want == nil {
		return 0
	}
	find, why := finder(t, r.Rules), fmt.Sprint(r.Summary.Rules)
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

// libmodsecurity decides what ModSecurity's operators mean.
func TestCRSSameValuesAsModSecurity(t *testing.T) {
	m := newModSecurity(t)
	g := &regexGenerator{Rand: rand.New(rand.NewPCG(17, 18)), atoms: perlAtoms, quantifiers: perlQuantifiers, groups: perlGroups}
	alphabet := append([]string{"\n", "\n", "\r\n", "B.", "ab\n"}, bytesAlphabet...)
	operators := []string{"@contains ", "@strmatch ", "@beginsWith ", "@endsWith ", "@streq ", "@containsWord ", "@pm ", "@rx ", "@rx ", "@rx ", ""}
	compared, exact, asked := 0, 0, 0
	for range oracleRounds(700) {
		operator := g.pick(operators)
		argument := g.regex(2)
		if !strings.HasPrefix(operator, "@rx") && operator != "" {
			argument = g.pick([]string{"a", "ab", "aB", "b.a", "é", "a b", "A", "ba", "ab\\b", " a"})
		}
		// What ModSecurity's two versions read in two ways, or crash over.
		if strings.ContainsAny(argument, `"`) || strings.Contains(argument, `\\`) || strings.HasSuffix(argument, `\`) {
			continue
		}
		rule := `SecRule ARGS "` + operator + argument + `" "id:1,phase:2,deny` + g.pick([]string{"", "", ",t:none", ",t:lowercase"}) + `"`
		r, err := newJob(kindNamed("crs"), memFiles{"r.conf": []byte(rule)}).run([]string{"r.conf"})
		if err != nil || len(r.Rules) == 0 {
			continue
		}
		if n := m.compare(t, r, rule, g.texts(40, alphabet)[1:]); n > 0 {
			compared, exact, asked = compared+1, exact+r.Summary.Taken, asked+n
		}
	}
	t.Logf("%d compared, %d of them taken, %d texts", compared, exact, asked)
	if compared < oracleRounds(300) || exact < oracleRounds(250) {
		t.Errorf("only %d rules were compared, %d of them taken", compared, exact)
	}
}

// The rules of the Core Rule Set that are taken match the same values, of those made out
// of them, as libmodsecurity says.
func TestPackagedCRSSameValuesAsModSecurity(t *testing.T) {
	folder := need.Unpacked(t, crsFolder, "modsecurity-crs")
	m := newModSecurity(t)
	g := rand.New(rand.NewPCG(19, 20))
	all := importAll(t, "crs", folder)
	partly := map[string]bool{}
	for _, s := range all.Summary.Rules {
		partly[fmt.Sprint(s.File, s.Line)] = true
	}
	texts := map[string][]string{}
	for i := range all.Rules {
		rule := &all.Rules[i]
		at := rule.Data[1].Text + fmt.Sprint(rule.Data[2].Int)
		texts[at] = append(texts[at], textsFor(g, rule)...)
	}
	taken, agreed := 0, 0
	files, _ := filepath.Glob(folder + "/*.conf")
	for _, path := range files {
		j := newJob(kindNamed("crs"), osFiles{})
		in, _ := j.load(source{path: path, folder: folder})
		j.logicalLines(in, "", func(number int, line string) {
			rest, isRule := strings.CutPrefix(strings.TrimSpace(line), "SecRule ")
			at := path + fmt.Sprint(number)
			r, ok := readSecRule(rest, number)
			if !isRule || !ok || partly[at] || texts[at] == nil {
				return
			}
			rule := r.aboutARGS(folder)
			one, err := newJob(kindNamed("crs"), osFilesWith{path: "r.conf", text: rule}).run([]string{filepath.Join(folder, "r.conf")})
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

// aboutARGS is the rule for values of arguments, with the path of its file in the folder.
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

// dataLists counts the lists that became rules of their own.
func dataLists(r *Result) (n int) {
	for i := range r.Rules {
		if strings.HasPrefix(r.Rules[i].ID, "data/") {
			n++
		}
	}
	return n
}

// osFilesWith are the files of the system and one more.
type osFilesWith struct {
	osFiles
	path, text string
}

func (f osFilesWith) read(path string) ([]byte, error) {
	if filepath.Base(path) == f.path {
		return []byte(f.text), nil
	}
	return f.osFiles.read(path)
}

// textsFor are texts that a rule matches, and texts that are nearly such.
func textsFor(g *rand.Rand, r *Rule) []string {
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
	list := samples(g, tree)
	for _, text := range slices.Clone(list) {
		if len(text) > 1 {
			at := g.IntN(len(text))
			list = append(list, text+"\n", "a\n"+text+"\nb", text[:at]+"é"+text[at:], text[:at]+"\xff"+text[at+1:])
		}
	}
	return list
}
