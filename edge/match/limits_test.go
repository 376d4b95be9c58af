package match

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A set that needs more cells than a base can name is refused, before memory is
// taken for them. The real limit is tried with a smaller one: 16 million states
// take a while.
func TestTooManyStatesAreRefused(t *testing.T) {
	arena := []byte(strings.Repeat("abcdefghij", 100))
	var list []literal
	for i := range uint32(100) {
		list = append(list, literal{offset: i, length: 250, rule: i})
	}
	list = sortLiterals(arena, list)
	states := 0
	for _, n := range countStates(arena, list) {
		states += n
	}
	if want := 1 + 10*250; states != want {
		t.Errorf("%d states, want %d", states, want)
	}
	for most, refused := range map[int]bool{states - 1: true, states: true, states + 2*blockCells: true, 4096: false} {
		_, err := buildAutomaton(arena, append([]literal(nil), list...), most)
		if refused != errors.Is(err, ErrTooLarge) {
			t.Errorf("%d states in %d cells: %v", states, most, err)
		}
		if refused && !strings.Contains(err.Error(), fmt.Sprintf("%d states and more than %d cells", states, most)) {
			t.Errorf("the error does not say how many: %v", err)
		}
	}
}

// A pack whose table says that it has more cells is refused as well.
func TestTooManyCellsAreNotLoaded(t *testing.T) {
	l := &loader{}
	l.checkCellCount(maxCells+blockCells, &automaton{outputs: outputs{ends: make([]uint64, (maxCells+blockCells)/64)}})
	if !errors.Is(l.err, ErrDamaged) {
		t.Error(l.err)
	}
}

func TestPatternOfAMegabyte(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for i := range long {
		long[i] += byte(i >> 12)
	}
	copy(long, "begin") // so that it is UTF-8, and an id of its own
	for i := range long {
		long[i] &= 0x7f
	}
	rules := []*Rule{{Literals: [][]byte{long}}, {ID: "short", Literals: literals("begin")}}
	p := compile(t, EngineDA8, rules)
	text := append(append([]byte("begin and begi"), long...), "begin"...)
	checkScan(t, p, &Scratch{}, rules, text, Query{})
	if p.ID(0) != string(long) || p.Info().LongestLiteral != len(long) {
		t.Error("it has another id, or length")
	}
	if bytes, most := p.Info().Bytes, int64(len(long)+16<<10); bytes > most {
		t.Errorf("a pack of %d bytes, over %d", bytes, most)
	}
}

func TestRulesForAllBytes(t *testing.T) {
	var rules []*Rule
	for i := range 256 {
		rules = append(rules, &Rule{Literals: [][]byte{{byte(i)}}})
	}
	p := compile(t, EngineDA8, rules)
	text := []byte("every byte: \x00 \xff é \n")
	checkScan(t, p, &Scratch{}, rules, text, Query{})
	for i, want := range map[int]string{'a': "a", 0: "\x00", 0x7f: "\x7f", 0x80: "hex:80", 0xff: "hex:ff"} {
		if got := p.ID(i); got != want {
			t.Errorf("byte %#x has the id %q", i, got)
		}
	}
}

// What all rules have in common is stored once, and ids that are matched not
// at all.
func TestWordListsCostTheirAutomaton(t *testing.T) {
	t.Parallel()
	rules := manyRules(10_000)
	size := func(rules []*Rule) (whole, automaton int64) {
		p := compile(t, EngineDA8, rules)
		for _, s := range sectionsOf(p.data) {
			if s.kind >= sectionExact {
				automaton += int64(len(s.data))
			}
		}
		return p.Info().Bytes, automaton
	}
	plain, automaton := size(rules)
	if plain > automaton+2048 {
		t.Errorf("%d bytes, the automaton takes %d of them", plain, automaton)
	}
	// One rule with an id: a bit and a half for each rule, not an offset.
	some, _ := size(append(rules, &Rule{ID: "other", Literals: literals("another")}))
	if some > plain+10_000/4 {
		t.Errorf("one id makes %d bytes of %d", some, plain)
	}
}

// Grow is no more than a hint.
func TestGrow(t *testing.T) {
	for n, hint := range [][2]int{{0, 0}, {1, 1}, {-1, 5}, {1 << 20, 1}, {1 << 30, 1 << 30}, {1000, 10_000}, {1000, 10_000}} {
		b := NewBuilder(Options{})
		for i, word := range []string{"he", "she", "he", "hers"} {
			r := &Rule{Literals: literals(word), NoCase: n%2 == 0}
			b.Grow(hint[0], hint[1], r)
			err := b.Add(r)
			if (i == 2) != errors.Is(err, ErrDuplicateID) {
				t.Errorf("hint %v: %v", hint, err)
			}
		}
		if p, err := b.Pack(); err != nil || p.NumRules() != 3 {
			t.Errorf("hint %v: %v", hint, err)
		}
		b.Grow(10, 10, &Rule{}) // too late
	}
}

// failingFile fails after so many bytes.
type failingFile struct {
	memoryFile
	left int
}

var errFull = errors.New("no room")

func (f *failingFile) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return f.memoryFile.Write(b)
}

// A file that cannot be written costs nothing but the file.
func TestWriteAgainAfterAFailure(t *testing.T) {
	b := NewBuilder(Options{Name: "test"})
	for _, r := range mixedRules() {
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	want := compile(t, EngineAuto, mixedRules())
	for left := 0; left < len(want.data); left += 1000 {
		if _, err := b.Write(&failingFile{left: left}); !errors.Is(err, errFull) {
			t.Fatalf("room for %d of %d bytes: %v", left, len(want.data), err)
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "a.pack"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	made, err := b.Write(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil || !bytes.Equal(data, want.data) {
		t.Fatalf("the file differs from the pack in memory: %v", err)
	}
	if made.Info != want.Info() || made.Hash != want.Hash() {
		t.Errorf("made %+v, it is %+v", made.Info, want.Info())
	}
}

func TestBudget(t *testing.T) {
	add := func(o Options) *Builder {
		b := NewBuilder(o)
		for _, r := range manyRules(100) {
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	made, err := add(Options{}).Write(&memoryFile{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{}
	for _, s := range made.Choice.Sizes {
		sizes[s.Engine] = s.Memory
	}
	if made.Engine != EngineDFA || made.Choice.Memory != sizes[EngineDFA] || made.Bytes != sizes[EngineDFA] || sizes[EngineDA8] >= sizes[EngineDFA] {
		t.Errorf("%+v", made)
	}
	for _, c := range []struct {
		engine string
		budget int64
		want   string
	}{
		{EngineAuto, sizes[EngineDFA], EngineDFA},
		{EngineAuto, min(sizes[EngineDFA], sizes[EngineSDFA]) - 1, EngineDA8},
		{EngineAuto, sizes[EngineDA8], EngineDA8},
		{EngineAuto, min(sizes[EngineDA8], sizes[EngineDA4]) - 1, ""},
		{EngineDFA, sizes[EngineDFA] - 1, ""},
		{EngineDA8, sizes[EngineDFA], EngineDA8},
		{EngineCloudflare, sizes[EngineDFA], ""},
	} {
		b := add(Options{Engine: c.engine, Budget: c.budget})
		p, err := b.Pack()
		switch {
		case c.want == "":
			if !errors.Is(err, ErrBudget) {
				t.Errorf("%+v: %v", c, err)
			}
			if _, again := b.Pack(); again == nil || b.Add(&Rule{ID: "x", Literals: literals("x")}) == nil {
				t.Errorf("%+v: the builder goes on", c)
			}
		case err != nil || p.Info().Engine != c.want || p.Info().Bytes > c.budget:
			t.Errorf("%+v: %v", c, err)
		}
	}
}
