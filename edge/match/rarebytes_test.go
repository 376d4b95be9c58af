package match

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// One to three literals of bytes that are drawn from small alphabets, so that literals overlap, end
// together and lie in each other, in texts that consist of little else.
func TestRareBytesAgreeWithOracle(t *testing.T) {
	for name, pieces := range map[string][]string{
		"two letters":  {"a", "b"},
		"NUL":          {"\x00", "\x00", "\x01", "\xff", "a"},
		"cases":        {"k", "K", "\u212a", "s", "S", "\u017f", "e", "E", "é", "É", "z"},
		"lines":        {"a", "b", "\n", "\r\n", "q"},
		"long":         {strings.Repeat("a", 100), strings.Repeat("ab", 60), "a", "b"},
		"whole words":  {"he", "she", "is", " ", "_", "é", "."},
		"broken UTF-8": {"\xc3", "\xa9", "é", "\xe2\x84", "\xaa", "\u212a", "K", "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Scratch{}
			rapid.Check(t, func(t *rapid.T) {
				noCase := name == "cases" || name != "broken UTF-8" && rapid.Bool().Draw(t, "nocase")
				var rules []*Rule
				b := NewBuilder(Options{Engine: rapid.SampledFrom([]string{EngineDA8, EngineDFA, EngineSDFA}).Draw(t, "engine")})
				for i := range rapid.IntRange(1, maxRareLiterals).Draw(t, "rules") {
					r := &Rule{
						ID: fmt.Sprint(i), NoCase: noCase, Whole: rapid.Bool().Draw(t, "whole"),
						Literals: [][]byte{drawBytes(t, pieces, 1, 5, "literal")},
					}
					if b.Add(r) == nil { // otherwise folding needs UTF-8
						rules = append(rules, r)
					}
				}
				p, err := b.Pack()
				if err != nil {
					t.Fatal(err)
				}
				rare := withFilter(t, p, "rare bytes", rapid.IntRange(1, 60).Draw(t, "piece"))
				if len(rules) > 0 && rare == nil {
					t.Fatal("no prefilter of rare bytes")
				} else if rare == nil {
					return
				}
				o := newOracle(rules)
				for range 3 {
					text := drawBytes(t, pieces, 0, 40, "text")
					// Padding moves the matches to borders of pieces, and to both ends of the text.
					text = append(bytes.Repeat([]byte("."), rapid.IntRange(0, 40).Draw(t, "before")), text...)
					text = append(text, bytes.Repeat([]byte("\x00"), rapid.IntRange(0, 40).Draw(t, "after"))...)
					o.expect(text).check(t, rare, s, drawQuery(t))
				}
			})
		})
	}
}

// A literal at every place relative to a border between pieces of the real size, and at both ends of
// the text.
func TestRareBytesAtBordersOfPieces(t *testing.T) {
	rules := []*Rule{{ID: "word", Literals: literals("quartz")}, {ID: "tail", Literals: literals("artz")}, {ID: "nul", Literals: literals("z\x00")}}
	p := withFilter(t, compile(t, EngineDFA, rules), "rare bytes", maxLookAhead)
	for _, border := range []int{0, maxLookAhead, 2 * maxLookAhead} {
		for at := max(0, border-8); at < border+8; at++ {
			text := append(bytes.Repeat([]byte("-"), at), "quartz\x00"...)
			for _, text := range [][]byte{text, append(bytes.Clone(text), strings.Repeat("-", 100)...)} {
				r := p.Scan(&Scratch{}, text, Query{})
				at := int64(at)
				want := []Match{{at, at + 6, 0}, {at + 2, at + 6, 1}, {at + 5, at + 7, 2}}
				if fmt.Sprint(r.Matches) != fmt.Sprint(want) {
					t.Fatalf("at %d of %d: %v, want %v", at, len(text), r.Matches, want)
				}
			}
		}
	}
}
