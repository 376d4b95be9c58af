package importer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"trawl/edge/rules"
	"trawl/test/need"
)

// importAll imports and checks what holds for every import: the counts add up,
// and what is written is a rule file that compiles.
func importAll(t *testing.T, kind string, paths ...string) *Result {
	t.Helper()
	r, err := Import(kind, paths)
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, r)
	return r
}

func checkResult(t *testing.T, r *Result) {
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

// counts are found, taken, in part, skipped, written.
type counts5 [5]int

func (c counts5) check(t *testing.T, r *Result) {
	t.Helper()
	s := &r.Summary
	if got := (counts5{s.Found, s.Taken, s.InPart, s.Skipped, s.Written}); got != c {
		t.Errorf("found, taken, in part, skipped, written: %v, want %v\n%s", got, c, s.Text(false))
	}
}

const (
	logcheckFolderPath = "etc/logcheck" // of what was unpacked
	crsFolder          = "usr/share/modsecurity-crs/rules"
	saganFolder        = "etc/sagan-rules"
	etRules            = "usr/share/gocode/src/github.com/jasonish/go-idsrules/testdata/emerging-telnet.rules"
	yaraDocs           = "usr/share/doc/yara/html/_sources/writingrules.rst.txt"
)

// The rule files of Debian's packages. The counts are those of the release that
// CI runs on; another release has other files, and they are then only checked to add up.
func TestPackagedRules(t *testing.T) {
	for _, tt := range []struct {
		kind, pkg, path, release string
		want                     counts5
	}{
		{"logcheck", "logcheck-database", logcheckFolderPath, "1.4.2+deb12u1", counts5{1907, 1904, 0, 3, 1904}},
		{"fail2ban", "fail2ban", filterFolder, "1.0.2-2", counts5{197, 93, 72, 32, 165}},
		{"spamassassin", "spamassassin", spamFolder, "4.0.1-1~deb12u1", counts5{2944, 1020, 106, 1818, 1126}},
		{"crs", "modsecurity-crs", crsFolder, "3.3.4-1+deb12u3", counts5{624, 48, 143, 433, 208}},
		{"snort", "sagan-rules", saganFolder, "1:20170725-1.1", counts5{2288, 498, 1561, 229, 2059}},
		{"snort", "golang-github-jasonish-go-idsrules-dev", etRules, "0.0~git20180130.c986a5f-1", counts5{10, 6, 4, 0, 10}},
	} {
		t.Run(tt.pkg, func(t *testing.T) {
			path, version := need.Unpacked(t, tt.path, tt.pkg), need.Version(t, tt.pkg)
			if testing.Short() && tt.want[0] > 1000 {
				t.Skip("thousands of rules")
			}
			r := importAll(t, tt.kind, path)
			if version != tt.release {
				t.Logf("release %s, not %s: the counts are not compared\n%s", version, tt.release, r.Summary.Text(false))
				if r.Summary.Taken == 0 {
					t.Error("nothing was taken")
				}
				return
			}
			tt.want.check(t, r)
		})
	}
}

// yaraManual is all rules of YARA's manual.
func yaraManual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(need.Unpacked(t, yaraDocs, "yara-doc"))
	if err != nil {
		t.Fatal(err)
	}
	var src strings.Builder
	rule := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "    rule ") || strings.HasPrefix(line, "    private rule ") || strings.HasPrefix(line, "    global rule ") {
			rule = true
		}
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "    ") {
			rule = false
		}
		if rule {
			src.WriteString(line)
		}
	}
	return src.String()
}

// Every rule of YARA's manual is understood as one.
func TestPackagedYARAManual(t *testing.T) {
	r, err := newJob(kindNamed("yara"), memFiles{"manual.yar": []byte(yaraManual(t))}).run([]string{"manual.yar"})
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, r)
	for _, c := range r.Summary.SkippedWhy {
		if c.What == whyYARA && c.Count > 3 { // three have "..." in place of something
			t.Errorf("%d rules were not understood", c.Count)
		}
	}
	if r.Summary.Found < 40 {
		t.Errorf("only %d rules found", r.Summary.Found)
	}
	t.Log(r.Summary.Text(false))
}

// The rules of YARA's manual that are taken, each alone, find the same of the texts made
// out of them as yara does.
func TestPackagedYARAManualSameFilesAsYARA(t *testing.T) {
	need.Path(t, "/usr/bin/yara", "yara")
	g := rand.New(rand.NewPCG(21, 22))
	taken, asked := 0, 0
	for _, src := range strings.SplitAfter(yaraManual(t), "\n    }\n") {
		r, err := newJob(kindNamed("yara"), memFiles{"r.yar": []byte(src)}).run([]string{"r.yar"})
		if err != nil || r.Summary.Taken != 1 || r.Summary.Found != 1 {
			continue
		}
		folder := t.TempDir()
		texts := map[string]string{}
		for i := range min(len(r.Rules), 10) {
			for _, text := range textsFor(g, &r.Rules[i]) {
				name := fmt.Sprintf("t%04d", len(texts))
				texts[name] = text
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		want, ok := yaraFiles(t, folder, src)
		if !ok {
			continue
		}
		taken++
		asked += len(texts)
		find := finder(t, r.Rules)
		for name, text := range texts {
			if find(text) != want[name] {
				t.Errorf("%s on %q: %v, yara %v", src, text, find(text), want[name])
			}
		}
	}
	t.Logf("%d rules that are taken, on %d texts", taken, asked)
	if taken < 8 {
		t.Errorf("only %d rules were compared", taken)
	}
}

// sample is a text that re matches, as far as its assertions allow.
func sample(g *rand.Rand, re *syntax.Regexp) string {
	all := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(sample(g, re.Sub[0]))
		}
		return b.String()
	}
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		i := 2 * g.IntN(len(re.Rune)/2)
		return string(re.Rune[i] + g.Int32N(min(re.Rune[i+1], 0x7e+re.Rune[i])-re.Rune[i]+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string(rune(' ' + g.IntN(95)))
	case syntax.OpCapture:
		return all(1)
	case syntax.OpStar, syntax.OpQuest:
		return all(g.IntN(2))
	case syntax.OpPlus:
		return all(1 + g.IntN(2))
	case syntax.OpRepeat:
		if re.Max > re.Min {
			return all(re.Min + g.IntN(min(re.Max-re.Min, 3)+1))
		}
		return all(re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(g, sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return sample(g, re.Sub[g.IntN(len(re.Sub))])
	}
	return ""
}

// samples are lines that expr matches and lines that are nearly such.
func samples(g *rand.Rand, tree *syntax.Regexp) []string {
	var lines []string
	for range 6 {
		s := strings.Map(func(r rune) rune {
			if r == '\n' || r == 0 || r > 0x7e {
				return 'x'
			}
			return r
		}, sample(g, tree))
		lines = append(lines, s)
		if len(s) > 1 {
			i := g.IntN(len(s))
			lines = append(lines, s[:i]+s[i+1:], s[:i]+"x"+s[i:], "pre "+s+" post", s[:i]+strings.ToUpper(s[i:]))
		}
	}
	return lines
}

// The real regexes of logcheck and of the Core Rule Set, over lines made from
// them: grep must hit the same ones.
func TestPackagedRegexesSameLinesAsGrep(t *testing.T) {
	logcheck := need.Unpacked(t, logcheckFolderPath, "logcheck-database")
	crs := need.Unpacked(t, crsFolder, "modsecurity-crs")
	g, trails := rand.New(rand.NewPCG(9, 10)), rand.New(rand.NewPCG(13, 14))
	compared, hits := 0, 0
	texts := map[string][2]int{}
	compare := func(mode, src string, tr translation) {
		tree, err := syntax.Parse(tr.expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		lines := samples(g, tree)
		seen := lines
		if mode == "-E" { // logcheck takes the blanks off, the importer's rules do not
			for i := range lines {
				lines[i] += []string{"", "", "\r", " ", " \t\r"}[trails.IntN(5)]
			}
			seen = slices.Clone(lines)
			for i := range seen {
				seen[i] = strings.TrimRight(seen[i], " \t\n\v\f\r")
			}
		}
		want, ok := grepLines(t, "C", mode, src, seen)
		if !ok {
			if _, ok := grepLines(t, "C", mode, src, []string{"a"}); !ok {
				t.Errorf("grep refuses %s", src)
			}
			return // PCRE gives up on such lines
		}
		agrees(t, src, tr, lines, want)
		compared++
		n := texts[mode]
		texts[mode] = [2]int{n[0] + 1, n[1] + len(lines)}
		for _, hit := range want {
			if hit {
				hits++
			}
		}
	}
	step := max(1, 2000/oracleRounds(2000))
	n := 0
	each := newJob(kindNamed("logcheck"), osFiles{})
	for _, path := range each.expand([]string{logcheck}) {
		in, _ := each.load(path)
		each.lines(in, func(_ int, line []byte) bool {
			tr, err := translateERE(string(line))
			if err == nil {
				tr, err = logcheckLine.apply(tr)
			}
			if n++; err == nil && len(line) > 0 && line[0] != '#' && n%step == 0 {
				compare("-E", string(line), tr)
			}
			return true
		})
	}
	files, _ := filepath.Glob(crs + "/*.conf")
	for _, path := range files {
		in, _ := each.load(source{path: path})
		each.logicalLines(in, "", func(number int, line string) {
			r, ok := readSecRule(strings.TrimPrefix(strings.TrimSpace(line), "SecRule "), number)
			if !ok || r.operator != "rx" || strings.HasPrefix(strings.TrimSpace(line), "#") {
				return
			}
			tr, err := translatePerl(r.argument, pcreDialect, perlFlags{})
			if err == nil && !strings.Contains(r.argument, "%{") {
				compare("-P", r.argument, tr)
			}
		})
	}
	t.Logf("%d regexes compared, %d hits; regexes and lines: logcheck %v, Core Rule Set %v", compared, hits, texts["-E"], texts["-P"])
	if compared < oracleRounds(2000) || hits < 5*compared {
		t.Errorf("%d regexes compared, %d hits", compared, hits)
	}
}
