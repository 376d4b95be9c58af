package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trawl/test/need"
)

// regexGenerator writes random regexes from parts of a syntax.
type regexGenerator struct {
	*rand.Rand
	atoms       []string
	quantifiers []string
	groups      []string // openings
	bar, end    string   // of alternatives and groups; empty: | and )
}

func (g *regexGenerator) pick(list []string) string { return list[g.IntN(len(list))] }

func (g *regexGenerator) regex(depth int) string {
	var b strings.Builder
	bar, end := cmp.Or(g.bar, "|"), cmp.Or(g.end, ")")
	for range 1 + g.IntN(4) {
		switch n := g.IntN(12); {
		case n == 0 && depth > 0:
			b.WriteString(g.pick(g.groups) + g.regex(depth-1) + bar + g.regex(depth-1) + end)
		case n == 1 && depth > 0:
			b.WriteString(g.pick(g.groups) + g.regex(depth-1) + end)
		default:
			b.WriteString(g.pick(g.atoms))
		}
		if g.IntN(3) == 0 {
			b.WriteString(g.pick(g.quantifiers))
		}
	}
	if depth == 2 && g.IntN(6) == 0 {
		return b.String() + bar + g.regex(1)
	}
	return b.String()
}

func (g *regexGenerator) text(alphabet []string) string {
	var b strings.Builder
	for range g.IntN(12) {
		b.WriteString(g.pick(alphabet))
	}
	return b.String()
}

var textAlphabet = []string{"a", "a", "b", "c", "A", "B", "0", "1", "_", " ", "-", ".", "\t", "\v", "ab", "ba", "x", "{", "}", "]", "\\", "d", "^", "$", "+"}

// bytesAlphabet has characters of two to four bytes and parts of some, beside those that
// regexes ask for.
var bytesAlphabet = append([]string{"é", "é", "€", "\U0001f600", "\xa9", "\xc3", "\xff", "à"}, textAlphabet[:16]...)

// texts are lines for an oracle: no line breaks.
func (g *regexGenerator) texts(n int, alphabet []string) []string {
	list := []string{"", "a", "ab", "abc"}
	for len(list) < n {
		list = append(list, g.text(alphabet))
	}
	return list
}

// grepLines is which lines grep says match; false if it refuses the pattern.
func grepLines(t *testing.T, locale, mode, pattern string, lines []string) ([]bool, bool) {
	t.Helper()
	cmd := need.Command("grep", "-a", "-n", mode, "-e", pattern)
	cmd.Env = append(cmd.Env, "LC_ALL="+locale)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 1 {
		return nil, false
	}
	if err != nil && exit == nil {
		t.Fatal(err)
	}
	hits := make([]bool, len(lines))
	for line := range bytes.Lines(out) {
		var n int
		if _, err := fmt.Sscanf(string(line), "%d:", &n); err == nil {
			hits[n-1] = true
		}
	}
	return hits, true
}

// agrees compares a translation with what an oracle said.
func agrees(t *testing.T, src string, tr translation, lines []string, want []bool) {
	t.Helper()
	re, err := regexp.Compile(tr.expr)
	if err != nil {
		t.Errorf("%q became %q: %v", src, tr.expr, err)
		return
	}
	said := func(what string) bool {
		return slices.ContainsFunc(tr.partly, func(r reason) bool { return strings.HasPrefix(r.text, what) })
	}
	more, less := said("finds more"), said("finds less")
	for i, line := range lines {
		if got := re.MatchString(line); got != want[i] && !(got && more) && !(!got && less) {
			t.Errorf("%q became %q: on %q it says %v, the original %v", src, tr.expr, line, got, want[i])
			return
		}
	}
}

func oracleRounds(full int) int {
	if testing.Short() {
		return full / 10
	}
	return full
}

// grep decides what a POSIX regex means: extended ones with -E, basic ones without.
func TestPOSIXSameLinesAsGrep(t *testing.T) {
	for _, syntax := range []struct {
		name, mode                 string
		translate                  func(string) (translation, error)
		atoms, quantifiers, groups []string
		bar, end                   string
	}{
		{
			"extended", "-E", translateERE,
			[]string{`\.`, `\d`, `\_`, `\-`, "{", "}", "a{", "{1", `\{`, `\^`, ")", "(", "()", `\(a\)`, `\|`},
			[]string{"*", "+", "?", "{2}", "{1,2}", "{,2}", "{0,1}", "{2,}", "{2,1}", "**", "+?", "{1}{2}", "{x}", "{,}"},
			[]string{"("},
			"|", ")",
		},
		{
			"basic", "-G", translateBRE,
			[]string{`\.`, `\d`, `\_`, `\-`, "{", "}", "a{1}", "+", "?", "|", "(a)", "*", `\*`, `\^`, `\$`, "^*", `\(\)`, `\)`, `\(*a\)`, `\(^a$\)`, "a^b", "a$b", `\+`, `\?`, `\{1\}`, "^^", "$$"},
			[]string{"*", `\+`, `\?`, `\{2\}`, `\{1,2\}`, `\{,2\}`, `\{2,\}`, `\{2,1\}`, "**", `\+*`, `\{1\}\{2\}`, `\{x\}`, `\{1`, "+", "{2}"},
			[]string{`\(`},
			`\|`, `\)`,
		},
	} {
		for _, locale := range []string{"C", "C.UTF-8"} {
			g := &regexGenerator{
				Rand: rand.New(rand.NewPCG(1, 2)),
				atoms: append([]string{
					"a", "b", "c", ".", "0", "_", " ", "[ab]", "[^a]", "[a-c]", "[]a]", "[^]a]", "[a-]", `[\w]`, "[[:alpha:]]", "[^[:space:]_]", "[[:digit:]-]", "[[.a.]b]", "[[=a=]]", "[*+]", `[\(a]`,
					"^", "$", `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `\<`, `\>`, "]", `\'`, "\\`", `\1`, "[b-a]", `\`, "-", "/",
				}, syntax.atoms...),
				quantifiers: syntax.quantifiers, groups: syntax.groups, bar: syntax.bar, end: syntax.end,
			}
			if locale != "C" {
				g.atoms = append(g.atoms, "é", "[é]")
			}
			taken, refusals := 0, map[string]int{}
			for range oracleRounds(1500) {
				src := g.regex(2)
				alphabet := append([]string{"*", "(", ")", "?", "|", "\r"}, textAlphabet...)
				ascii := strings.IndexFunc(src, func(r rune) bool { return r > 0x7f }) < 0
				if locale != "C" && !ascii {
					alphabet = append([]string{"é"}, alphabet...)
				}
				lines := g.texts(40, alphabet)
				tr, err := syntax.translate(src)
				if err != nil {
					refusals[err.(*refused).text]++
				}
				want, ok := grepLines(t, locale, syntax.mode, src, lines)
				if err != nil {
					continue
				}
				if !ok {
					t.Errorf("grep refuses %q, here it became %q", src, tr.expr)
					continue
				}
				if !ascii && (len(tr.remarks) > 0 || strings.Contains(src, "[^")) {
					continue // classes know ASCII only: noted
				}
				taken++
				agrees(t, src, tr, lines, want)
			}
			t.Logf("%s, %s: %d compared, refused: %v", syntax.name, locale, taken, refusals)
			if taken < oracleRounds(300) {
				t.Errorf("%s, %s: only %d regexes were compared", syntax.name, locale, taken)
			}
		}
	}
}

var perlAtoms = []string{
	"a", "b", "c", ".", "0", "_", " ", "[ab]", "[^a]", "[a-c]", "[]a]", "[^]a]", "[a-]", `[\w-]`, `[\w-b]`, `[\]a]`, `[^\s]`, `[^\S]`, `[\d.]`, "^", "$", `\w`, `\W`, `\s`, `\S`, `\d`, `\D`,
	`\b`, `\B`, `\.`, `\-`, `\_`, "{", "}", "a{", "{1", "]", `\x41`, `\t`, `\A`, `\Z`, `\/`, `\"`, `\071`, ")", "(", `\1`, "[b-a]", `\`, "()", "-", `\x{41}`, `\v`, `\e`, `\h`, `\N`, `[\b]`, `[\v]`, `\Qa.\E`, `\ca`, `[[:alpha:]_]`, `[^[:^digit:]]`, "(?#x)", `\x4`, `\0`, `\z`,
}

var perlQuantifiers = []string{"*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "{2,1}", "*?", "+?", "??", "{1,2}?", "**", "{1}{2}", "{x}", "++", "*+", "?+", "{1,2}+"}

var perlGroups = []string{"(", "(", "(?:", "(?i:", "(?>", "(?P<n>", "(?<m>", "(?i)(", "(?=", "(?<!", "(?s-i:", "(?|", "(?x: ", "(?-i:"}

// grep -P is PCRE, which Snort's and ModSecurity's rules are written for.
func TestPCRESameLinesAsGrep(t *testing.T) {
	g := &regexGenerator{Rand: rand.New(rand.NewPCG(3, 4)), atoms: perlAtoms, quantifiers: perlQuantifiers, groups: perlGroups}
	if _, ok := grepLines(t, "C", "-P", "a", []string{"a"}); !ok {
		t.Fatal("this grep has no -P")
	}
	taken, refusals := 0, map[string]int{}
	for range oracleRounds(3000) {
		src := g.regex(2)
		lines := append(g.texts(25, textAlphabet), g.texts(25, bytesAlphabet)...)
		tr, err := translatePerl(src, pcreDialect, perlFlags{})
		if err != nil {
			refusals[err.(*refused).text]++
			continue
		}
		want, ok := grepLines(t, "C", "-P", src, lines)
		if !ok && (strings.Count(src, "<n>") > 1 || strings.Count(src, "<m>") > 1) {
			continue // names given twice
		}
		if !ok {
			t.Errorf("PCRE refuses %q, here it became %q", src, tr.expr)
			continue
		}
		taken++
		agrees(t, src, tr, lines, want)
	}
	t.Logf("%d compared, refused: %v", taken, refusals)
	if taken < oracleRounds(600) {
		t.Errorf("only %d regexes were compared", taken)
	}
}

const pythonOracle = `
import json, re, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    src, texts = json.loads(line)
    try:
        r = re.compile(src)
    except Exception:
        print("null")
        continue
    print(json.dumps([bool(r.search(t)) for t in texts]))
`

// Python's re decides what fail2ban's regexes mean.
func TestPythonSameLinesAsPython(t *testing.T) {
	need.Path(t, "/usr/bin/python3", "python3")
	g := &regexGenerator{
		Rand: rand.New(rand.NewPCG(5, 6)), quantifiers: perlQuantifiers, groups: perlGroups,
		atoms: append([]string{"é", `[^\W_]`, `[\W\d]`, `[^\Wa]`, `[\D]`, `[^\d]`, `[\Sx]`, `\w\b`, `\b\w`, `\d\b `}, perlAtoms...),
	}
	alphabet := append([]string{"é", "Ж", "٣", "\u00a0", "\u2003", "²", "\x1c", "\u0301", "_"}, textAlphabet...)
	type question struct {
		src   string
		lines []string
		tr    translation
	}
	var questions []question
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for range oracleRounds(6000) {
		src := g.regex(2)
		lines := slices.DeleteFunc(g.texts(40, alphabet), func(line string) bool {
			return line == "" && strings.Contains(src, `\B`) // Python's differs from all others there
		})
		tr, err := translatePerl(src, pythonDialect, perlFlags{})
		if err == nil {
			var same bool
			if tr, same = wordEdges(tr); !same {
				continue
			}
		}
		// fail2ban rewrites global flags within groups itself; Python has only those at the beginning.
		if err != nil || strings.Contains(src, "((?i)") || strings.Contains(src, ":(?i)") {
			continue
		}
		questions = append(questions, question{src, lines, tr})
		if err := enc.Encode([]any{src, lines}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := need.Command("/usr/bin/python3", "-c", pythonOracle)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := bytes.Split(bytes.TrimSpace(out), []byte{'\n'})
	if len(answers) != len(questions) || len(questions) < oracleRounds(1000) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	for i, q := range questions {
		var want []bool
		if err := json.Unmarshal(answers[i], &want); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			if !olderPython(q.src) {
				t.Errorf("Python refuses %q, here it became %q", q.src, q.tr.expr)
			}
			continue
		}
		agrees(t, q.src, q.tr, q.lines, want)
	}
	t.Logf("%d compared", len(questions))
}

// olderPython says whether src has what Python knows since 3.11 only, or a
// Perl spelling that is taken though Python has another.
func olderPython(src string) bool {
	for _, s := range []string{"++", "*+", "?+", "}+", "(?>", "(?<m>", "(?|", "(?P<n>"} {
		if strings.Contains(src, s) {
			return true
		}
	}
	return false
}

// The program yara decides what YARA's strings mean.
func TestYARASameFilesAsYARA(t *testing.T) {
	need.Path(t, "/usr/bin/yara", "yara")
	g := &regexGenerator{Rand: rand.New(rand.NewPCG(7, 8)), atoms: perlAtoms, quantifiers: perlQuantifiers, groups: []string{"("}}
	folder := t.TempDir()
	texts := map[string]string{}
	alphabet := append([]string{"\x00", "\xff", "é", "é", "€", "\xa9", "\n", "a\x00b\x00", "YW", "Yi", "Fi", "ZWxs", "ell", "gdmn", "b\x00", "a\x00", "a\x001\x00", "1\x00 \x00", "\x00\x00", "A\x00b\x00"}, textAlphabet...)
	for i := range 120 {
		name := fmt.Sprintf("t%03d", i)
		texts[name] = g.text(alphabet) + g.text(alphabet)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(texts[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	modifiers := []string{
		"", "", "nocase", "wide", "wide ascii", "fullword", "xor", "xor(1-3)", "base64", "base64wide", "wide nocase", "ascii fullword nocase", "wide fullword", "wide ascii fullword nocase",
		"wide base64", "base64(\"!@#$%^&*(){}[].,|ABCDEFGHIJ\x09LMNOPQRSTUVWXYZabcdefghijklmnopqrstu\")", "xor wide", "wide xor(0-1) fullword", "private",
	}
	ofRegexes := []string{"", "", "wide", "wide ascii", "nocase", "fullword", "wide fullword", "wide nocase", "ascii wide fullword"}
	hex := []string{"61", "62", "6?", "?1", "(61|62 63)", "00", "ff", "41", "??", "[1-2]", "[2]", "[0-3]", "[-]", "~61", "~6?", "(61|?? 62)", "c3 a9", "62 61", "61 62"}
	compared, exact := 0, 0
	for range oracleRounds(450) {
		var value string
		condition, more := "any of them", ""
		switch g.IntN(4) {
		case 3:
			value = `"a"`
			more = `$b = "ab" $c1 = "ba" nocase $c2 = /b[01]/ $d = /a\xff./ $e = { 61 ?? }`
			condition = yaraRandomCondition(g.Rand, 3)
		case 0:
			value = "/" + strings.ReplaceAll(g.regex(2), "/", `\/`) + "/" + g.pick([]string{"", "i", "s", "is"}) + " " + g.pick(ofRegexes)
		case 1:
			value = fmt.Sprintf("%q %s", g.pick([]string{"ab", "aba", "bA", "ba", "abc", "a1", "cell", "x-a"}), g.pick(modifiers))
		case 2:
			value = "{ 6" + g.pick([]string{"1", "2"})
			for range 1 + g.IntN(4) {
				value += " " + g.pick(hex)
			}
			value += " 6" + g.pick([]string{"1", "2"}) + " }"
		}
		src := "rule r { strings: $a = " + value + " " + more + " condition: " + condition + " }\n"
		want, ok := yaraFiles(t, folder, src)
		r, err := newJob(kindNamed("yara"), memFiles{"r.yar": []byte(src)}).run([]string{"r.yar"})
		if err != nil && ok {
			t.Errorf("yara takes %s: %v", src, err)
		}
		if err != nil || len(r.Rules) == 0 {
			continue
		}
		if !ok {
			continue // what means nothing there may mean something here
		}
		compared++
		exact += r.Summary.Taken
		find := finder(t, r.Rules)
		why := fmt.Sprint(r.Summary.Rules)
		for name, text := range texts {
			got := find(text)
			if got != want[name] && !(got && strings.Contains(why, "finds more")) && !(!got && strings.Contains(why, "finds less")) && !strings.Contains(why, "finds other") {
				t.Errorf("%son %q it says %v, yara %v: %+v %s", src, text, got, want[name], r.Rules[0], why)
				break
			}
		}
	}
	t.Logf("%d compared, %d of them taken, on %d texts", compared, exact, len(texts))
	if compared < oracleRounds(200) || exact < oracleRounds(120) {
		t.Errorf("only %d rules were compared, %d of them taken", compared, exact)
	}
}

// yaraFiles are the files of the folder that a rule hits; false if yara refuses it.
func yaraFiles(t *testing.T, folder, src string) (map[string]bool, bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.yar")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := need.Command("/usr/bin/yara", "-w", path, folder).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("error")) {
		return nil, false
	}
	hits := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		_, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		hits[filepath.Base(file)] = true
	}
	return hits, true
}

// Regexes made of `.` and classes with bytes over \x7f, side by side and repeated, over
// texts of characters that are cut anywhere: never less than PCRE finds in bytes, and
// not more without saying so.
func TestBytesSameLinesAsGrep(t *testing.T) {
	g := &regexGenerator{
		Rand:        rand.New(rand.NewPCG(23, 24)),
		atoms:       []string{".", ".", "[^a]", `\W`, `\S`, "a", "b", "é", `\B`, `\b`, "^", "$", `[\x80-\xff]`},
		quantifiers: []string{"*", "+", "?", "{2}", "{1,2}", "{3}", "{2,}", "{2,4}", "??", "{0,2}"},
		groups:      []string{"(", "(?:", "(?i:"},
	}
	alphabet := []string{"a", "b", "a", "b", " ", "é", "é", "€", "\U0001f600", "\xa9", "\xc3", "\xff", "\xe2\x82"}
	compared, exact := 0, 0
	for range oracleRounds(4000) {
		src := g.regex(2)
		tr, err := translatePerl(src, pcreDialect, perlFlags{})
		if err != nil {
			continue
		}
		lines := make([]string, 40)
		for i := range lines {
			for range 1 + g.IntN(6) {
				lines[i] += g.pick(alphabet)
			}
		}
		want, ok := grepLines(t, "C", "-P", src, lines)
		if !ok {
			continue
		}
		compared++
		if len(tr.partly) == 0 {
			exact++
		}
		agrees(t, src, tr, lines, want)
	}
	t.Logf("%d compared, %d of them exact", compared, exact)
	if compared < oracleRounds(1500) || exact < oracleRounds(500) {
		t.Errorf("%d compared, %d of them exact", compared, exact)
	}
}
