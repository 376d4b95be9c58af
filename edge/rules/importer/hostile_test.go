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

	"trawl/edge/problem"
	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/regextest"
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
		{"larger than any", "yara", bytes.Repeat([]byte(" "), job.MaxInput+1), "f: larger than 64 MiB, which no rules of this kind are; split it"},
		{"broken YAML", "sigma", []byte("title: [x\n"), "f: not valid YAML: "},
		{"no section", "fail2ban", []byte("x = 1\n"), "f:1: text before the first [section]: is this a filter of fail2ban?"},
		{"no option", "fail2ban", []byte("[a]\nxyz\n"), `f:2: neither a [section] nor name = value: "xyz"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := job.New(kindNamed(tt.kind), importertest.MemFiles{"f": tt.data}).Run([]string{"f"}, whatElse)
			runtime.ReadMemStats(&after)
			var ps problem.List
			if !errors.As(err, &ps) || len(ps) != 1 || !strings.Contains(ps[0].Error(), tt.want) {
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

// A file that was cut anywhere is an error or an import that adds up.
func TestTruncatedFiles(t *testing.T) {
	for _, k := range Kinds() {
		paths, _ := filepath.Glob("testdata/golden/" + k.Name + "/*.*")
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				continue // a folder
			}
			step := 1 + len(data)/regextest.Rounds(300)
			for n := 0; n < len(data); n += step {
				r, err := job.New(kindNamed(k.Name), importertest.MemFiles{path: data[:n]}).Run([]string{path}, whatElse)
				if err != nil {
					var ps problem.List
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
