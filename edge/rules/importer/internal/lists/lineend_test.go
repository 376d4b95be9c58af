package lists

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

// The steps of logcheck: sed takes the blanks off, then grep -E decides.
func TestLineEndSameLinesAsLogcheck(t *testing.T) {
	g := &regextest.Generator{Rand: rand.New(rand.NewPCG(21, 22))}
	lines := g.Texts(150, regextest.LineEndAlphabet)
	strip := need.Command("sed", "-e", `s/[[:space:]]\+$//`)
	strip.Env = append(strip.Environ(), "LC_ALL=C")
	strip.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := strip.Output()
	if err != nil {
		t.Fatal(err)
	}
	stripped := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	compared, dead := 0, 0
	for range regextest.Rounds(1500) {
		src := g.LineEnd()
		want, ok := regextest.GrepLines(t, "C", "-E", src, stripped)
		if !ok {
			t.Fatalf("grep refuses %q", src)
		}
		tr, err := re2.ERE(src)
		if err != nil {
			continue
		}
		tr, err = logcheckLine.Apply(tr)
		if err != nil {
			dead++
			for i := range want {
				if want[i] {
					t.Errorf("%q is said never to match, logcheck finds %q", src, lines[i])
				}
			}
			continue
		}
		if len(tr.InPart) > 0 {
			continue
		}
		compared++
		regextest.Agrees(t, src, tr.Expr, fmt.Sprint(tr.InPart), lines, want)
	}
	t.Logf("%d compared, %d never match", compared, dead)
	if compared < regextest.Rounds(1000) || dead < regextest.Rounds(20) {
		t.Errorf("%d compared, %d never match", compared, dead)
	}
}
