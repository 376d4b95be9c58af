package match

import (
	"bytes"
	"fmt"
	"math/bits"
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

func TestQgramsAreForLongLiterals(t *testing.T) {
	t.Parallel()
	hashes := make([][]byte, 10_000)
	for i := range hashes {
		hashes[i] = fmt.Appendf(nil, "%016x%016x", uint64(i)*hashFactor, uint64(i)*hashFactor*hashFactor)
	}
	for _, c := range []struct {
		name     string
		literals [][]byte
		engine   string
		stride   int // at least; 0: there are no q-grams
	}{
		{"words", longWords(t, 3000), EngineDA8, 2},
		{"hashes", hashes, EngineDA8, 5},
		{"a few", literals("connection refused", "out of memory"), EngineDFA, 8},
		{"one is short", append(longWords(t, 3000), []byte("he")), EngineDA8, 0},
		{"too many", longWords(t, 30_000), EngineDA8, 0},
		{"da4 has none", longWords(t, 3000), EngineDA4, 0},
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

// The prefilter is the cheapest for the literals, also for the required literals of regexes.
func TestPrefilterSuitsTheLiterals(t *testing.T) {
	t.Parallel()
	oneLiteral := prefilter(&rareBytes{})
	if bits.UintSize < 64 { // IndexByte takes longer there than lookups at every third byte
		oneLiteral = &shortGrams{}
	}
	for _, c := range []struct {
		name  string
		rules []*Rule
		want  prefilter
	}{
		{"one word", wordRules(literals("kernel")), oneLiteral},
		{"one byte", wordRules(literals("q")), &rareBytes{}},
		{"one regex", []*Rule{{ID: "r", Regex: `\bAKIA[0-9A-Z]{16}\b`}}, &rareBytes{}},
		{"one frequent byte", wordRules(literals("e")), &rareBytes{}},
		{"three frequent bytes", wordRules(literals("e", "t", "a")), nil},
		{"two of rare bytes", wordRules(literals("jj", "qz")), &rareBytes{}},
		{"two phrases", wordRules(literals("connection refused", "out of memory")), &shortGrams{}},
		{"ten words", wordRules(longWords(t, 10)), &shortGrams{}},
		{"forty words", wordRules(longWords(t, 40)), &shortGrams{}},
		{"short words", wordRules(literals("if", "for", "func", "return", "go", "to", "of", "in")), nil},
		{"folded", []*Rule{{Literals: literals("kernel panic"), NoCase: true}}, oneLiteral},
	} {
		p := compile(t, EngineAuto, c.rules)
		a := p.matcher.(*searcher).largest()
		if got, want := fmt.Sprintf("%T", a.filter), fmt.Sprintf("%T", c.want); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
	many := compile(t, EngineDA8, wordRules(longWords(t, 3000))).matcher.(*searcher).exact
	if _, ok := many.filter.(*qgrams); !ok {
		t.Errorf("3,000 long words: %T", many.filter)
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
		filter := withFilter(t, p, "q-grams", piece)
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
			if f.unfiltered > 0 {
				f.unfiltered -= len(text)
				continue
			}
			n++
			f.filterAhead(a, text)
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

// countedFilter counts how often a prefilter is asked.
type countedFilter struct {
	prefilter
	asked int
}

func (c *countedFilter) find(f *finder, a *automaton, text []byte, to int) bool {
	c.asked++
	return c.prefilter.find(f, a, text, to)
}

// Where every line has a hit, and the first hit of a line ends the work on it, one stream reads a few
// bytes at a time. The prefilter that gave up is left alone for the bytes that were read, not for the
// number of times that one stream was called.
func TestFilterIsLeftAloneForBytesRead(t *testing.T) {
	p := compile(t, EngineAuto, wordRules(literals("e")))
	c := &countedFilter{prefilter: p.matcher.(*searcher).exact.filter}
	p.matcher.(*searcher).exact.filter = c
	block := bytes.Repeat([]byte("every eel sees these trees\n"), 10_000)
	lines := 0
	p.ScanLines(&Scratch{}, block, Query{Want: WantAny}, func(*Line) bool { lines++; return true })
	if lines != 10_000 || c.asked == 0 || c.asked > 20 {
		t.Errorf("asked %d times for %d lines", c.asked, lines)
	}
}

// Of literals that end at one place the longest is the hit: its state reports the others.
func TestRareBytesThatEndTogether(t *testing.T) {
	rules := []*Rule{{ID: "1", Literals: literals("she")}, {ID: "2", Literals: literals("he", "ushe")}}
	p := withFilter(t, compile(t, EngineDFA, rules), "rare bytes", 40)
	text := strings.Repeat("-", 30) + "usher he she ushe " + strings.Repeat("he", 20) + "she"
	checkScan(t, p, &Scratch{}, rules, []byte(text), Query{})
}

// Behind a hit at the end of what a prefilter has looked at, one stream goes on from the state of the
// text, which is deeper than the state of the literal that ends there.
func TestOneStreamGoesOnBehindAPrefilter(t *testing.T) {
	rules := []*Rule{{ID: "long", Literals: literals(strings.Repeat("a", 257), "ab")}, {ID: "short", Literals: literals(strings.Repeat("a", 64))}}
	p := compile(t, EngineDFA, rules)
	o := newOracle(rules)
	for _, p := range withFilters(t, p, 33) {
		for n := 256; n < 300; n++ {
			text := []byte("b" + strings.Repeat("a", n) + "b")
			expected := o.expect(text)
			for _, q := range []Query{{}, {Want: WantCount}, {Limit: n - 100}} {
				expected.check(t, p, &Scratch{}, q)
			}
		}
	}
}

// Every byte has a frequency, and the frequent ones are those that everybody knows.
func TestByteFrequencies(t *testing.T) {
	for i := 1; i < len(byteFrequencies); i++ {
		if byteFrequencies[i] == 0 {
			t.Errorf("%q never occurs", byte(i))
		}
	}
	const order = " etanQZ"
	for i := range len(order) - 1 {
		if byteFrequencies[order[i]] < byteFrequencies[order[i+1]] {
			t.Errorf("%q is rarer than %q", order[i], order[i+1])
		}
	}
}

// Sets of a few literals, by their prefilter and by lanes.
func BenchmarkPrefilter(b *testing.B) {
	log := bytes.Repeat([]byte("Jan 12 06:25:03 pi2 sshd[23191]: session opened for user pi by (uid=0)\n"), 15_000)
	code := prose(b, 1<<20)
	words := bytes.Fields([]byte("crossword perpetual segment unfold diagram monster whistle pageant octopus ledger " +
		"anthem bishop cactus dagger emblem fabric gadget hammer iceberg jackal kitchen lantern magnet napkin oyster parlor quartz ribbon saddle tavern"))
	for name, text := range map[string][]byte{"log": log, "code": code} {
		for _, n := range []int{1, 3, 10, 30} {
			p, s := compile(b, EngineDFA, wordRules(words[:n])), &Scratch{}
			for way, p := range map[string]*Pack{"filter": p, "lanes": withLanes(b, p, 128, maxLookAhead)} {
				b.Run(fmt.Sprintf("%s/%d/%s", name, n, way), func(b *testing.B) {
					b.SetBytes(int64(len(text)))
					for b.Loop() {
						p.ScanLines(s, text, Query{Want: WantCount}, func(*Line) bool { return true })
					}
				})
			}
		}
	}
}
