package rules

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/match"
)

var update = flag.Bool("update", false, "rewrite the .want files in testdata")

// Every file in testdata/bad is refused with the messages in its .want file.
func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(paths) == 0 {
		t.Fatal("no files", err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, ".want") {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := Check([]string{path}, Options{})
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.ReplaceAll(err.Error(), "testdata/bad/", "") + "\n"
			golden := path + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
			pack, _, err := Compile([]string{path}, Options{})
			if err == nil || pack != nil {
				t.Errorf("Compile gave a pack, or no error: %v", err)
			}
		})
	}
}

// folder is a temporary folder with files of the given contents.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// check checks files of dir and returns the report, and the error's text
// without the folder.
func check(dir string, o Options, names ...string) (*Report, string) {
	var paths []string
	for _, n := range names {
		if n != "-" && n != "" {
			n = filepath.Join(dir, n)
		}
		paths = append(paths, n)
	}
	r, err := Check(paths, o)
	if err == nil {
		return r, ""
	}
	return r, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func TestFilesTogether(t *testing.T) {
	files := map[string]string{
		"a.yaml":      "rules:\n  - literal: one\n  - {id: two, regex: 'x+'}\n",
		"b.yaml":      "rules:\n  - {id: two, words: [a]}\n  - {id: three, words: [b]}\n",
		"broken.yaml": "rules: [\n",
		"words.txt":   "zero\none\nfour\n",
		"more.txt":    "three\n",
		"latin1.txt":  "caf\xe9\nUniversit\xe4ten\nok\n",
	}
	dir := folder(t, files)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	writePack(t, dir, "x.pack")
	tests := []struct {
		name  string
		files string
		o     Options
		want  []string
	}{
		{"ids across rule files", "a.yaml b.yaml", Options{}, []string{`b.yaml:2: duplicate id "two", first in ` + dir + `/a.yaml:3`}},
		{"word after a rule", "a.yaml words.txt", Options{}, []string{`words.txt:2: the word "one" is the id of a rule already, in ` + dir + `/a.yaml:2`}},
		{"rule after a word", "words.txt more.txt b.yaml", Options{}, []string{`b.yaml:3: duplicate id "three", first in ` + dir + `/more.txt:1`}},
		{"all files are looked at", "broken.yaml nothing.txt a.yaml b.yaml sub", Options{}, []string{
			"broken.yaml:2: not valid YAML: did not find expected node content",
			"nothing.txt: no such file",
			`b.yaml:2: duplicate id "two", first in ` + dir + `/a.yaml:3`,
			"sub: is a folder without rule files (.yaml); name the files in it",
		}},
		{"rule file twice", "a.yaml a.yaml", Options{}, []string{"a.yaml: given twice, first as " + dir + "/a.yaml"}},
		{"whole words and a regex", "a.yaml", Options{Whole: true}, []string{`a.yaml:3: rule "two": whole does not apply to a regex, write \b in it`}},
		{"nocase and bytes", "latin1.txt", Options{NoCase: true}, []string{`latin1.txt:2: has bytes that are not UTF-8 and over 8 ASCII letters, so its case cannot be ignored; save the file as UTF-8 (iconv -f LATIN1 -t UTF-8), or leave -i out`}},
		{"pack and others", "x.pack words.txt", Options{}, []string{"x.pack: a pack cannot be combined with other files; compile the files that it was made of together with them"}},
		{"pack and flags", "x.pack", Options{NoCase: true}, []string{"x.pack: ignoring case (-i) and whole words (-w) are settled when a pack is compiled; compile its files again with them"}},
		{"pack and engine", "x.pack", Options{Engine: "cloudflare"}, []string{"x.pack: compiled for engine dfa, not cloudflare; compile its files again"}},
		{"standard input", "-", Options{}, []string{"-: rules are not read from standard input; name a file"}},
		{"unknown engine, once", "words.txt a.yaml", Options{Engine: "magic"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, got := check(dir, tt.o, strings.Fields(tt.files)...)
			if tt.want == nil {
				if !strings.Contains(got, "unknown engine") || strings.Contains(got, "\n") {
					t.Errorf("got:\n%s", got)
				}
				return
			}
			want := strings.ReplaceAll(strings.Join(tt.want, "\n"), dir+"/", "")
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	if _, got := check(dir, Options{}); got != "no rules given; name a word list, a rule file (.yaml) or a pack" {
		t.Errorf("no files: %q", got)
	}
}

// writePack compiles two words into a pack called "packed".
func writePack(t *testing.T, dir, name string) string {
	t.Helper()
	b := match.NewBuilder(match.Options{Name: "packed"})
	for _, w := range []string{"he", "she"} {
		if err := b.Add(&match.Rule{Literals: [][]byte{[]byte(w)}}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if _, err := p.WriteTo(&data); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestManyProblemsAreCut(t *testing.T) {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 1234 {
		fmt.Fprintf(&b, "  - {id: r%d, regex: '('}\n", i)
	}
	dir := folder(t, map[string]string{"many.yaml": b.String()})
	_, got := check(dir, Options{}, "many.yaml")
	lines := strings.Split(got, "\n")
	if len(lines) != 101 || lines[100] != "and 1,134 more" || !strings.HasPrefix(lines[99], "many.yaml:101: ") {
		t.Errorf("%d lines, the last two:\n%s", len(lines), strings.Join(lines[len(lines)-2:], "\n"))
	}
}

func TestLargeFilesAreRefused(t *testing.T) {
	dir := folder(t, map[string]string{
		"large.yaml": "rules:\n" + strings.Repeat("# much to say\n", MaxFile/10),
		"long.txt":   "short\n" + strings.Repeat("x", MaxLine+1) + "\nshort too\n",
		"fits.txt":   strings.Repeat("x", MaxLine) + "\n",
	})
	for file, want := range map[string]string{
		"large.yaml": "large.yaml: larger than 8 MiB; split it into several rule files, or put plain words into a word list",
		"long.txt":   "long.txt:2: longer than 1,048,576 bytes, which no word is; is this a word list?",
		"fits.txt":   "",
	} {
		if _, got := check(dir, Options{}, file); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// pipe returns the path of a pipe that gives data.
func pipe(t *testing.T, data []byte) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := w.Write(data); err != nil { // less than a pipe holds
		t.Fatal(err)
	}
	w.Close()
	return fmt.Sprintf("/dev/fd/%d", r.Fd())
}

func TestPipes(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip(err)
	}
	report, err := Check([]string{pipe(t, []byte("one\ntwo\n"))}, Options{})
	if err != nil || report.Rules != 2 {
		t.Errorf("words: %v, %v", report, err)
	}
	data, err := os.ReadFile(writePack(t, t.TempDir(), "x.pack"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Check([]string{pipe(t, data)}, Options{})
	if err == nil || !strings.HasSuffix(err.Error(), ": a pack must be a regular file; save it first") {
		t.Errorf("pack: %v", err)
	}
}

func TestFolderStandsForItsRuleFiles(t *testing.T) {
	dir := folder(t, map[string]string{
		"b.yaml":  "rules:\n  - literal: b\n",
		"a.yml":   "rules:\n  - literal: a\n",
		"notes":   "not a rule file\n",
		"x.words": "x\n",
	})
	pack, report, err := Compile([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Files) != 2 || pack.NumRules() != 2 || pack.ID(0) != "a" || pack.ID(1) != "b" {
		t.Errorf("read %v, %d rules", report.Files, pack.NumRules())
	}
}
