package match

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"trawl/edge/match/matchtest"
)

// manyWords is a list that is made once for all tests.
var manyWords = sync.OnceValue(func() [][]byte { return matchtest.Words(100_000) })

// longWords are those of the list that are long enough for a filter.
func longWords(t *testing.T, n int) [][]byte {
	var words [][]byte
	for _, w := range manyWords() {
		if len(w) >= 7 && len(words) < n {
			words = append(words, w)
		}
	}
	if len(words) < n {
		t.Fatalf("only %d of %d words", len(words), n)
	}
	return words
}

func TestFilterIsForLongLiterals(t *testing.T) {
	t.Parallel()
	hashes := make([][]byte, 10_000)
	for i := range hashes {
		hashes[i] = fmt.Appendf(nil, "%016x%016x", uint64(i)*hashFactor, uint64(i)*hashFactor*hashFactor)
	}
	for _, c := range []struct {
		name     string
		literals [][]byte
		engine   string
		stride   int // at least; 0: there is none
	}{
		{"words", longWords(t, 3000), EngineDA8, 2},
		{"hashes", hashes, EngineDA8, 5},
		{"a few", literals("connection refused", "out of memory"), EngineDFA, 8},
		{"one is short", append(longWords(t, 3000), []byte("he")), EngineDA8, 0},
		{"too many", longWords(t, 30_000), EngineDA8, 0},
		{"the trie has none", longWords(t, 3000), EngineDA4, 0},
	} {
		p := compile(t, c.engine, []*Rule{{ID: "r", Literals: c.literals}})
		g := p.matcher.(*searcher).exact.grams
		switch {
		case c.stride == 0 && g != nil:
			t.Errorf("%s: q-grams of %d bytes", c.name, g.q)
		case c.stride > 0 && (g == nil || g.stride < c.stride):
			t.Errorf("%s: want a stride of %d", c.name, c.stride)
		}
	}
}

func TestEnginesAgreeOnLongWords(t *testing.T) {
	t.Parallel()
	list := longWords(t, 2000)
	texts := hardTexts(list, 16<<10)
	texts["prose"] = prose(t, 64<<10)
	agree(t, wordRules(list), testedEngines, texts)
	var rules []*Rule
	for i, w := range list {
		rules = append(rules, &Rule{ID: fmt.Sprint(i), Literals: [][]byte{w}, NoCase: i%2 == 0, Whole: i%3 == 0})
	}
	agree(t, rules, testedEngines, texts)
}

// A q-gram from the midst of a literal is no beginning of one, but the next byte may
// be: the filter goes on by a stride, not more, whatever the place.
func TestFilterGoesOnBehindMistakes(t *testing.T) {
	rules := []*Rule{
		{Literals: literals("0123456x" + strings.Repeat("a", 20))},
		{Literals: literals(strings.Repeat("a", 20) + "b")},
	}
	p := compile(t, EngineDA8, rules)
	o, s := newOracle(rules), &Scratch{}
	for _, piece := range []int{maxLookAhead, 50, 37} {
		filter := withFilter(t, p, piece)
		for at := range 60 {
			text := strings.Repeat(".", at) + "x" + strings.Repeat("a", 20) + "b" + strings.Repeat("-", 40)
			o.expect([]byte(text)).check(t, filter, s, Query{})
		}
	}
}

// On a text of literals the filter gives up, and for longer each time; on others it
// comes back.
func TestFilterGivesUpOnDenseText(t *testing.T) {
	list := longWords(t, 2000)
	p := compile(t, EngineDA8, wordRules(list))
	a := p.matcher.(*searcher).exact
	dense := matchtest.Dense(list, maxLookAhead)
	quiet := bytes.Repeat([]byte("xyzzy, plugh\n"), maxLookAhead/13)
	tried := func(text []byte) (n int) {
		var f finder
		for range 64 {
			f.start(0)
			if unfiltered := f.unfiltered; f.filterAhead(a, text) || unfiltered <= 0 {
				n++
			}
		}
		return n
	}
	if n := tried(dense); n < 3 || n > 10 {
		t.Errorf("the filter was tried on %d of 64 dense texts", n)
	}
	if n := tried(quiet); n != 64 {
		t.Errorf("the filter was tried on %d of 64 quiet texts", n)
	}
}

func BenchmarkFilter(b *testing.B) {
	list := literals("connection refused", "out of memory", "segmentation fault")
	text := bytes.Repeat([]byte("Jan 12 06:25:03 pi2 sshd[23191]: session opened for user pi by (uid=0)\n"), 1000)
	for _, way := range []string{"filter", "lanes"} {
		p := compile(b, EngineDFA, []*Rule{{ID: "r", Literals: list}})
		if way == "lanes" {
			p.matcher.(*searcher).exact.filter = nil
		}
		b.Run(way, func(b *testing.B) {
			s := &Scratch{}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				p.Scan(s, text, Query{})
			}
		})
	}
}
