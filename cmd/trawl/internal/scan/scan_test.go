package scan

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"trawl/edge/match"
)

// folder makes a folder with files and goes there.
func folder(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

const history = "nothing\nthis here is history\r\n\nher\n"

func TestOutputOfModes(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		paths   []string
		want    string
	}{
		{"lines of stdin", Options{}, nil, "2:2: his,he: this here is history\r\n4:1: he: her\n"},
		{"lines of one file", Options{}, []string{"a"}, "2:2: his,he: this here is history\r\n4:1: he: her\n"},
		{
			"lines of two files",
			Options{},
			[]string{"a", "b"},
			"a:2:2: his,he: this here is history\r\na:4:1: he: her\nb:1:3: he: ache without newline\n",
		},
		{"files in the order given", Options{}, []string{"b", "-", "b"}, "b:1:3: he: ache without newline\n" +
			"(standard input):2:2: his,he: this here is history\r\n(standard input):4:1: he: her\nb:1:3: he: ache without newline\n"},
		{"color", Options{Color: true}, []string{"b", "none"}, "\x1b[35mb\x1b[m:\x1b[32m1\x1b[m:3: he: ac\x1b[1;31mhe\x1b[m without newline\n"},
		{"json", Options{Mode: JSON}, []string{"b"}, `{"file":"b","line":1,"column":3,"offset":2,"rule":"he","start":2,"end":4,"text":"he"}` + "\n"},
		{
			"json offsets are the file's, places the line's",
			Options{Mode: JSON},
			[]string{"a"},
			`{"file":"a","line":2,"column":2,"offset":9,"rule":"his","start":1,"end":4,"text":"his"}
{"file":"a","line":2,"column":6,"offset":13,"rule":"he","start":5,"end":7,"text":"he"}
{"file":"a","line":2,"column":14,"offset":21,"rule":"his","start":13,"end":16,"text":"his"}
{"file":"a","line":4,"column":1,"offset":31,"rule":"he","start":0,"end":2,"text":"he"}
`,
		},
		{"count of one file", Options{Mode: Count}, []string{"a"}, "2\n"},
		{"count has zeros", Options{Mode: Count}, []string{"a", "none", "empty", "b"}, "a:2\nnone:0\nempty:0\nb:1\n"},
		{"files once each", Options{Mode: Files}, []string{"a", "none", "b"}, "a\nb\n"},
		{"only", Options{Mode: Only}, []string{"a"}, "2:2: his: his\n2:6: he: he\n2:14: his: his\n4:1: he: he\n"},
		{"only of a folder", Options{Mode: Only, Recursive: true}, []string{"d"}, "d/x/1:1:1: he: he\nd/y:1:1: he: he\n"},
		{"folder given with a slash", Options{Mode: Files, Recursive: true}, []string{"d/"}, "d/x/1\nd/y\n"},
		{"current folder by name", Options{Mode: Files, Recursive: true}, []string{"."}, "./a\n./b\n./d/x/1\n./d/y\n"},
		{"current folder", Options{Mode: Files, Recursive: true}, nil, "a\nb\nd/x/1\nd/y\n"},
		{"recursive on one file", Options{Recursive: true}, []string{"b"}, "1:3: he: ache without newline\n"},
		{"quiet", Options{Mode: Quiet}, []string{"a"}, ""},
	}
	folder(t, map[string]string{
		"a": history, "b": "ache without newline", "none": "nothing\n", "empty": "",
		"d/x/1": "he\n", "d/y": "he\n", "d/z": "",
	})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := runScan(t, newFake(t, "he", "his"), history, test.options, test.paths...)
			if got.out != test.want || got.errOut != "" || got.err != nil || !got.matched {
				t.Errorf("got %q\nwant %q\nstderr %q, error %v, matched %v", got.out, test.want, got.errOut, got.err, got.matched)
			}
		})
	}
}

func TestRulesOfALineGoByTheirFirstMatch(t *testing.T) {
	got := runScan(t, newFake(t, "bc", "abcd", "zz"), "xabcd zz bc\n", Options{})
	if want := "1:2: abcd,bc,zz: xabcd zz bc\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}

func TestOverlappingMatchesAreColoredAsOne(t *testing.T) {
	got := runScan(t, newFake(t, "abc", "b", "cd", "de"), "xabcdexb\n", Options{Color: true, Mode: Lines})
	if want := "x\x1b[1;31mabcde\x1b[mx\x1b[1;31mb\x1b[m\n"; !strings.HasSuffix(got.out, want) {
		t.Errorf("got %q, want the end %q", got.out, want)
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	b := newFake(t, "\xff\x00\x01")
	got := runScan(t, b, "a\xff\x00\x01\n", Options{Mode: JSON})
	if !strings.Contains(got.out, `"text_b64":"/wAB"`) {
		t.Errorf("got %q", got.out)
	}
}

// A terminal sees what would move its cursor; a pipe gets every byte.
func TestTerminalsAreNotTakenOver(t *testing.T) {
	const name, line = "a\x1b]0;x\x07\nb", "\x1b[2Jhe\u009b1m\t\u202e\x9b\rover\r"
	folder(t, map[string]string{name: line + "\n"})
	const shownName, before, after = `a\x1b]0;x\a\nb`, `\x1b[2J`, `\u009b1m` + "\t" + `\u202e\x9b\rover`
	for _, c := range []struct {
		what string
		o    Options
		want string
	}{
		{"pipe", Options{}, name + ":1:5: he: " + line + "\n"},
		{"pipe, names", Options{Mode: Files}, name + "\n"},
		{"terminal", Options{Terminal: true}, shownName + ":1:5: he: " + before + "he" + after + "\n"},
		{"terminal, names", Options{Terminal: true, Mode: Files}, shownName + "\n"},
		{"terminal, counts", Options{Terminal: true, Mode: Count}, shownName + ":1\n"},
		{"terminal, matches", Options{Terminal: true, Mode: Only}, shownName + ":1:5: he: he\n"},
		{"terminal, colors", Options{Terminal: true, Color: true}, "\x1b[35m" + shownName + "\x1b[m:\x1b[32m1\x1b[m:5: he: " + before + "\x1b[1;31mhe\x1b[m" + after + "\n"},
	} {
		got := runScan(t, newFake(t, "he"), "", c.o, name, "/dev/null")
		if got.out = strings.TrimSuffix(got.out, "/dev/null:0\n"); got.out != c.want || got.errOut != "" {
			t.Errorf("%s: %q, %q", c.what, got.out, got.errOut)
		}
	}
	// What is said of files is on lines of its own, and rules that a broker names are, too.
	if got := runScan(t, newFake(t, "he"), "", Options{}, "no\x1b\nfile"); got.errOut != `trawl: no\x1b\nfile: no such file or directory`+"\n" {
		t.Errorf("%q", got.errOut)
	}
	folder(t, map[string]string{"f": "x\x1b[Jy\n"})
	if got := runScan(t, newFake(t, "x\x1b[J"), "", Options{}, "f"); got.out != `1:1: x\x1b[J: `+"x\x1b[Jy\n" {
		t.Errorf("%q", got.out)
	}
}

func TestNothingMatched(t *testing.T) {
	for _, mode := range []Mode{Lines, JSON, Only, Files, Quiet} {
		got := runScan(t, newFake(t, "absent"), history, Options{Mode: mode})
		if got.out != "" || got.matched || got.err != nil {
			t.Errorf("mode %d: %+v", mode, got)
		}
	}
}

func TestSummary(t *testing.T) {
	folder(t, map[string]string{"a": history, "b": "ache", "empty": ""})
	got := runScan(t, newFake(t, "he", "his"), "", Options{}, "a", "b", "empty", "missing")
	want := Summary{Files: 3, Lines: 5, MatchingLines: 3, Matches: 5, Bytes: int64(len(history) + 4)}
	if got.sum != want {
		t.Errorf("got %+v, want %+v", got.sum, want)
	}
}

func TestUnreadableInputIsToldAndPassedOver(t *testing.T) {
	folder(t, map[string]string{"a": "he\n", "d/x": "he\n"})
	if err := os.Symlink("missing", "dangling"); err != nil {
		t.Fatal(err)
	}
	got := runScan(t, newFake(t, "he"), "", Options{}, "missing", "a", "d", "dangling", "a")
	wantErr := "trawl: missing: no such file or directory\ntrawl: d: is a folder: use -r to scan what is in it\ntrawl: dangling: no such file or directory\n"
	if got.out != "a:1:1: he: he\na:1:1: he: he\n" || got.errOut != wantErr || !errors.Is(got.err, ErrUnreadable) || !got.matched {
		t.Errorf("%+v", got)
	}
}

func TestFoldersAreWalkedWithoutLinks(t *testing.T) {
	folder(t, map[string]string{"d/b": "he\n", "d/a/z": "he\n", "e": "he\n"})
	for link, to := range map[string]string{"d/loop": "..", "d/link": "../e", "root": "d"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	got := runScan(t, newFake(t, "he"), "", Options{Mode: Files, Recursive: true}, "root")
	if got.out != "root/a/z\nroot/b\n" || got.err != nil {
		t.Errorf("%+v", got)
	}
}

func TestOutputIsNotItsOwnInput(t *testing.T) {
	folder(t, map[string]string{"a": "he\n", "out": "he\n"})
	out, err := os.OpenFile("out", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var notes strings.Builder
	_, _, err = Run(t.Context(), newFake(t, "he"), nil, Options{Recursive: true}, nil, out, &notes)
	content, _ := os.ReadFile("out")
	if string(content) != "he\na:1:1: he: he\n" || notes.String() != "trawl: out: is also the output: left out\n" || !errors.Is(err, ErrUnreadable) {
		t.Errorf("out %q, stderr %q, error %v", content, notes.String(), err)
	}
}

func TestBinaryFiles(t *testing.T) {
	binary := "he\n\x00his\nxhe\n"
	folder(t, map[string]string{"bin": binary, "text": "he\n", "late": strings.Repeat("x\n", 20<<10) + "\x00he\n", "silent": "\x00\n"})
	tests := []struct {
		mode Mode
		want string
	}{
		{Lines, "bin: binary file matches (-a prints its lines): he,his\ntext:1:1: he: he\nlate:20481:2: he: \x00he\n"},
		{Only, "bin:1:1: he: he\nbin:2:2: his: his\nbin:3:2: he: he\ntext:1:1: he: he\nlate:20481:2: he: he\n"},
		{Count, "bin:3\ntext:1\nlate:1\nsilent:0\n"},
		{Files, "bin\ntext\nlate\n"},
	}
	for _, test := range tests {
		got := runScan(t, newFake(t, "he", "his"), "", Options{Mode: test.mode}, "bin", "text", "late", "silent")
		if got.out != test.want || got.err != nil {
			t.Errorf("mode %d: got %q, want %q (%v)", test.mode, got.out, test.want, got.err)
		}
	}
	got := runScan(t, newFake(t, "he", "his"), binary, Options{})
	if want := "(standard input): binary file matches (-a prints its lines): he,his\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}

func TestTextPrintsLinesOfBinaryFiles(t *testing.T) {
	got := runScan(t, newFake(t, "he"), "x\x00he\n\x00\nhe\n", Options{Text: true})
	if want := "1:3: he: x\x00he\n3:1: he: he\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}

// A byte order mark is left out wherever reads and blocks end; offsets count it.
func TestByteOrderMarkIsNoPartOfTheFirstLine(t *testing.T) {
	const bom = "\xef\xbb\xbf"
	asker := packOf(t, &match.Rule{ID: "begin", Regex: "^he"}, &match.Rule{ID: "end", Regex: "she$"})
	for _, tt := range []struct{ in, want string }{
		{bom + "he\nshe\n", "1:1: begin: he\n2:1: end: she\n"},
		{bom + "he", "1:1: begin: he\n"},
		{bom, ""},
		{"\xef\xbb", ""},
		{bom + bom + "he", ""},
		{"x\n" + bom + "he", ""},
		{bom + strings.Repeat("x", 500) + "she\nhe\n", "1:501: end: she\n2:1: begin: he\n"},
		{bom + "he" + strings.Repeat("x", 500) + "\n", "1:1: begin: he\n"},
	} {
		for _, size := range []int{1, 2, 3, 7, 64} {
			var out bytes.Buffer
			o := Options{Mode: Only, Overlap: 3, BlockSize: 64, longLine: 100}
			if _, _, err := Run(t.Context(), asker, nil, o, iotest.OneByteReader(strings.NewReader(tt.in)), &out, io.Discard); err != nil || out.String() != tt.want {
				t.Errorf("%.20q by single bytes: %q, %v; want %q", tt.in, out.String(), err, tt.want)
			}
			o.BlockSize = size + 3
			folder(t, map[string]string{"f": tt.in})
			if got := runScan(t, asker, "", o, "f"); got.out != tt.want {
				t.Errorf("%.20q in blocks of %d: %q, want %q", tt.in, o.BlockSize, got.out, tt.want)
			}
		}
	}
	folder(t, map[string]string{"f": bom + "he\n"})
	got := runScan(t, asker, "", Options{Mode: JSON}, "f")
	if want := `"line":1,"column":1,"offset":3,"rule":"begin","start":0,"end":2`; !strings.Contains(got.out, want) || got.sum.Bytes != 6 {
		t.Errorf("got %q and %d bytes", got.out, got.sum.Bytes)
	}
}

func TestUTF16IsToldOnce(t *testing.T) {
	utf16 := "\xff\xfeh\x00e\x00\n\x00" + strings.Repeat("h\x00e\x00\n\x00", 10_000)
	for _, tt := range []struct {
		in    string
		utf16 bool
	}{
		{utf16, true},
		{"\xfe\xff\x00h\x00e\x00\n", true},
		{"\xff\xfe\x3d\xd8\x00\xde\n\x00", true}, // 😀
		{"\xff\xfe\x0d\x66\n\x00", true},         // without a byte 0 but for the break
		{"\xff\xfe", false},
		{"\xff\xfe\x00\x00he", false},
		{"\xff\xfe\x01\x02\x03\x04he\x05\x00", false},
		{"he\n", false},
		{"h\x00e\x00l\x00p\x00\n\x00", true}, // without a mark
		{"\x00h\x00e\x00l\x00p\x00\n", true},
		{"h\x00e\x00", false}, // too few
		{"\x00\x00\x00\x00he\x00\x00\x00\x00", false},
		{"he\x00lp\x00he\x00lp\x00", false}, // strings that end in a byte 0
	} {
		folder(t, map[string]string{"f": tt.in})
		got := runScan(t, newFake(t, "zzz"), "", Options{}, "f")
		if n := strings.Count(got.errOut, "is not decoded"); (n == 1) != tt.utf16 || errors.Is(got.err, ErrUnreadable) != tt.utf16 {
			t.Errorf("%.20q: %q, %v", tt.in, got.errOut, got.err)
		}
	}
}

// What looks like UTF-16 may be something else whose bytes are looked for.
func TestEncodingsAreNamed(t *testing.T) {
	for _, tt := range []struct{ in, words, say string }{
		{"\xff\xfeh\x00e\x00", "zzz", "f: text in UTF-16 is not decoded, so what is in it has not been found; convert it first: iconv -f UTF-16 -t UTF-8\n"},
		{"h\x00e\x00l\x00p\x00", "zzz", "f: text in UTF-16LE, as this looks like, is not decoded, so what is in it has not been found; convert it first: iconv -f UTF-16LE -t UTF-8\n"},
		{"\x00h\x00e\x00l\x00p", "zzz", "-f UTF-16BE "},
		{"\xff\xfe\x00\x00h\x00\x00\x00e\x00\x00\x00", "zzz", "text in UTF-32 is not"},
		{"\x00\x00\xfe\xff\x00\x00\x00h\x00\x00\x00e", "zzz", "text in UTF-32 is not"},
		{"h\x00\x00\x00e\x00\x00\x00l\x00\x00\x00p\x00\x00\x00", "zzz", "-f UTF-32LE "},
		{"h\x00e\x00l\x00p\x00", "h\x00", ""},
		{"\xff\xfeh\x00e\x00", "h\x00", "text in UTF-16 is not"},
	} {
		folder(t, map[string]string{"f": tt.in})
		got := runScan(t, newFake(t, tt.words), "", Options{}, "f")
		if !strings.Contains(got.errOut, tt.say) || tt.say == "" && (got.errOut != "" || got.err != nil) {
			t.Errorf("%q: %q, %v; want %q", tt.in, got.errOut, got.err, tt.say)
		}
	}
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	folder(t, map[string]string{"caf\xe9": "he\n"})
	got := runScan(t, newFake(t, "he"), "", Options{Mode: JSON}, "caf\xe9")
	if want := `{"file":"caf` + "\ufffd" + `","file_b64":"Y2Fm6Q==","line":1,`; !strings.HasPrefix(got.out, want) {
		t.Errorf("got %q, want %q…", got.out, want)
	}
}

func TestBinaryIsKnownWhereverTheBlockEnds(t *testing.T) {
	binary := strings.Repeat("he\n", 10<<10/3) + "\x00\n"
	for _, before := range []int{0, 200, 245, 250, 255, 256} { // KiB in the same block
		folder(t, map[string]string{"a": strings.Repeat("x\n", before<<9), "bin": binary})
		got := runScan(t, newFake(t, "he"), "", Options{}, "a", "bin")
		if want := "bin: binary file matches (-a prints its lines): he\n"; got.out != want {
			t.Errorf("behind %d KiB: got %q…, want %q", before, got.out[:min(100, len(got.out))], want)
		}
	}
}
