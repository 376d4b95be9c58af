package match

import (
	"bytes"
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"trawl/edge/match/internal/lazydfa"
)

// drawRegex writes an expression of RE2 syntax, nested up to depth.
func drawRegex(t *rapid.T, depth int) string {
	atoms := []string{
		"a", "b", "ab", "k", "K", "word", "é", "ſ", "☺", `\x{fffd}`, `\x{212a}`, ".", `\w`, `\W`, `\d`, `\s`, "[ab]", "[^a]", "[a-k]",
		"[^é]", "[é☺]", `[\x{80}-\x{7ff}]`, `\pL`, `\PL`, "^", "$", `\b`, `\B`, "(?m:^)", "(?m:$)", `\A`, `\z`, "(?s:.)", "(?i:k)",
		"(?i:straße)", "(?i:[a-k])", "aaaa", "abababab", "-",
	}
	if depth == 0 {
		return rapid.SampledFrom(atoms).Draw(t, "atom")
	}
	part := func() string { return drawRegex(t, depth-1) }
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return part()
	case 1:
		return "(?:" + part() + "|" + part() + ")"
	case 2:
		return "(" + part() + ")" + rapid.SampledFrom([]string{"*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}?", "{0,2}"}).Draw(t, "times")
	case 3:
		return "(?" + rapid.SampledFrom([]string{"i", "s", "m", "U", "im"}).Draw(t, "flag") + ":" + part() + ")"
	default:
		return part() + part()
	}
}

// drawText writes a text that a regex may match, changed here and there.
func drawText(t *rapid.T, regex string) []byte {
	tree, err := syntax.Parse(regex, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	g := textGenerator{seeded(rapid.Uint64().Draw(t, "seed")), 3}
	var text []byte
	for range g.IntN(4) {
		text = g.appendMatch(text, tree)
		switch pieces := []string{"", "", " ", "\n", "a", "K", "\xff", "\xc3", "é", "\xe2\x98", "\xf0\x9f\x98\x80", "_"}; g.IntN(3) {
		case 0:
			text = append(text, pieces[g.IntN(len(pieces))]...)
		case 1:
			if len(text) > 0 {
				at := g.IntN(len(text))
				text = slices.Concat(text[:at], []byte(pieces[g.IntN(len(pieces))]), text[min(len(text), at+g.IntN(3)):])
			}
		}
	}
	return text[:min(len(text), 300)]
}

// TestRegexesAgreeWithRegexp holds everything that runs regexes to what package
// regexp finds: rows, literal runs and state sets, with a cache of any size.
func TestRegexesAgreeWithRegexp(t *testing.T) {
	t.Parallel()
	shared := map[int]*Scratch{}
	rapid.Check(t, func(t *rapid.T) {
		b := NewBuilder(Options{})
		var rules []*Rule
		for i := range rapid.IntRange(1, 12).Draw(t, "rules") {
			r := &Rule{ID: fmt.Sprint(i), Regex: drawRegex(t, rapid.IntRange(0, 5).Draw(t, "depth")), NoCase: rapid.IntRange(0, 5).Draw(t, "nocase") == 0}
			if b.Add(r) == nil { // else it can match nothing
				rules = append(rules, r)
			}
		}
		if len(rules) == 0 {
			t.Skip("no rules")
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.SampledFrom([]int{0, 2 << 10, 16 << 10, lazydfa.DefaultCacheSize}).Draw(t, "cache")
		s := shared[size]
		if s == nil {
			s = &Scratch{}
			s.regexes.runner.Init(size)
			shared[size] = s
		}
		o := newOracle(rules)
		for range 4 {
			text := drawText(t, rules[rapid.IntRange(0, len(rules)-1).Draw(t, "rule")].Regex)
			o.expect(text).check(t, p, s, drawQuery(t))
		}
	})
}

// FuzzRegex is the same for any expression.
func FuzzRegex(f *testing.F) {
	for _, seed := range []string{`a+b`, `(?i)k[^s]\b`, `^(?:a|ab)(?:c|bcd)*?$`, `(?m)^x.*y$`, `\x{fffd}+`, `[^\x00-\x7f]{2,5}z`, `(a*)*b`, `(?s).{3}`} {
		f.Add(seed, []byte("aab abbbb\nxKſ y\n\xff\xc3\xa9zz abcd"), uint8(0))
	}
	f.Fuzz(func(t *testing.T, regex string, text []byte, bits uint8) {
		r := &Rule{ID: "r", Regex: regex, NoCase: bits&1 != 0}
		b := NewBuilder(Options{})
		if len(regex) > 60 || len(text) > 300 || b.Add(r) != nil {
			return
		}
		tree, err := syntax.Parse(regex, syntax.Perl)
		if err != nil || lazydfa.EstimateInsts(tree) > 3000 {
			return // the oracle takes long
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		s := &Scratch{}
		s.regexes.runner.Init([]int{0, 4 << 10, lazydfa.DefaultCacheSize}[bits>>1%3])
		checkScan(t, p, s, []*Rule{r}, text, Query{Want: Want(bits >> 3 % 5)})
	})
}

// FuzzHostileRegex looks for expressions that take long to add, or whose
// programs are larger than is counted.
func FuzzHostileRegex(f *testing.F) {
	f.Add("(?:a{30}b{20}|c){30}", []byte("aaaaaaab"))
	f.Add(`(?i)\pL{100}[^a-z]{50}`, []byte("éééé"))
	f.Fuzz(func(t *testing.T, regex string, text []byte) {
		b := NewBuilder(Options{})
		if len(regex) > 200 || b.Add(&Rule{ID: "r", Regex: regex}) != nil {
			return
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		s := &Scratch{}
		text = bytes.Repeat(text, 1+1000/(1+len(text)))[:min(1000, len(text))]
		p.Scan(s, text, Query{})
		if got := s.regexes.runner.CacheBytes(); got > lazydfa.DefaultCacheSize {
			t.Errorf("%d bytes of states", got)
		}
		if program := p.regexes[0].forward.program.Load(); program != nil && program.Insts() > 100_000 {
			t.Errorf("%d instructions", program.Insts())
		}
	})
}

// a.*z|a reads the rest of the text for each match.
func TestExpensiveRegexIsGivenUp(t *testing.T) {
	t.Parallel()
	rules := []*Rule{{ID: "cheap", Regex: "ab"}, {ID: "dear", Regex: "a.*z|a"}}
	p, s := compile(t, EngineAuto, rules), &Scratch{}
	size := 1 << 20
	if slow {
		size = 2 * pollEvery
	}
	text := append(bytes.Repeat([]byte("a"), size), 'b')
	for want, incomplete := range map[Want][]uint32{WantMatches: {1}, WantCount: {1}, WantRules: nil, WantFirst: nil, WantAny: nil} {
		before := s.regexes.runner.BytesRead
		r := p.Scan(s, text, Query{Want: want})
		if !slices.Equal(r.Incomplete, incomplete) || !r.Any || r.Stopped || r.Truncated {
			t.Errorf("%v: %+v", want, r.Incomplete)
		}
		if want == WantMatches && (len(r.Matches) < 20 || !slices.Contains(r.Matches, Match{int64(size - 1), int64(size + 1), 0})) {
			t.Errorf("%d matches; the other rule has to be found", len(r.Matches))
		}
		if read := s.regexes.runner.BytesRead - before; read > 40*int64(len(text)) {
			t.Errorf("%v: read %d bytes", want, read)
		}
	}
	for i := range p.Costs() {
		if c := p.Costs()[i]; (c.GivenUp > 0) != (c.Rule == 1) {
			t.Errorf("%+v", c)
		}
	}
	// Lines: said of the line and of the block, also if no line matches otherwise.
	block := slices.Concat(text, []byte("\na\n"), text, []byte("\n"))
	lines := 0
	r := p.ScanLines(s, block, Query{}, func(l *Line) bool {
		lines++
		if want := l.Number != 2; (len(l.Incomplete) > 0) != want {
			t.Errorf("line %d: %v", l.Number, l.Incomplete)
		}
		return true
	})
	if lines != 3 || !slices.Equal(r.Incomplete, []uint32{1}) {
		t.Errorf("%d lines, %v", lines, r.Incomplete)
	}
	if r := p.ScanLines(s, []byte("aaab\n"), Query{}, func(*Line) bool { return true }); len(r.Incomplete) > 0 {
		t.Errorf("still %v", r.Incomplete)
	}
}

// What is read up to where a chain differs counts as well, and Stop is asked: behind
// each a all the rest is read up to a b that another letter follows.
func TestExpensiveRegexWithAChainIsGivenUp(t *testing.T) {
	p, s := compile(t, EngineAuto, []*Rule{{ID: "dear", Regex: "a(?:[^b]*bcdefgh)?"}}), &Scratch{}
	text := append(bytes.Repeat([]byte("a"), 20_000), "bx"...)
	asked := 0
	r := p.Scan(s, text, Query{Stop: func() bool { asked++; return false }})
	if !slices.Equal(r.Incomplete, []uint32{0}) || asked < 5 {
		t.Errorf("%d matches, incomplete %v, asked %d times", r.Count, r.Incomplete, asked)
	}
	if c := p.Costs(); c[0].Bytes < int64(len(text)) || c[0].Bytes > 40*int64(len(text)) {
		t.Errorf("%+v", c)
	}
}

// Short texts are never given up on, however much the regex has to do.
func TestShortTextsAreComplete(t *testing.T) {
	t.Parallel()
	rules := []*Rule{
		{ID: "1", Regex: "(?:a?){200}b"},
		{ID: "2", Regex: "(?:a|aa|aaa)+c|a"},
		{ID: "3", Regex: "(?:[ab]{1,40}){1,20}z|[ab]"},
		{ID: "4", Regex: "(?:a.*b.*c.*|b.*a.*){3}d|a"},
	}
	p, s, o := compile(t, EngineAuto, rules), &Scratch{}, newOracle(rules)
	for _, text := range []string{strings.Repeat("a", 150), strings.Repeat("ab", 70), strings.Repeat("abc", 40) + "d"} {
		expected := o.expect([]byte(text))
		for _, want := range []Want{WantMatches, WantRules} {
			expected.check(t, p, s, Query{Want: want})
		}
	}
}

func TestTooLargeRegexIsRefused(t *testing.T) {
	t.Parallel()
	for _, regex := range []string{"(?:" + strings.Repeat("abcdefghij", 40) + "){1000}", strings.Repeat("(?:a{100}b){9}", 300), `(?:\pL{1,100}x){1,9}` + strings.Repeat(`[\pL\d]{1000}`, 150)} {
		err := NewBuilder(Options{}).Add(&Rule{ID: "r", Regex: regex})
		if !errors.Is(err, ErrRegex) || !strings.Contains(err.Error(), "too large when compiled") {
			t.Errorf("%.40s: %v", regex, err)
		}
	}
	var overlapping strings.Builder
	for i := range 3500 {
		fmt.Fprintf(&overlapping, `[\x{100}-\x{%x}]`, 0x200+i)
	}
	if err := NewBuilder(Options{}).Add(&Rule{ID: "r", Regex: overlapping.String()}); !errors.Is(err, ErrRegex) {
		t.Errorf("classes that overlap: %v", err)
	}
	if err := NewBuilder(Options{}).Add(&Rule{ID: "r", Regex: "x(?:" + strings.Repeat("abcdefghij", 9) + "){1000}"}); err != nil {
		t.Errorf("90,000 instructions: %v", err)
	}
}

// Programs that take more than their budget are dropped and built again.
func TestProgramsStayWithinBudget(t *testing.T) {
	t.Parallel()
	var rules []*Rule
	for i := range 40 {
		rules = append(rules, &Rule{ID: fmt.Sprint(i), Regex: fmt.Sprintf("rule%02d[a-f]{30}(?:x|y){20}", i)})
	}
	p, s := compile(t, EngineAuto, rules), &Scratch{}
	p.programs.budget = 20 << 10
	o := newOracle(rules)
	for range 3 {
		for i := range rules {
			text := fmt.Appendf(nil, "rule%02d%s%s", i, strings.Repeat("a", 30), strings.Repeat("y", 20))
			o.expect(text).check(t, p, s, Query{})
			if p.programs.size > p.programs.budget {
				t.Fatalf("%d bytes", p.programs.size)
			}
		}
	}
	if p.programs.dropped.Load() < 5 {
		t.Errorf("dropped %d times", p.programs.dropped.Load())
	}
}

// A regex that cannot be compiled, in a pack that this package did not write,
// is said to be incomplete.
func TestBrokenRegexIsIncomplete(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{ID: "a", Regex: "(?:word)+x"}, {ID: "b", Regex: "word"}, {ID: "c", Regex: "[0-9]"}})
	q, err := Load(setSection(setSection(p.data, sectionRegexes, 2, '*', 1), sectionRegexes, 2+10+2+4+2, '*', 1))
	if err != nil {
		t.Fatal(err)
	}
	r := q.Scan(&Scratch{}, []byte("a wordx 1"), Query{})
	if !slices.Equal(r.Incomplete, []uint32{0, 2}) || len(r.Matches) != 1 || r.Matches[0].Rule != 1 {
		t.Errorf("%+v", r)
	}
	// A line on which it was given up is handed out without a match to who asks for that.
	for _, givenUp := range []bool{false, true} {
		lines := ""
		q.ScanLines(&Scratch{}, []byte("none\na wordx\nx 1\n"), Query{GivenUp: givenUp}, func(l *Line) bool {
			lines += fmt.Sprint(l.Number, len(l.Matches), l.Incomplete, " ")
			return true
		})
		want := map[bool]string{false: "2 1 [0 2] ", true: "1 0 [2] 2 1 [0 2] 3 0 [2] "}[givenUp]
		if lines != want {
			t.Errorf("lines %q, want %q", lines, want)
		}
	}
}

// All goroutines build and drop programs of one pack.
func TestPackagedRegexesConcurrently(t *testing.T) {
	t.Parallel()
	rules := logcheck(t).rules[:300]
	p := compile(t, EngineAuto, rules)
	p.programs.budget = 100 << 10
	block := linesFor(rules, 20<<10, 3, 5)
	want := p.ScanLines(&Scratch{}, block, Query{}, func(*Line) bool { return true }).Count
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s := p.NewScratch()
			for range 3 {
				if n := p.ScanLines(s, block, Query{}, func(*Line) bool { return true }).Count; n != want {
					t.Errorf("%d matches, want %d", n, want)
				}
				p.Costs()
			}
		})
	}
	group.Wait()
}

// Regexes without literals run together, not one by one on every line, and do
// not keep the others' lines from being skipped.
func TestRegexesWithoutLiteralsRunInGroups(t *testing.T) {
	var rules []*Rule
	for i := range 40 {
		rules = append(rules, &Rule{ID: fmt.Sprint(i), Regex: fmt.Sprintf(`\d{%d}[a-z]\d`, i+1)})
	}
	rules = append(rules, &Rule{ID: "word", Literals: literals("needle")})
	p, s := compile(t, EngineAuto, rules), &Scratch{}
	block := []byte(strings.Repeat("a line of words\n", 2000) + "a needle here\n12x3 and 7y7\n" + strings.Repeat("1 2 3\n", 1000))
	r := p.ScanLines(s, block, Query{Want: WantRules}, func(l *Line) bool {
		checkScan(t, p, &Scratch{}, rules, block[l.Offset:l.Offset+l.Length], Query{Want: WantRules})
		return true
	})
	runs := int64(0)
	for _, c := range p.Costs() {
		runs += c.Runs
	}
	if r.Count != 3 || runs > 20 || len(p.programs.groups) != maxGroups || p.Info().Unhinted != 40 {
		t.Errorf("%d matches, %d runs, %d groups, %+v", r.Count, runs, len(p.programs.groups), p.Info())
	}
}

// Those that match nearly everywhere, or are huge, are not put with others.
func TestSomeRegexesWithoutLiteralsAreLeftAlone(t *testing.T) {
	rules := []*Rule{{ID: "any", Regex: "."}, {ID: "far", Regex: `^[^\r\n]{998}`}, {ID: "digits", Regex: `\d{3}`}, {ID: "more", Regex: `[a-f]\d[a-f]`}}
	p, s := compile(t, EngineAuto, rules), &Scratch{}
	checkScan(t, p, s, rules, []byte("a line\n\nand 123 or a7f\n"+strings.Repeat("long ", 220)), Query{})
	if g := p.programs.groups; !slices.Equal(p.programs.ungrouped, []uint32{0, 1}) || len(g) != 1 || len(g[0].members) != 2 {
		t.Errorf("alone %v, %d groups", p.programs.ungrouped, len(g))
	}
}

func TestLengthsOfMatches(t *testing.T) {
	for regex, want := range map[string][2]int{
		"abc": {3, 3}, "a|bc": {1, 2}, `\bDE\d{20}\b`: {22, 22}, "ab*": {1, -1}, "(?:ab?){2,3}": {2, 6}, "(?:a+|b)": {1, -1}, "(?:b|a+)c": {2, -1},
		"^$": {0, 0}, "(?:é|.)x": {2, 2}, "(?:a{1000}b{1000}){1}(?:c{1000}){1}": {3000, 3000}, "(?:a*){2}": {0, -1}, "a{0}": {0, 0},
	} {
		tree, err := syntax.Parse(regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if least, most := lazydfa.Lengths(tree); least != want[0] || most != want[1] {
			t.Errorf("%s: %d to %d, want %v", regex, least, most, want)
		}
	}
}

// The cache never takes more than it was given, whatever runs.
func TestStatesOfPackagedRulesStayWithinTheirSize(t *testing.T) {
	t.Parallel()
	p, block := logcheck(t).pack, linesFor(logcheck(t).rules, 64<<10, 2, 3)
	for _, size := range []int{64 << 10, 512 << 10} {
		s := &Scratch{}
		s.regexes.runner.Init(size)
		p.ScanLines(s, block, Query{}, func(*Line) bool { return true })
		if got := s.regexes.runner.CacheBytes(); got > size {
			t.Errorf("%d of %d bytes", got, size)
		}
	}
	s := &Scratch{}
	p.ScanLines(s, block, Query{}, func(*Line) bool { return true })
	if _, all := s.regexes.runner.States(); all < 600<<10 {
		t.Errorf("all states take %d bytes: they fit", all)
	}
}

func TestScanWithPackagedRegexesDoesNotAllocate(t *testing.T) {
	p, s := logcheck(t).pack, &Scratch{}
	block := linesFor(logcheck(t).rules, 16<<10, 2, 3)
	each := func(*Line) bool { return true }
	p.ScanLines(s, block, Query{}, each)
	if n := testing.AllocsPerRun(5, func() { p.ScanLines(s, block, Query{}, each) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a builder takes can be run: the bounds are those of the compiler.
func TestLargeRegexesRun(t *testing.T) {
	t.Parallel()
	words := make([]string, 3000)
	for i := range words {
		words[i] = fmt.Sprintf("%c%c%c", 0x4e00+i*7, 0x4e00+i*13%20000, 0x4e00+i*29%20000)
	}
	for name, r := range map[string]*Rule{
		"words":  {ID: "r", Regex: "(?:" + strings.Join(words, "|") + ")x"},
		"pairs":  {ID: "r", Regex: "(?:" + strings.Join(words, ".y|") + ")x"},
		"letter": {ID: "r", Regex: `\pL{500}x`},
		"long":   {ID: "r", Regex: `[^x]{900}` + words[77] + "x"},
	} {
		t.Run(name, func(t *testing.T) {
			p, s := compile(t, EngineAuto, []*Rule{r}), &Scratch{}
			text := []byte(strings.Repeat("é", 1000) + words[77] + "x " + words[99] + "zyx")
			expected := newOracle([]*Rule{r}).expect(text)
			for _, want := range []Want{WantMatches, WantRules} {
				expected.check(t, p, s, Query{Want: want})
			}
			if got := s.regexes.runner.CacheBytes(); got > lazydfa.DefaultCacheSize {
				t.Errorf("%d bytes of states", got)
			}
		})
	}
}
