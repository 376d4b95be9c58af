package sigma

// Conditions compared with their evaluation.

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/regextest"
)

// A condition over keywords finds the texts for which evaluation returns true; differences are in
// the summary as "finds more" or "finds less".
func TestSigmaConditions(t *testing.T) {
	g := rand.New(rand.NewPCG(13, 14))
	keywords := map[string]string{"sa": "alpha", "sb": "beta", "sc": "gamma", "other": "delta"}
	names := []string{"sa", "sb", "sc", "other"}
	type node struct {
		text string
		eval func(has map[string]bool) bool
	}
	count := func(has map[string]bool, prefix string) (n, all int) {
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				all++
				if has[name] {
					n++
				}
			}
		}
		return n, all
	}
	var random func(depth int) node
	random = func(depth int) node {
		if depth == 0 || g.IntN(4) == 0 {
			name := names[g.IntN(len(names))]
			switch g.IntN(5) {
			case 0:
				return node{"1 of s*", func(has map[string]bool) bool { n, _ := count(has, "s"); return n > 0 }}
			case 1:
				return node{"all of s*", func(has map[string]bool) bool { n, all := count(has, "s"); return n == all }}
			case 2:
				return node{"1 of them", func(has map[string]bool) bool { n, _ := count(has, ""); return n > 0 }}
			}
			return node{name, func(has map[string]bool) bool { return has[name] }}
		}
		a, b := random(depth-1), random(depth-1)
		switch g.IntN(3) {
		case 0:
			return node{"(" + a.text + " and " + b.text + ")", func(has map[string]bool) bool { return a.eval(has) && b.eval(has) }}
		case 1:
			return node{"(" + a.text + " or " + b.text + ")", func(has map[string]bool) bool { return a.eval(has) || b.eval(has) }}
		}
		return node{"not " + a.text, func(has map[string]bool) bool { return !a.eval(has) }}
	}
	exact := 0
	for range regextest.Rounds(2000) {
		c := random(3)
		src := "title: x\ndetection:\n"
		for _, name := range names {
			src += "  " + name + ": ['" + keywords[name] + "']\n"
		}
		src += "  condition: " + c.text + "\n"
		r, err := importertest.Run(&Kind, importertest.MemFiles{"x.yml": []byte(src)}, "x.yml")
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Rules) == 0 {
			continue
		}
		if r.Summary.Taken == 1 {
			exact++
		}
		find, why := importertest.Finder(t, r.Rules), fmt.Sprint(r.Summary.Rules)
		for bits := range 16 {
			has, text := map[string]bool{}, "x"
			for i, name := range names {
				if bits&(1<<i) != 0 {
					has[name] = true
					text += " " + keywords[name]
				}
			}
			got, want := find(text), c.eval(has)
			if got != want && !(got && strings.Contains(why, "finds more")) && !(want && strings.Contains(why, "finds less")) {
				t.Fatalf("%s on %q: %v, not %v; %s", c.text, text, got, want, why)
			}
		}
	}
	if exact < regextest.Rounds(100) {
		t.Errorf("only %d rules were taken exactly", exact)
	}
}
