package main

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trawl/build/bench/internal/lab"
	"trawl/test/need"
)

func TestPerlExpressionsBecomeRE2(t *testing.T) {
	for _, c := range []struct {
		perl, want string
		ok         bool
	}{
		{`/abc/`, `abc`, true},
		{`/a\/c/i`, `(?i)a\/c`, true},
		{`m{a/c}is # why`, `(?is)a/c`, true},
		{`/^From: /mi [if-unset: none]`, `(?mi)^From: `, true},
		{`/a b/x`, ``, false},
	} {
		if got, ok := fromPerl(c.perl); got != c.want && ok || ok != c.ok {
			t.Errorf("%s: %q, %v", c.perl, got, ok)
		}
	}
}

func TestGeneratedLinesMatch(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(1, 1))}
	for _, e := range []string{
		`^(\w{3} [ :0-9]{11}|[0-9T:.+-]{32}) [._0-9A-Za-z-]+ acpid: [0-9]+ client rules? loaded$`,
		`(?i)a{3,}b.*[^c]d|(e+f?){2}`, `[^[:print:]]x`,
	} {
		for range 50 {
			if line := g.line(e); !regexp.MustCompile(e).MatchString(line) {
				t.Errorf("%q does not match %s", line, e)
			}
		}
	}
}

func TestForeignTextIsNotASCII(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(1, 1)), foreign: true}
	valid := 0
	for range 200 {
		line := g.disturb("abc")
		if !strings.ContainsFunc(line, func(r rune) bool { return r >= 0x80 }) {
			t.Fatalf("%q", line)
		}
		if strings.ToValidUTF8(line, "") == line {
			valid++
		}
	}
	if valid == 0 || valid == 200 {
		t.Errorf("%d of 200 lines are UTF-8", valid)
	}
}

func TestDifferences(t *testing.T) {
	a := []pair{{1, 1}, {1, 3}, {2, 1}, {9, 9}}
	b := []pair{{1, 1}, {1, 2}, {2, 1}, {3, 3}}
	if got := differences(a, b); !slices.Equal(got, []pair{{1, 2}, {1, 3}, {3, 3}, {9, 9}}) {
		t.Errorf("%v", got)
	}
}

// The benchmark itself works: a small set, all matchers, each measured once.
func TestEveryMatcherAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	need.Program(t, "g++", "g++")
	need.Path(t, "/usr/include/hs/hs.h", "libhyperscan-dev")
	need.Path(t, "/usr/include/re2/re2.h", "libre2-dev")
	t.Chdir("../../..")
	b := &bench{ctx: t.Context(), out: t.TempDir(), Options: lab.Options{Runs: 1, Seconds: 1e-6}}
	if err := b.buildPeers(); err != nil {
		t.Fatal(err)
	}
	s := &ruleSet{name: "small", regexes: []string{`error: \d+`, `(?i)warning .* of`, `(a)\1`, `x*`, `b$`}, found: 5}
	if err := s.filter(b); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.regexes, []string{`error: \d+`, `(?i)warning .* of`, `b$`}) || len(s.unusable) != 2 {
		t.Fatalf("used %q, %q", s.regexes, s.unusable)
	}
	running, err := b.startAll(s)
	for _, r := range running {
		defer r.Stop()
	}
	if err != nil {
		t.Fatal(err)
	}
	list := []string{"no error: none", "error: 17 and error: 18b", "WARNING 1 of", "", "wärning", "b"}
	m := newMeasured(s, "small", running)
	m.text = &text{path: b.file("text"), sample: b.file("text"), lines: list}
	if err := os.WriteFile(m.text.path, []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.check(m); err != nil || m.hits != 4 || len(m.differences) > 0 {
		t.Errorf("%d hits, %v, %v", m.hits, m.differences, err)
	}
	if err := b.takeTurns(m); err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		if len(m.cpu[p]) != 1 {
			t.Errorf("%s was not measured", p.name)
		}
	}
	// Other rules under the same numbers: the check has to see it.
	s.regexes[0], s.regexes[2] = s.regexes[2], s.regexes[0]
	path, err := b.writeRules(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range []*peer{trawl, positions} {
		if m.running[i], err = b.start(p, path); err != nil {
			t.Fatal(err)
		}
		defer m.running[i].Stop()
	}
	if err := b.check(m); err == nil {
		t.Error("other hits are accepted")
	}
}
