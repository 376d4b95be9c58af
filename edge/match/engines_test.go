package match

// Engines against each other, on sets and texts that are too big for the oracle.

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"trawl/edge/match/matchtest"
)

// slow: a board takes ten times as long for a test, and so does one that is
// emulated, or the race detector. Texts are shorter then.
const slow = runtime.GOARCH != "amd64" || underRace

// agree compares engines, with lanes and without, on a text and its lines.
func agree(t *testing.T, rules []*Rule, engines []string, texts map[string][]byte) {
	t.Helper()
	want := newReference(t, rules, texts)
	s := &Scratch{}
	for _, engine := range engines {
		p := compile(t, engine, rules)
		packs := map[string]*Pack{engine: p, engine + " in short lanes": withLanes(t, p, 64, 3000)}
		for kind := range prefilterKinds {
			if filtered := withFilter(t, p, kind, 3000); filtered != nil {
				packs[engine+" with "+kind] = filtered
			}
		}
		for which, p := range packs {
			for _, text := range want {
				for i, q := range agreeQueries {
					if got := p.Scan(s, text.bytes, q); !sameResult(got, text.results[i]) {
						t.Fatalf("%s, %s, %+v: %d matches, want %d", which, text.name, q, got.Count, text.results[i].Count)
					}
				}
				if got := countLines(p, s, text.bytes); !sameResult(got, text.lines) {
					t.Fatalf("%s, lines of %s: %d matches, want %d", which, text.name, got.Count, text.lines.Count)
				}
			}
		}
	}
}

var agreeQueries = []Query{{}, {Want: WantRules}, {Want: WantCount}, {Limit: 1000}}

// reference is what one stream of da8 finds in a text.
type reference struct {
	name    string
	bytes   []byte
	results []Result // of agreeQueries
	lines   Result   // of countLines
}

func newReference(t *testing.T, rules []*Rule, texts map[string][]byte) []reference {
	p := streamOnly(t, compile(t, EngineDA8, rules))
	var all []reference
	for name, text := range texts {
		one := reference{name: name, bytes: text, lines: countLines(p, &Scratch{}, text)}
		for _, q := range agreeQueries {
			one.results = append(one.results, p.Scan(&Scratch{}, text, q)) // in a scratch of its own: it stays
		}
		all = append(all, one)
	}
	return all
}

func countLines(p *Pack, s *Scratch, block []byte) Result {
	return p.ScanLines(s, block, Query{Want: WantCount}, func(*Line) bool { return true })
}

func hardTexts(literals [][]byte, size int) map[string][]byte {
	texts := map[string][]byte{}
	for name, text := range matchtest.Texts {
		texts[name] = text(literals, size)
	}
	return texts
}

func TestEnginesAgreeOnWordLists(t *testing.T) {
	t.Parallel()
	small := manyWords()
	if slow {
		small = small[:len(small)/10]
	}
	size := 32 << 10
	if slow {
		size = 8 << 10
	}
	texts := hardTexts(small, size)
	texts["prose"] = prose(t, 4*size)
	var some [][]byte
	for i := 0; i < len(small); i += 20 {
		some = append(some, small[i])
	}
	agree(t, wordRules(some), testedEngines, texts)
	agree(t, wordRules(small), []string{EngineDA8, EngineDA4}, texts)
	var mixed []*Rule
	for i, w := range some {
		mixed = append(mixed, &Rule{ID: fmt.Sprint(i), Literals: [][]byte{w}, NoCase: i%2 == 0, Whole: i%3 == 0})
	}
	agree(t, mixed, testedEngines, texts)
}

func TestEnginesAgreeOnTheLargestPackagedWordList(t *testing.T) {
	t.Parallel()
	if testing.Short() || slow {
		t.Skip("long")
	}
	list := bytes.Fields(wordList(t, "american-english-insane", "wamerican-insane"))
	agree(t, wordRules(list), []string{EngineDA4}, map[string][]byte{"prose": prose(t, 128<<10)})
}

// Alphabets of one, two and all bytes.
func TestEnginesAgreeOnAlphabets(t *testing.T) {
	t.Parallel()
	random := matchtest.Random(nil, 6000)
	var all, two [][]byte
	for i := 0; i+6 < len(random); i += 6 {
		all = append(all, random[i:i+2+i%5])
		word := bytes.Clone(random[i : i+6])
		for j := range word {
			word[j] = 'a' + word[j]%2
		}
		two = append(two, word[:1+i%6])
	}
	for name, list := range map[string][][]byte{"one": matchtest.Nested(40), "two": two, "all": all} {
		t.Run(name, func(t *testing.T) {
			size := 6 << 10
			if slow {
				size = 2 << 10
			}
			agree(t, []*Rule{{ID: "r", Literals: list}}, testedEngines, hardTexts(list, size))
		})
	}
}

// Where memory is short, auto takes the trie.
func TestAutoTakesTheTrieWithinATightBudget(t *testing.T) {
	t.Parallel()
	rules := make([]*Rule, 4000)
	for i := range rules {
		rules[i] = &Rule{Literals: literals(fmt.Sprintf("%x-rule-%d", i*40503, i))}
	}
	compileFor := func(budget int64) (string, error) {
		b := NewBuilder(Options{Budget: budget})
		for _, r := range rules {
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		p, err := b.Pack()
		if err != nil {
			return "", err
		}
		return p.Info().Engine, nil
	}
	da8, da4 := compile(t, EngineDA8, rules).Info().Bytes, compile(t, EngineDA4, rules).Info().Bytes
	if got, err := compileFor(da8); got != EngineDA8 || err != nil {
		t.Errorf("%s, %v within %d bytes", got, err, da8)
	}
	if got, err := compileFor(da8 - 1); got != EngineDA4 || err != nil {
		t.Errorf("%s, %v within %d bytes", got, err, da8-1)
	}
	if _, err := compileFor(da4); err == nil || !strings.Contains(err.Error(), "engine da4, the smallest") {
		t.Errorf("%v within %d bytes", err, da4)
	}
}

// Scanning with a scratch that was used before allocates nothing.
func TestScansAllocateNothing(t *testing.T) {
	list := literals("error", "warn", "or", "rr", "the", "he")
	size := 100 << 10
	if slow {
		size = 8 << 10
	}
	text := matchtest.Dense(list, size)
	texts := bytes.SplitAfter(text[:min(size, 20<<10)], []byte("e"))
	for _, engine := range testedEngines {
		p := compile(t, engine, []*Rule{{ID: "r", Literals: list}, {ID: "n", Literals: list, NoCase: true}})
		s := p.NewScratch()
		for _, q := range []Query{{}, {Want: WantRules}, {Want: WantCount}, {Want: WantFirst}, {Limit: 10}} {
			scan := func() {
				p.Scan(s, text, q)
				p.ScanLines(s, text, q, func(*Line) bool { return true })
				p.ScanTexts(s, texts, q, func(int, *Result) bool { return true })
			}
			scan()
			if n := testing.AllocsPerRun(5, scan); n > 0 {
				t.Errorf("%s, %+v: %v allocations", engine, q, n)
			}
		}
	}
}

// FuzzEngines compares every engine with one stream of da8, on more text than the
// oracle can take.
func FuzzEngines(f *testing.F) {
	f.Add([]byte("he\x00she\x00hers\x00s he"), []byte("ushers she he"), uint8(7))
	f.Add([]byte("aaaa\x00aab\x00ab\x00\xff"), []byte("aaaaab\xffabab"), uint8(200))
	s, other := &Scratch{}, &Scratch{}
	f.Fuzz(func(t *testing.T, list, text []byte, most uint8) {
		if len(list) > 3000 || len(text) > 3000 {
			return
		}
		r := &Rule{ID: "r", NoCase: most&1 != 0}
		for _, l := range bytes.Split(list, []byte{0}) {
			if len(l) > 0 {
				r.Literals = append(r.Literals, l)
			}
		}
		if NewBuilder(Options{}).Add(r) != nil {
			return
		}
		text = bytes.Repeat(text, 5)
		rules := []*Rule{r}
		want := streamOnly(t, compile(t, EngineDA8, rules)).Scan(other, text, Query{})
		for _, engine := range testedEngines {
			p := withLanes(t, compile(t, engine, rules), 4, 4+int(most))
			if got := p.Scan(s, text, Query{}); !sameResult(got, want) {
				t.Fatalf("%s: %d matches, want %d", engine, got.Count, want.Count)
			}
		}
	})
}

// A regex may match where a literal does, and come first: its atom is seen even if the literal is all
// that is wanted of a pass.
func TestFirstMatchOfARegexWhereALiteralEnds(t *testing.T) {
	rules := []*Rule{{ID: "regex", Regex: "[^x]he"}, {ID: "literal", Literals: literals("she")}}
	for _, engine := range testedEngines {
		p := compile(t, engine, rules)
		for _, q := range []Query{{Want: WantFirst}, {Limit: 1}, {Want: WantRules, Limit: 1}} {
			checkScan(t, p, &Scratch{}, rules, []byte("ushers and more of that, to have lanes look ahead"), q)
		}
	}
}

// The table of engines is the only list: names and numbers are unique, Options takes each, and the
// pages that describe engines name all of them.
func TestPagesListEveryEngine(t *testing.T) {
	pages := map[string]func(e *engine) string{
		"FORMAT.md":               func(e *engine) string { return fmt.Sprintf("%d %s", e.kind, e.name) },
		"DESIGN.md":               func(e *engine) string { return e.name + ".go" },
		"../../docs/operating.md": func(e *engine) string { return "| `" + e.name + "` |" },
	}
	texts := map[string]string{}
	for page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		texts[page] = string(text)
	}
	names, kinds := map[string]bool{EngineAuto: true}, map[engineKind]bool{0: true}
	for _, e := range engines {
		if names[e.name] || kinds[e.kind] {
			t.Errorf("engine %s, %d: the name or the number is taken", e.name, e.kind)
		}
		names[e.name], kinds[e.kind] = true, true
		if got, err := engineByName(e.name); got != e || err != nil || engineOf(e.kind) != e || !slices.Contains(Engines(), e.name) {
			t.Errorf("engine %s is not found: %v", e.name, err)
		}
		if made := e.sections != nil; made == (e.plan != nil) || made == (e.load == nil) || e.open == nil {
			t.Errorf("engine %s has to be made of automata, with sections and load, or have a plan", e.name)
		}
		for page, mark := range pages {
			if !strings.Contains(texts[page], mark(e)) {
				t.Errorf("%s does not have %q of engine %s", page, mark(e), e.name)
			}
		}
	}
	if len(Engines()) != len(names) {
		t.Errorf("%v", Engines())
	}
}

// auto takes tables that fit the cache of the board: a smaller cache gives a smaller pack.
func TestAutoGoesByTheCache(t *testing.T) {
	var last int64
	for _, c := range []struct {
		cache  int64
		engine string
	}{{16 << 10, EngineDA8}, {512 << 10, EngineSDFA}, {0, EngineDFA}, {64 << 20, EngineDFA}} {
		b := NewBuilder(Options{Cache: c.cache})
		for _, r := range wordRules(matchtest.Words(1000)) {
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if i := p.Info(); i.Engine != c.engine || i.Bytes < last {
			t.Errorf("cache of %d bytes: %s of %d bytes, want %s", c.cache, i.Engine, i.Bytes, c.engine)
		} else {
			last = i.Bytes
		}
	}
}
