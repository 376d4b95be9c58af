package re2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

// POSIX regexes match the same lines as with grep -E, and as with grep for basic regexes.
func TestPOSIXSameLinesAsGrep(t *testing.T) {
	for _, syntax := range []struct {
		name, mode                 string
		translate                  func(string) (Translation, error)
		atoms, quantifiers, groups []string
		bar, end                   string
	}{
		{
			"extended", "-E", ERE,
			[]string{`\.`, `\d`, `\_`, `\-`, "{", "}", "a{", "{1", `\{`, `\^`, ")", "(", "()", `\(a\)`, `\|`},
			[]string{"*", "+", "?", "{2}", "{1,2}", "{,2}", "{0,1}", "{2,}", "{2,1}", "**", "+?", "{1}{2}", "{x}", "{,}"},
			[]string{"("},
			"|", ")",
		},
		{
			"basic", "-G", BRE,
			[]string{`\.`, `\d`, `\_`, `\-`, "{", "}", "a{1}", "+", "?", "|", "(a)", "*", `\*`, `\^`, `\$`, "^*", `\(\)`, `\)`, `\(*a\)`, `\(^a$\)`, "a^b", "a$b", `\+`, `\?`, `\{1\}`, "^^", "$$"},
			[]string{"*", `\+`, `\?`, `\{2\}`, `\{1,2\}`, `\{,2\}`, `\{2,\}`, `\{2,1\}`, "**", `\+*`, `\{1\}\{2\}`, `\{x\}`, `\{1`, "+", "{2}"},
			[]string{`\(`},
			`\|`, `\)`,
		},
	} {
		for _, locale := range []string{"C", "C.UTF-8"} {
			g := &regextest.Generator{
				Rand: rand.New(rand.NewPCG(1, 2)),
				Atoms: append([]string{
					"a", "b", "c", ".", "0", "_", " ", "[ab]", "[^a]", "[a-c]", "[]a]", "[^]a]", "[a-]", `[\w]`, "[[:alpha:]]", "[^[:space:]_]", "[[:digit:]-]", "[[.a.]b]", "[[=a=]]", "[*+]", `[\(a]`,
					"^", "$", `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `\<`, `\>`, "]", `\'`, "\\`", `\1`, "[b-a]", `\`, "-", "/",
				}, syntax.atoms...),
				Quantifiers: syntax.quantifiers, Groups: syntax.groups, Bar: syntax.bar, End: syntax.end,
			}
			if locale != "C" {
				g.Atoms = append(g.Atoms, "é", "[é]")
			}
			taken, refusals := 0, map[string]int{}
			for range regextest.Rounds(1500) {
				src := g.Regex(2)
				alphabet := append([]string{"*", "(", ")", "?", "|", "\r"}, regextest.TextAlphabet...)
				ascii := strings.IndexFunc(src, func(r rune) bool { return r > 0x7f }) < 0
				if locale != "C" && !ascii {
					alphabet = append([]string{"é"}, alphabet...)
				}
				lines := g.Texts(40, alphabet)
				tr, err := syntax.translate(src)
				if err != nil {
					refusals[err.(*Refused).Text]++
				}
				want, ok := regextest.GrepLines(t, locale, syntax.mode, src, lines)
				if err != nil {
					continue
				}
				if !ok {
					t.Errorf("grep refuses %q, here it became %q", src, tr.Expr)
					continue
				}
				if !ascii && (len(tr.Remarks) > 0 || strings.Contains(src, "[^")) {
					continue // classes contain ASCII only, as noted
				}
				taken++
				regextest.Agrees(t, src, tr.Expr, fmt.Sprint(tr.InPart), lines, want)
			}
			t.Logf("%s, %s: %d compared, refused: %v", syntax.name, locale, taken, refusals)
			if taken < regextest.Rounds(300) {
				t.Errorf("%s, %s: only %d regexes were compared", syntax.name, locale, taken)
			}
		}
	}
}

// Regexes match the same lines as with grep -P, an implementation of PCRE like those of Snort and
// ModSecurity.
func TestPCRESameLinesAsGrep(t *testing.T) {
	g := &regextest.Generator{Rand: rand.New(rand.NewPCG(3, 4)), Atoms: regextest.PerlAtoms, Quantifiers: regextest.PerlQuantifiers, Groups: regextest.PerlGroups}
	if _, ok := regextest.GrepLines(t, "C", "-P", "a", []string{"a"}); !ok {
		t.Fatal("this grep has no -P")
	}
	taken, refusals := 0, map[string]int{}
	for range regextest.Rounds(3000) {
		src := g.Regex(2)
		lines := append(g.Texts(25, regextest.TextAlphabet), g.Texts(25, regextest.BytesAlphabet)...)
		tr, err := Perl(src, PCRE, Flags{})
		if err != nil {
			refusals[err.(*Refused).Text]++
			continue
		}
		want, ok := regextest.GrepLines(t, "C", "-P", src, lines)
		if !ok && (strings.Count(src, "<n>") > 1 || strings.Count(src, "<m>") > 1) {
			continue // names given twice
		}
		if !ok {
			t.Errorf("PCRE refuses %q, here it became %q", src, tr.Expr)
			continue
		}
		taken++
		regextest.Agrees(t, src, tr.Expr, fmt.Sprint(tr.InPart), lines, want)
	}
	t.Logf("%d compared, refused: %v", taken, refusals)
	if taken < regextest.Rounds(600) {
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

// Regexes match the same lines as with Python's re, used by fail2ban.
func TestPythonSameLinesAsPython(t *testing.T) {
	need.Path(t, "/usr/bin/python3", "python3")
	g := &regextest.Generator{
		Rand: rand.New(rand.NewPCG(5, 6)), Quantifiers: regextest.PerlQuantifiers, Groups: regextest.PerlGroups,
		Atoms: append([]string{"é", `[^\W_]`, `[\W\d]`, `[^\Wa]`, `[\D]`, `[^\d]`, `[\Sx]`, `\w\b`, `\b\w`, `\d\b `}, regextest.PerlAtoms...),
	}
	alphabet := append([]string{"é", "Ж", "٣", "\u00a0", "\u2003", "²", "\x1c", "\u0301", "_"}, regextest.TextAlphabet...)
	type question struct {
		src   string
		lines []string
		tr    Translation
	}
	var questions []question
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for range regextest.Rounds(6000) {
		src := g.Regex(2)
		lines := slices.DeleteFunc(g.Texts(40, alphabet), func(line string) bool {
			return line == "" && strings.Contains(src, `\B`) // Python's \B differs here
		})
		tr, err := Perl(src, Python, Flags{})
		if err == nil {
			var same bool
			if tr, same = WordEdges(tr); !same {
				continue
			}
		}
		// Python allows global flags only at the beginning; fail2ban rewrites flags within groups.
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
	if len(answers) != len(questions) || len(questions) < regextest.Rounds(1000) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	for i, q := range questions {
		var want []bool
		if err := json.Unmarshal(answers[i], &want); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			if !olderPython(q.src) {
				t.Errorf("Python refuses %q, here it became %q", q.src, q.tr.Expr)
			}
			continue
		}
		regextest.Agrees(t, q.src, q.tr.Expr, fmt.Sprint(q.tr.InPart), q.lines, want)
	}
	t.Logf("%d compared", len(questions))
}

// olderPython reports whether src has syntax that Python knows only since 3.11, or a Perl spelling
// that the translator takes and Python does not.
func olderPython(src string) bool {
	for _, s := range []string{"++", "*+", "?+", "}+", "(?>", "(?<m>", "(?|", "(?P<n>"} {
		if strings.Contains(src, s) {
			return true
		}
	}
	return false
}

// Regexes of `.` and of classes with bytes over \x7f, adjacent and repeated, match no fewer texts
// than PCRE finds in bytes, and more only with a reason. The texts have characters cut anywhere.
func TestBytesSameLinesAsGrep(t *testing.T) {
	g := &regextest.Generator{
		Rand:        rand.New(rand.NewPCG(23, 24)),
		Atoms:       []string{".", ".", "[^a]", `\W`, `\S`, "a", "b", "é", `\B`, `\b`, "^", "$", `[\x80-\xff]`},
		Quantifiers: []string{"*", "+", "?", "{2}", "{1,2}", "{3}", "{2,}", "{2,4}", "??", "{0,2}"},
		Groups:      []string{"(", "(?:", "(?i:"},
	}
	alphabet := []string{"a", "b", "a", "b", " ", "é", "é", "€", "\U0001f600", "\xa9", "\xc3", "\xff", "\xe2\x82"}
	compared, exact := 0, 0
	for range regextest.Rounds(4000) {
		src := g.Regex(2)
		tr, err := Perl(src, PCRE, Flags{})
		if err != nil {
			continue
		}
		lines := make([]string, 40)
		for i := range lines {
			for range 1 + g.IntN(6) {
				lines[i] += g.Pick(alphabet)
			}
		}
		want, ok := regextest.GrepLines(t, "C", "-P", src, lines)
		if !ok {
			continue
		}
		compared++
		if len(tr.InPart) == 0 {
			exact++
		}
		regextest.Agrees(t, src, tr.Expr, fmt.Sprint(tr.InPart), lines, want)
	}
	t.Logf("%d compared, %d of them exact", compared, exact)
	if compared < regextest.Rounds(1500) || exact < regextest.Rounds(500) {
		t.Errorf("%d compared, %d of them exact", compared, exact)
	}
}
