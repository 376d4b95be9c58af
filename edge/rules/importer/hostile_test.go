package importer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"trawl/edge/rules"
)

// What is no rule set of the kind is an error with the file, and with the kind
// that it looks like; nothing takes memory without bound.
func TestWrongInput(t *testing.T) {
	golden := func(path string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/golden", path))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	long := bytes.Repeat([]byte("a"), 50<<20)
	if testing.Short() {
		long = long[:9<<20] // over all bounds as well
	}
	for _, tt := range []struct {
		name, kind string
		data       []byte
		want       string
	}{
		{"snort given as words", "words", golden("snort/local.rules"), "f: this looks like Snort or Suricata rules: --from snort"},
		{"yara given as snort", "snort", golden("yara/rules.yar"), "f: this looks like YARA rules: --from yara"},
		{"crs given as fail2ban", "fail2ban", golden("crs/rules.conf"), "f: this looks like ModSecurity rules: --from crs"},
		{"fail2ban given as crs", "crs", golden("fail2ban/demo.conf"), "f: this looks like a fail2ban filter: --from fail2ban"},
		{"sigma given as yara", "yara", golden("sigma/rules.yml"), "f: this looks like a Sigma rule: --from sigma"},
		{"hosts given as words", "words", golden("hosts/hosts"), "f: this looks like a hosts file: --from hosts"},
		{"spamassassin given as regex", "regex", golden("spamassassin/local.cf"), "f: this looks like SpamAssassin's rules: --from spamassassin"},
		{"adblock given as hosts", "hosts", []byte("[Adblock Plus 2.0]\n||ads.example^\n"), "f: this looks like a list for ad blockers, which is not imported"},
		{"adblock given as words", "words", []byte("! x\n||ads.example^$third-party\n@@||x.example^\n"), "f: this looks like a list for ad blockers, which is not imported"},
		{"postfix given as regex", "regex", []byte("# x\n/^Subject: depot/ REJECT no\n"), "f: this looks like a table of regexes for Postfix, which is not imported"},
		{"own rules", "sigma", golden("words.want.yaml"), "f: this is a rule file of trawl already: use it as it is (-f f)"},
		{"binary", "regex", []byte("\x7fELF\x00\x01"), "f: holds a byte 0, so it is no text; --from regex reads one POSIX extended regex per line, as for grep -E -f"},
		{"utf-16", "words", []byte("\xff\xfea\x00"), "f: is UTF-16; save it as UTF-8"},
		{"empty", "snort", nil, "f: no rules in it; --from snort reads Snort and Suricata rules"},
		{"comments only", "logcheck", []byte("# nothing\n\n"), "f: no rules in it; --from logcheck reads logcheck's rule files and folders"},
		{"a million empty lines", "snort", bytes.Repeat([]byte("\n"), 1_000_000), "f: no rules in it; --from snort reads Snort and Suricata rules"},
		{"one line of 50 MB, words", "words", long, "f:1: longer than 1,048,576 bytes, which no word is; is this a word list?"},
		{"one line of 50 MB, regex", "regex", long, "f:1: longer than 1 MiB, which no line of this kind is"},
		{"one line of 50 MB, snort", "snort", long, "f:1: longer than 1 MiB, which no line of this kind is"},
		{"one line of 50 MB, crs", "crs", long, "f:1: longer than 1 MiB, which no line of this kind is"},
		{"one line of 50 MB, fail2ban", "fail2ban", long, "f:1: longer than 1 MiB, which no line of this kind is"},
		{"one line of 50 MB, sigma", "sigma", long, "f: larger than 8 MiB, which no Sigma rules are; split it"},
		{"endless continuation", "snort", bytes.Repeat([]byte("abc \\\n"), 1<<20), "f:1: continued over more than 1 MiB, which no rule is"},
		{"too much for a rule file", "words", numbered(700_000), "use the word list as it is: it may have any size"},
		{"larger than any", "yara", bytes.Repeat([]byte(" "), maxInput+1), "f: larger than 64 MiB, which no rules of this kind are; split it"},
		{"broken YAML", "sigma", []byte("title: [x\n"), "f: not valid YAML: "},
		{"no section", "fail2ban", []byte("x = 1\n"), "f:1: text before the first [section]: is this a filter of fail2ban?"},
		{"no option", "fail2ban", []byte("[a]\nxyz\n"), `f:2: neither a [section] nor name = value: "xyz"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := newJob(kindNamed(tt.kind), memFiles{"f": tt.data}).run([]string{"f"})
			runtime.ReadMemStats(&after)
			var ps rules.Problems
			if !errors.As(err, &ps) || len(ps) != 1 || !strings.Contains(ps[0].String(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<30 {
				t.Errorf("%d MiB were allocated", grown>>20)
			}
		})
	}
}

func numbered(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintln(&b, "word", i)
	}
	return b.Bytes()
}

// Texts, comments and nesting without end are gone through, not feared.
func TestLongYARAText(t *testing.T) {
	for _, src := range []string{
		"rule a { strings: $a = \"" + strings.Repeat("a", 4<<20) + "\" condition: $a }",
		"rule a { condition: " + strings.Repeat("(", 1<<17),
		"rule a { condition: " + strings.Repeat("not ", 1<<17) + "}",
		strings.Repeat("rule a {\n", 1<<12),
		"/*" + strings.Repeat("x", 4<<20),
		"rule a { strings: $a = { " + strings.Repeat("(", 1<<17) + " } condition: $a }",
		"rule a { strings: $a = /" + strings.Repeat("(", 1<<17) + "/ condition: $a }",
	} {
		r, err := newJob(kindNamed("yara"), memFiles{"f": []byte(src)}).run([]string{"f"})
		if err == nil && len(r.Rules) > 0 {
			t.Errorf("%.40s became %d rules", src, len(r.Rules))
		}
	}
}

// Values and includes that refer to each other end with a reason.
func TestFail2banRecursion(t *testing.T) {
	deep := memFiles{}
	for i := range 40 {
		deep[fmt.Sprintf("d%d", i)] = fmt.Appendf(nil, "[INCLUDES]\nbefore = d%d\n[Definition]\nfailregex = x\n", i+1)
	}
	wide := memFiles{"w": []byte("[INCLUDES]\nbefore = a\n b\n")}
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		next := string(rune('b' + i))
		wide[name] = fmt.Appendf(nil, "[INCLUDES]\nbefore = %s\nafter = %s\n", next, next)
	}
	bomb := "[Definition]\na0 = xxxxxxxxxx\n"
	for i := range 18 {
		bomb += fmt.Sprintf("a%d = %%(a%d)s%%(a%d)s%%(a%d)s%%(a%d)s\n", i+1, i, i, i, i)
	}
	tags := "[Definition]\nfailregex = <t0>\n"
	for i := range 200 {
		tags += fmt.Sprintf("t%d = <t%d><t%d>\n", i, i+1, i+1)
	}
	for _, tt := range []struct {
		name  string
		files memFiles
		path  string
		want  string
	}{
		{"itself", memFiles{"f": []byte("[INCLUDES]\nbefore = f\n[Definition]\nfailregex = abc\n")}, "f", ""},
		{"each other", memFiles{"f": []byte("[INCLUDES]\nbefore = g\n[Definition]\nfailregex = abc\n"), "g": []byte("[INCLUDES]\nafter = f\n")}, "f", ""},
		{"deep", deep, "d0", "includes more than 16 levels deep"},
		{"wide", wide, "w", "more than 200 files are included"},
		{"values", memFiles{"f": []byte("[Definition]\na = %(b)s\nb = %(a)s\nfailregex = %(a)s\n")}, "f", errExpanded.Error()},
		{"bomb", memFiles{"f": []byte(bomb + "failregex = %(a18)s\n")}, "f", errExpanded.Error()},
		{"tag itself", memFiles{"f": []byte("[Definition]\nt = <t>x\nfailregex = <t>\n")}, "f", errExpanded.Error()},
		{"tags", memFiles{"f": []byte(tags)}, "f", errExpanded.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := newJob(kindNamed("fail2ban"), tt.files).run([]string{tt.path})
			got := fmt.Sprint(err)
			if err == nil {
				checkResult(t, r)
				got = r.Summary.Text(true)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A file that was cut anywhere is an error or an import that adds up.
func TestTruncatedFiles(t *testing.T) {
	for _, k := range Kinds() {
		paths, _ := filepath.Glob("testdata/golden/" + k.Name + "/*.*")
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				continue // a folder
			}
			step := 1 + len(data)/oracleRounds(300)
			for n := 0; n < len(data); n += step {
				r, err := newJob(kindNamed(k.Name), memFiles{path: data[:n]}).run([]string{path})
				if err != nil {
					var ps rules.Problems
					if !errors.As(err, &ps) {
						t.Fatalf("%s cut at %d: %v", path, n, err)
					}
					continue
				}
				if s := &r.Summary; s.Found != s.Taken+s.InPart+s.Skipped || s.Written != len(r.Rules) {
					t.Fatalf("%s cut at %d: %+v", path, n, s)
				}
			}
		}
	}
}
