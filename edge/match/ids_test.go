package match

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"trawl/edge/match/internal/fold"
)

func TestRuleComesBack(t *testing.T) {
	long := bytes.Repeat([]byte("long "), 100)
	rules := []*Rule{
		{Literals: [][]byte{[]byte("his")}},
		{ID: "words", Literals: [][]byte{[]byte("she"), []byte("he"), long}, Whole: true},
		{ID: "folded", Literals: [][]byte{[]byte("straße"), []byte("K\u212a")}, NoCase: true, Tags: []string{"a", "b"}, Severity: "high", Message: "m", Data: []byte("{}")},
		{ID: "regex", Regex: `he[a-z]+`, NoCase: true},
		{ID: "bytes", Literals: [][]byte{{0xff, 0xfe}}},
	}
	for _, engine := range []string{EngineAuto, EngineDA8, EngineDA4, EngineSDFA} {
		p := compile(t, engine, rules)
		for i, want := range rules {
			wanted := *want
			wanted.Literals = slices.Clone(want.Literals)
			for j, l := range wanted.Literals {
				if want.NoCase {
					wanted.Literals[j] = fold.Text(l)
				}
			}
			slices.SortFunc(wanted.Literals, bytes.Compare)
			got, ok := p.Rule(i)
			if !ok || !reflect.DeepEqual(*got, wanted) {
				t.Errorf("%s: rule %d is %+v, want %+v", engine, i, got, wanted)
			}
		}
	}
	if r, ok := compile(t, EngineCloudflare, rules[:1]).Rule(0); ok {
		t.Errorf("cloudflare gave %+v", r)
	}
}
