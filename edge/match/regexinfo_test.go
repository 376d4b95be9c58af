package match

import (
	"reflect"
	"regexp/syntax"
	"strings"
	"testing"

	"trawl/edge/match/internal/fold"
	"trawl/edge/match/internal/required"
)

func TestPackTellsWhatRegexesRequire(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{
		{Literals: literals("word")}, {ID: "r", Regex: "err(or|no)"}, {ID: "i", Regex: "x+fatal", NoCase: true}, {ID: "u", Regex: `\d`},
	})
	for i, want := range []RegexInfo{
		{},
		{Required: `("errno" | "error")`, Rarity: 19, Shortest: 5, Needs: &Requirement{Any: []*Requirement{{Literal: "errno"}, {Literal: "error"}}}},
		{Required: `"FATAL"`, Folded: true, Rarity: 25, Shortest: 5, Needs: &Requirement{Literal: "FATAL"}},
		{Reason: "it has no literal, only classes of characters"},
	} {
		if got, ok := p.Regex(i); !reflect.DeepEqual(got, want) || ok != (i > 0) {
			t.Errorf("rule %d: %+v, want %+v", i, got, want)
		}
	}
}

// Whatever a regex matches makes its formula true.
func TestMatchesOfPackagedRulesHaveWhatIsRequired(t *testing.T) {
	t.Parallel()
	texts := 10
	if slow {
		texts = 2
	}
	for _, load := range packageRuleSets {
		set := load(t)
		for i, r := range set.rules {
			tree, err := syntax.Parse(r.Regex, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			f, folded, _ := required.Of(tree)
			program := set.programs[i]
			g := textGenerator{seeded(7), 3}
			for range texts {
				text := g.appendMatch(nil, tree)
				if !program.Match(text) {
					continue // assertions were not heeded
				}
				if folded {
					text = fold.Text(text)
				}
				has := func(literal string) bool { return strings.Contains(string(text), literal) }
				if f != nil && !f.Requirement().Holds(has) {
					t.Fatalf("%s matches %q without %v", r.Regex, text, f)
				}
			}
		}
	}
}

// The point of it: a regex does not run where its formula is false.
func TestRegexRunsOnTextsWithItsLiteralsOnly(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{ID: "r", Regex: "error [0-9]+ .*(?:lost|timed out) with"}})
	block := "nothing\nERROR 5\nerror x\nhere lost with\nerror 7 and lost with\nerror 7 timed out with\nerror lost with\n"
	r := p.ScanLines(&Scratch{}, []byte(block), Query{}, func(*Line) bool { return true })
	if c := p.Costs(); r.Count != 2 || len(c) != 1 || c[0].Runs != 3 || c[0].Matched != 2 {
		t.Errorf("%d matches, %+v", r.Count, c)
	}
}
