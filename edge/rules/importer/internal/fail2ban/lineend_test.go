package fail2ban

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

const lineOracle = `
import json, re, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    src, texts = json.loads(line)
    r = re.compile(src)
    print(json.dumps([bool(r.search(t.rstrip("\r\n") + "\n")) for t in texts]))
`

// Regexes match the same lines as in fail2ban, which strips carriage returns off a line, appends a
// line break and uses Python's re.
func TestLineEndSameLinesAsFail2ban(t *testing.T) {
	need.Path(t, "/usr/bin/python3", "python3")
	g := &regextest.Generator{Rand: rand.New(rand.NewPCG(23, 24))}
	lines := g.Texts(150, regextest.LineEndAlphabet)
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	var sources []string
	for range regextest.Rounds(3000) {
		src := g.LineEnd()
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
	cmd := need.Command("/usr/bin/python3", "-c", lineOracle)
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
		tr, err := re2.Perl(sources[i], re2.Python, re2.Flags{})
		if err != nil {
			continue
		}
		tr, err = filterLine.Apply(tr)
		if err != nil {
			dead++
			for k := range want {
				if want[k] {
					t.Errorf("%q is said never to match, fail2ban finds %q", sources[i], lines[k])
				}
			}
			continue
		}
		if len(tr.InPart) > 0 {
			continue
		}
		compared++
		regextest.Agrees(t, sources[i], tr.Expr, fmt.Sprint(tr.InPart), lines, want)
	}
	t.Logf("%d compared, %d never match", compared, dead)
	if compared < regextest.Rounds(2000) || dead < regextest.Rounds(20) {
		t.Errorf("%d compared, %d never match", compared, dead)
	}
}
