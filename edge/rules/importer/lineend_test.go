package importer

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"trawl/test/need"
)

// lineEnds are atoms and ends that make a difference at the end of a line.
var lineEnds = []string{"a", "b", " ", ".", `\s`, `[^a]`, "[ab ]", "$", `a$`, "(a|b$)", "(a|b )", `( |$)`, ".*", ".+", " *", `\s+`, "[^b]*", "(a )*", "( ?)", "b? ", `\b`, `\B`, `\w+`, "(^|a)", `(.$)`, `(a|$)b?`}

var lineEndAlphabet = []string{"a", "b", "ab", " ", "\t", "\r", "  ", " \r", "a ", "b\r", "\v", "."}

func (g *regexGenerator) lineEnd() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.pick(lineEnds))
	}
	if g.IntN(2) == 0 {
		b.WriteString("$")
	}
	if g.IntN(6) == 0 {
		return b.String() + "|" + g.pick(lineEnds)
	}
	return b.String()
}

// The steps of logcheck: sed takes the blanks off, then grep -E decides.
func TestLineEndSameLinesAsLogcheck(t *testing.T) {
	g := &regexGenerator{Rand: rand.New(rand.NewPCG(21, 22))}
	lines := g.texts(150, lineEndAlphabet)
	strip := need.Command("sed", "-e", `s/[[:space:]]\+$//`)
	strip.Env = append(strip.Environ(), "LC_ALL=C")
	strip.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := strip.Output()
	if err != nil {
		t.Fatal(err)
	}
	stripped := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	compared, dead := 0, 0
	for range oracleRounds(1500) {
		src := g.lineEnd()
		want, ok := grepLines(t, "C", "-E", src, stripped)
		if !ok {
			t.Fatalf("grep refuses %q", src)
		}
		tr, err := translateERE(src)
		if err != nil {
			continue
		}
		tr, err = logcheckLine.apply(tr)
		if err != nil {
			dead++
			for i := range want {
				if want[i] {
					t.Errorf("%q is said never to match, logcheck finds %q", src, lines[i])
				}
			}
			continue
		}
		if len(tr.partly) > 0 {
			continue
		}
		compared++
		agrees(t, src, tr, lines, want)
	}
	t.Logf("%d compared, %d never match", compared, dead)
	if compared < oracleRounds(1000) || dead < oracleRounds(20) {
		t.Errorf("%d compared, %d never match", compared, dead)
	}
}

const fail2banLineOracle = `
import json, re, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    src, texts = json.loads(line)
    r = re.compile(src)
    print(json.dumps([bool(r.search(t.rstrip("\r\n") + "\n")) for t in texts]))
`

// fail2ban takes carriage returns off a line and puts one line break there; then
// Python's re decides.
func TestLineEndSameLinesAsFail2ban(t *testing.T) {
	need.Path(t, "/usr/bin/python3", "python3")
	g := &regexGenerator{Rand: rand.New(rand.NewPCG(23, 24))}
	lines := g.texts(150, lineEndAlphabet)
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	var sources []string
	for range oracleRounds(3000) {
		src := g.lineEnd()
		switch g.IntN(8) {
		case 0:
			src += `\Z`
		case 1:
			src += `\s\Z`
		}
		sources = append(sources, src)
		if err := enc.Encode([]any{src, lines}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := need.Command("/usr/bin/python3", "-c", fail2banLineOracle)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	compared, dead := 0, 0
	for i, answer := range bytes.Split(bytes.TrimSpace(out), []byte{'\n'}) {
		var want []bool
		if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatal(err)
		}
		tr, err := translatePerl(sources[i], pythonDialect, perlFlags{})
		if err != nil {
			continue
		}
		tr, err = fail2banLine.apply(tr)
		if err != nil {
			dead++
			for k := range want {
				if want[k] {
					t.Errorf("%q is said never to match, fail2ban finds %q", sources[i], lines[k])
				}
			}
			continue
		}
		if len(tr.partly) > 0 {
			continue
		}
		compared++
		agrees(t, sources[i], tr, lines, want)
	}
	t.Logf("%d compared, %d never match", compared, dead)
	if compared < oracleRounds(2000) || dead < oracleRounds(20) {
		t.Errorf("%d compared, %d never match", compared, dead)
	}
}

// Most regexes change at their $ alone.
func TestLineEndOfUsualRegexes(t *testing.T) {
	for _, tt := range []struct {
		line      lineEnd
		src, want string
	}{
		{logcheckLine, `^foo [0-9]+$`, `^foo [0-9]+[\s\v]*$`},
		{logcheckLine, `^foo .*`, `^foo (?:.*[^\t-\r ]|(?:.*[\t\x0b-\r ]|)[\s\v]*[^\t-\r ])`},
		{logcheckLine, `(a|b$)`, `(a|b[\s\v]*$)`},
		{logcheckLine, `foo:.*$`, `foo:.*[\s\v]*$`},
		{fail2banLine, `^foo <x>.*$`, `^foo <x>.*[\r\n]*$`},
		{fail2banLine, `foo\s+$`, `foo\s*(?:[\t\x0c ][\r\n]*$|[\r\n]*$)`},
	} {
		tr, err := tt.line.apply(translation{expr: tt.src})
		if err != nil || tr.expr != tt.want {
			t.Errorf("%q became %q, %v; want %q", tt.src, tr.expr, err, tt.want)
		}
		regexp.MustCompile(tr.expr)
	}
}
