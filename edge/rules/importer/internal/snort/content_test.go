package snort

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
)

// naive searches text for all contents at their positions: the oracle for literals. from is the end
// of the previous content.
func naive(text []byte, list []*content, from int) bool {
	if len(list) == 0 {
		return true
	}
	c := list[0]
	low, high := 0, len(text)
	switch {
	case c.relative:
		low = from + c.distance
		if c.hasWithin {
			high = low + c.within
		}
	case c.absolute:
		low = c.offset
		if c.hasDepth {
			high = low + c.depth
		}
	}
	for at := max(low, 0); at+len(c.text) <= min(high, len(text)); at++ {
		part := text[at : at+len(c.text)]
		same := bytes.Equal(part, c.text) || c.nocase && bytes.Equal(re2.ASCIILower(part), re2.ASCIILower(c.text))
		if same && (!c.atEnd || at+len(c.text) == len(text)) && naive(text, list[1:], at+len(c.text)) {
			return true
		}
	}
	return false
}

// Rules with contents find the texts that a naive search finds. Rules taken in part find no fewer.
func TestContentsAreWhereTheyMustBe(t *testing.T) {
	g := rand.New(rand.NewPCG(11, 12))
	words := []string{"a", "b", "ab", "ba", "aab", "c", "bc", "A", "xyz", "|ff|a", "|c3 a9|"}
	modifiers := []string{"", "nocase;", "offset:1;", "depth:3;", "offset:2;depth:4;", "distance:0;", "distance:1;", "within:4;", "distance:1;within:3;", "startswith;", "endswith;", "distance:-1;"}
	pieces := append([]string{"\xff", "é", "é", "€", "\U0001f600", "\xa9"}, words[:9]...)
	exact := 0
	for range regextest.Rounds(3000) {
		var options strings.Builder
		for range 1 + g.IntN(3) {
			fmt.Fprintf(&options, `content:"%s";%s `, words[g.IntN(len(words))], modifiers[g.IntN(len(modifiers))])
		}
		src := `alert tcp any any -> any any (` + options.String() + `sid:1;)`
		r, err := importertest.Run(&Kind, importertest.MemFiles{"r": []byte(src)}, "r")
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Rules) == 0 {
			continue
		}
		parsed, err := parseRule(src)
		if err != nil {
			t.Fatal(err)
		}
		s := reader{Entry: job.New(&Kind, importertest.MemFiles{}).Begin("", 1, "", "x")}
		for _, o := range parsed.options {
			s.option(o)
		}
		if !s.IsTaken() {
			continue // a distance of -1 is reported as not checked
		}
		find := importertest.Finder(t, r.Rules)
		if r.Summary.Taken == 1 {
			exact++
		}
		for range 60 {
			var text []byte
			for range g.IntN(7) {
				text = append(text, pieces[g.IntN(len(pieces))]...)
			}
			got, want := find(string(text)), naive(text, s.contents, 0)
			if got != want && !(got && r.Summary.InPart == 1) {
				t.Fatalf("%s\n%+v\non %q: %v, not %v; %+v", src, r.Rules, text, got, want, r.Summary.Rules)
			}
		}
	}
	if exact < regextest.Rounds(300) {
		t.Errorf("only %d rules were taken exactly", exact)
	}
}
