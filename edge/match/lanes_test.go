package match

// Lanes against one stream: the same hits, in the same order.

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// withLanes is the pack p without a prefilter, and with lanes that start from least bytes of text on and
// look ahead most bytes.
func withLanes(t interface{ Fatal(...any) }, p *Pack, least, most int) *Pack {
	return changed(t, p, func(a *automaton, _ bool) {
		a.lanes.min, a.lanes.max, a.filter = least, max(most, 1), nil
	})
}

// prefilterKinds makes a prefilter of each kind for an automaton; nil: the kind does not suit.
var prefilterKinds = map[string]func(a *automaton, folded bool) prefilter{
	"q-grams": func(a *automaton, _ bool) prefilter {
		if a.grams == nil {
			return nil
		}
		return a.grams
	},
	"short grams": func(a *automaton, _ bool) prefilter {
		if g := newShortGrams(a.terminalTexts()); g != nil {
			return g
		}
		return nil
	},
	"rare bytes": func(a *automaton, folded bool) prefilter {
		if r := newRareBytes(a.terminalTexts(), folded); r != nil {
			return r
		}
		return nil
	},
}

// withFilter is the pack p with a kind of prefilter, whatever the prefilter costs; nil: the kind does not
// suit. The prefilter is given piece bytes at once and never gives up.
func withFilter(t interface{ Fatal(...any) }, p *Pack, kind string, piece int) *Pack {
	suits := false
	filtered := changed(t, p, func(a *automaton, folded bool) {
		if a.filter = nil; a.cells == nil {
			return
		}
		if f := prefilterKinds[kind](a, folded); f != nil {
			a.filter, a.filterPiece, a.filterShare, suits = f, piece, 1<<20, true
		}
	})
	if !suits {
		return nil
	}
	return filtered
}

// withFilters are the pack p with each kind of prefilter that suits.
func withFilters(t interface{ Fatal(...any) }, p *Pack, piece int) []*Pack {
	var packs []*Pack
	for _, kind := range slices.Sorted(maps.Keys(prefilterKinds)) {
		if filtered := withFilter(t, p, kind, piece); filtered != nil {
			packs = append(packs, filtered)
		}
	}
	return packs
}

// changed is p with other automata.
func changed(t interface{ Fatal(...any) }, p *Pack, change func(a *automaton, folded bool)) *Pack {
	p, err := Load(p.data)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := p.matcher.(*searcher); ok {
		for _, a := range []*automaton{e.exact, e.folded} {
			if a != nil {
				change(a, a == e.folded)
			}
		}
	}
	return p
}

func streamOnly(t interface{ Fatal(...any) }, p *Pack) *Pack { return withLanes(t, p, math.MaxInt, 1) }

// Texts of many looks ahead, too big for the oracle.
func TestLanesAgreeWithOneStream(t *testing.T) {
	t.Parallel()
	a300 := strings.Repeat("a", 300)
	rules := []*Rule{
		{Literals: literals("error")},
		{Literals: literals("or")},
		{ID: "lines", Literals: literals("end\nbegin", "\n", "n\n")},
		{ID: "nested", Literals: literals("a", "aa", "aaaaaaaaaaaaaaaa", a300[:255], a300)},
		{ID: "case", Literals: literals("KELVIN", "ß"), NoCase: true},
		{ID: "whole", Literals: literals("he"), Whole: true},
		{ID: "regex", Regex: "(?i:warn)ing [0-9]+"},
	}
	times := 700
	if slow {
		times = 350
	}
	var busy bytes.Buffer
	for i := range times {
		fmt.Fprintf(&busy, "begin %d error \u212aelvin he she warning %d end\n", i, i)
		if i%350 == 349 {
			busy.WriteString(strings.Repeat("a", 400) + "\n")
		}
	}
	quiet := bytes.Repeat([]byte("nxthxng xs hxrx xn thxs lxnx\r"), 10*times)
	copy(quiet[80_000:], "\nWARNING 7 error\n")
	for name, text := range map[string][]byte{"busy": busy.Bytes(), "quiet": quiet} {
		pack := compile(t, EngineDA8, rules)
		one, s, other := streamOnly(t, pack), &Scratch{}, &Scratch{}
		table := compile(t, EngineDFA, rules)
		packs := []*Pack{
			withLanes(t, pack, 1<<10, 32<<10), withLanes(t, pack, 5, 777),
			withLanes(t, table, 1<<10, 32<<10), withLanes(t, table, 5, 777),
		}
		for want := WantMatches; want <= WantAny; want++ {
			for _, q := range []Query{{Want: want}, {Want: want, Limit: 1}, {Want: want, Limit: 5, Total: 1000}} {
				lines := collectLines(one, other, text, q)
				all := one.Scan(other, text, q)
				for i, p := range packs {
					if got := p.Scan(s, text, q); !sameResult(got, all) || !got.Any {
						t.Fatalf("%s, pack %d, %+v: %d matches, want %d", name, i, q, got.Count, all.Count)
					}
					if got := collectLines(p, s, text, q); !slices.EqualFunc(got, lines, sameLine) {
						t.Fatalf("%s, pack %d, %+v: %d lines, want %d", name, i, q, len(got), len(lines))
					}
				}
			}
		}
	}
}

// collectLines copies what ScanLines gives, the sum last.
func collectLines(p *Pack, s *Scratch, block []byte, q Query) []Line {
	var lines []Line
	total := p.ScanLines(s, block, q, func(l *Line) bool {
		line := *l
		line.Matches, line.Rules = slices.Clone(l.Matches), slices.Clone(l.Rules)
		lines = append(lines, line)
		return true
	})
	return append(lines, Line{Result: total})
}

func sameLine(a, b Line) bool {
	return a.Number == b.Number && a.Offset == b.Offset && a.Length == b.Length && sameResult(a.Result, b.Result)
}

// A table has a row for each state, no two for one.
func TestTablesHaveARowForEachState(t *testing.T) {
	p := compile(t, EngineDFA, []*Rule{{Literals: literals("he", "she"), ID: "a"}, {Literals: literals("hers")}})
	d := p.matcher.(*searcher).exact.table.(*dfa)
	if rows := len(d.next) / int(d.stride); rows != p.Info().States || d.stride != 5 || len(d.terminals) != 3 {
		t.Errorf("%d rows of %d, %d terminals", rows, d.stride, len(d.terminals))
	}
}

// auto takes tables up to a budget; who asks for more than can be gets an error.
func TestAutoTakesTablesWithinTheBudget(t *testing.T) {
	t.Parallel()
	add := func(n int) *Builder {
		b := NewBuilder(Options{})
		for i := range n {
			if err := b.Add(&Rule{Literals: literals(fmt.Sprintf("%x-literal", i*7919))}); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	for n, want := range map[int]string{0: EngineDA8, 100: EngineDFA, 10_000: EngineSDFA, 40_000: EngineDA8} {
		p, err := add(n).Pack()
		if err != nil || p.Info().Engine != want {
			t.Errorf("%d literals: %s, %v", n, p.Info().Engine, err)
		}
	}
	// Behind each of 18,000 states that end in "abcd" there are 256 deep transitions.
	b := NewBuilder(Options{Engine: EngineSDFA})
	r := &Rule{ID: "r"}
	for i := range 256 {
		r.Literals = append(r.Literals, append([]byte("abcd"), byte(i)))
	}
	for i := range 18_000 {
		r.Literals = append(r.Literals, fmt.Appendf(nil, "%04xabcd", i))
	}
	if err := b.Add(r); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Pack(); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// A lane begins in the state that the lane before ends in: however long the
// literals across the seam.
func TestLiteralsAcrossSeams(t *testing.T) {
	t.Parallel()
	var list [][]byte
	for n := 1; n <= 255; n += 2 {
		list = append(list, bytes.Repeat([]byte("a"), n))
	}
	rules := []*Rule{{ID: "a", Literals: list}}
	s, o := &Scratch{}, newOracle(rules)
	da8 := withLanes(t, compile(t, EngineDA8, rules), 4, 64)
	dfa := withLanes(t, compile(t, EngineDFA, rules), 4, 64)
	step := 1
	if slow {
		step = 3
	}
	for n := 250; n < 270; n += step {
		text := append(bytes.Repeat([]byte("a"), n), "b\naa"...)
		expected := o.expect(text)
		expected.check(t, da8, s, Query{})
		expected.check(t, dfa, s, Query{})
	}
}

func TestAutoBuildsNoTablesForLittleText(t *testing.T) {
	rules := []*Rule{{Literals: literals("error")}, {ID: "k", Literals: literals("kelvin"), NoCase: true}} // 13 states
	for _, test := range []struct {
		engine string
		text   int64
		want   string
	}{
		{EngineAuto, 0, EngineDFA},
		{EngineAuto, 1, EngineDA8},
		{EngineAuto, 13*textPerState - 1, EngineDA8},
		{EngineAuto, 13 * textPerState, EngineDFA},
		{EngineSDFA, 1, EngineSDFA}, // asked for
	} {
		b := NewBuilder(Options{Engine: test.engine, Text: test.text})
		for _, r := range rules {
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Info().Engine; got != test.want {
			t.Errorf("%s for %d bytes of text: %s, want %s", test.engine, test.text, got, test.want)
		}
	}
}
