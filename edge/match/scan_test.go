package match

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOrderIsEndStartRule(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{
		{Literals: literals("he")},
		{Literals: literals("she")},
		{Literals: literals("hers")},
		{ID: "again", Literals: literals("he")},
		{ID: "regex", Regex: "h.r"},
		{ID: "case", Literals: literals("HER"), NoCase: true},
	})
	var got []string
	for _, m := range p.Scan(&Scratch{}, []byte("ushers"), Query{}).Matches {
		got = append(got, fmt.Sprintf("%s@%d-%d", p.ID(int(m.Rule)), m.Start, m.End))
	}
	if want := "she@1-4 he@2-4 again@2-4 regex@2-5 case@2-5 hers@2-6"; strings.Join(got, " ") != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
}

// Edge cases, each against the oracle for every want.
func TestEdgesAgreeWithOracle(t *testing.T) {
	t.Parallel()
	var bytes256 [][]byte
	var nested [][]byte
	for i := range 256 {
		bytes256 = append(bytes256, []byte{byte(i)})
		nested = append(nested, bytes.Repeat([]byte("a"), i+1))
	}
	nested = append(nested[:10], nested[245:]...)
	all := bytes.Join(bytes256, nil)
	a300 := strings.Repeat("a", 300)
	for name, c := range map[string]struct {
		rules []*Rule
		texts []string
	}{
		"no rules":                {nil, []string{"", "text\n"}},
		"one pattern":             {[]*Rule{{Literals: literals("x")}}, []string{"", "x", "axbx", "\n", "x\nx\n\nx"}},
		"256 one-byte patterns":   {[]*Rule{{ID: "bytes", Literals: bytes256}}, []string{string(all)}},
		"all bytes equal":         {[]*Rule{{Literals: literals("aa")}, {Literals: literals("aaaa")}}, []string{strings.Repeat("a", 50)}},
		"nested to 256 bytes":     {[]*Rule{{ID: "nest", Literals: nested}}, []string{strings.Repeat("a", 258) + "b"}},
		"prefixes and suffixes":   {[]*Rule{{Literals: literals("abcd")}, {Literals: literals("abc")}, {Literals: literals("bcd")}, {Literals: literals("cd")}, {Literals: literals("d")}}, []string{"abcdabcxbcd", "abcabcd"}},
		"one literal, many rules": {[]*Rule{{ID: "1", Literals: literals("a", "b")}, {ID: "2", Literals: literals("a")}, {ID: "3", Literals: literals("b", "a"), NoCase: true}}, []string{"ab", "AB"}},
		"line ends":               {[]*Rule{{Literals: literals("a\n")}, {Literals: literals("\nb")}, {Literals: literals("\n")}, {Literals: literals("a\nb")}, {Literals: literals("b")}, {Literals: literals("\r")}}, []string{"a\nb", "a\r\nb\n", "\n\n", "b\nb", "a\n"}},
		"anchors see the line":    {[]*Rule{{ID: "b", Regex: "^b"}, {ID: "a", Regex: "a$"}, {ID: "m", Regex: `(?m:^)c(?m:$)`}}, []string{"ba\nba\nab\nc", "c\r\nc\n"}},
		"whole at the seams":      {[]*Rule{{Literals: literals("he"), Whole: true}}, []string{"he", "she he\nhe", "éhe", "heé", "he\xc3", "\xa9he", "he_ he9 he-"}},
		"kelvin and long s":       {[]*Rule{{Literals: literals("kiss"), NoCase: true}}, []string{"KISS \u212ai\u017fS kiss", "\u212a\u212aiss", "\u212ais\u017f\n\u212aiss"}},
		"whole and kelvin":        {[]*Rule{{Literals: literals("k"), NoCase: true, Whole: true}}, []string{"\u212a", "\u212a\u212a", "\u212a k", "a\u212a"}},
		"whole and marks": {[]*Rule{{ID: "w", Literals: literals("कल", "ם", "قلع", "می", "خواهم", "e", "done", "กิ", "\u0301", "✔"), Whole: true}}, []string{
			"कला", "कल आज", "םִשְׁפָּה", "قلعَرَب", "می\u200cخواهم", "me\u0301e", "e\u0301", "\u0301e", " \u0301e", "✔\ufe0fdone", "กิน", "กิ น", "e\u20e3", "✔\ufe0f", strings.Repeat("\u0301", 30) + "e",
		}},
		"long, overlapping":          {[]*Rule{{ID: "long", Literals: literals(a300, a300[:280]+"b", a300+"c")}, {Literals: literals("aac")}}, []string{strings.Repeat("a", 320) + "b" + a300 + "c", strings.Repeat("a", 299)}},
		"long, a rule among repeats": {[]*Rule{{ID: "1", Literals: literals(a300)}, {ID: "x", Literals: literals(a300 + "x")}}, []string{strings.Repeat("a", 310) + "x" + strings.Repeat("a", 600)}},
		"long, more than limits":     {[]*Rule{{ID: "1", Literals: literals(a300)}, {ID: "2", Literals: literals(a300+"a", a300+"aa")}, {ID: "3", Literals: literals("baa")}, {ID: "4", Literals: literals(a300 + "aaa")}}, []string{strings.Repeat("a", 500) + "baa"}},
		"long, one prefix":           {[]*Rule{{ID: "x", Literals: literals(a300+"x", a300+"y")}, {ID: "y", Literals: literals(a300 + "y")}, {Literals: literals(a300[:255])}}, []string{a300 + "y" + a300 + "x"}},
		"long, again but for a byte": {[]*Rule{{ID: "abac", Literals: literals(a300[:256] + "b" + a300[:256] + "c")}}, []string{a300[:256] + "b" + a300[:256] + "c" + a300[:256] + "c"}},
		"long, nocase":               {[]*Rule{{ID: "k", Literals: literals(strings.Repeat("k", 300)), NoCase: true}}, []string{strings.Repeat("\u212aK", 152)}},
		"long, whole":                {[]*Rule{{ID: "w", Literals: literals(a300), Whole: true}}, []string{a300, a300 + " " + a300 + "a"}},
		"U+FFFD is no hint":          {[]*Rule{{ID: "r", Regex: "a\uFFFDb"}, {ID: "l", Literals: literals("a\uFFFDb"), NoCase: true}}, []string{"a\xffb", "a\uFFFDb"}},
		"alternatives":               {[]*Rule{{ID: "r", Regex: "error|errno|(?i:k)elvin"}}, []string{"errno", "xelvin Kelvin \u212aelvin", "eRror"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Scratch{}
			var packs []*Pack
			for _, engine := range testedEngines {
				p := compile(t, engine, c.rules)
				packs = append(packs, p, withLanes(t, p, 4, 16))
			}
			o := newOracle(c.rules)
			for _, text := range c.texts {
				expected := o.expect([]byte(text))
				for want := WantMatches; want <= WantAny; want++ {
					for _, q := range []Query{{}, {Limit: 1}, {Limit: 3}, {Total: 1}, {Total: 3}} {
						q.Want = want
						for _, p := range packs {
							expected.check(t, p, s, q)
						}
					}
				}
			}
		})
	}
}

// Many windows: numbers and offsets of lines go on from one to the next.
func TestLinesOfBigBlockAgreeWithOracle(t *testing.T) {
	t.Parallel()
	many := 30_000
	if slow {
		many = 12_000
	}
	var block bytes.Buffer
	for i := range many {
		fmt.Fprintf(&block, "line %d of the block\n", i)
		if i%5000 == 77 {
			block.WriteString(strings.Repeat("long", 100_000) + "\n")
		}
	}
	block.WriteString("line 99 without an end")
	sets := map[string][]*Rule{
		"exact":  {{Literals: literals("99")}},
		"nocase": {{Literals: literals("LINE 99"), NoCase: true}, {Literals: literals("777")}},
		"hinted": {{ID: "r", Regex: "line 9+ "}, {Literals: literals("777")}},
		"always": {{ID: "r", Regex: "[89]{3}"}},
	}
	for name, rules := range sets {
		t.Run(name, func(t *testing.T) {
			o := newOracle(rules)
			p, s := compile(t, EngineAuto, rules), &Scratch{}
			offset, n := int64(0), int64(0)
			var want []Line
			for text := range bytes.SplitSeq(block.Bytes(), newline) {
				n++
				// bytes.Contains keeps the oracle to the few lines where it can find something
				if bytes.Contains(text, []byte("9")) || bytes.Contains(text, []byte("8")) || bytes.Contains(text, []byte("777")) {
					if found := o.matches(text); len(found) > 0 {
						want = append(want, Line{n, offset, int64(len(text)), oracleResult(found, WantMatches, 0)})
					}
				}
				offset += int64(len(text)) + 1
			}
			i := 0
			p.ScanLines(s, block.Bytes(), Query{}, func(l *Line) bool {
				if i == len(want) || l.Number != want[i].Number || l.Offset != want[i].Offset || l.Length != want[i].Length || !sameResult(l.Result, want[i].Result) {
					t.Fatalf("got %+v as number %d", *l, i+1)
				}
				i++
				return true
			})
			if i != len(want) || i < 20 {
				t.Fatalf("%d lines, want %d", i, len(want))
			}
		})
	}
}

// Where a window of a block begins nothing is lost, and nothing found twice.
func TestWindowsOfABlockMeet(t *testing.T) {
	var block []byte
	var want []Line
	for n := 0; len(block) < 3*windowSize; n++ {
		line := fmt.Appendf(nil, "begin %d%s end", n, strings.Repeat(".", n*37%3000))
		want = append(want, Line{Number: int64(n + 1), Offset: int64(len(block)), Length: int64(len(line))})
		block = append(append(block, line...), '\n')
	}
	for _, noCase := range []bool{false, true} {
		p := compile(t, EngineAuto, []*Rule{{ID: "begin", Literals: literals("begin "), NoCase: noCase}, {ID: "end", Regex: " end$"}, {ID: "n", Regex: "^begin [0-9]+[.]* end"}})
		n := 0
		p.ScanLines(&Scratch{}, block, Query{}, func(l *Line) bool {
			w := want[n]
			found := []Match{{0, 6, 0}, {0, w.Length, 2}, {w.Length - 4, w.Length, 1}}
			if l.Number != w.Number || l.Offset != w.Offset || l.Length != w.Length || !slices.Equal(l.Matches, found) {
				t.Fatalf("got %+v, want line %+v with %+v", *l, w, found)
			}
			n++
			return true
		})
		if n != len(want) {
			t.Errorf("%d lines, want %d", n, len(want))
		}
	}
}

func TestEachEndsTheScan(t *testing.T) {
	p, s := compile(t, EngineAuto, []*Rule{{Literals: literals("a")}}), &Scratch{}
	lines := 0
	r := p.ScanLines(s, []byte("a\na\na\n"), Query{}, func(*Line) bool { lines++; return lines < 2 })
	if lines != 2 || r.Count != 2 || r.Truncated || r.Stopped {
		t.Errorf("%d lines, %+v", lines, r)
	}
}

func TestStopEndsTheScan(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("some words of text, then an end of a line\n"), 10_000) // 400 KiB
	for name, rules := range map[string][]*Rule{
		"few matches":  {{Literals: literals("nothing")}},
		"many matches": {{Literals: literals("e")}},
		"nocase":       {{Literals: literals("E"), NoCase: true}},
		"a regex":      {{ID: "r", Regex: "[x-z]q"}},
	} {
		for _, asked := range []int{1, 3} {
			t.Run(fmt.Sprint(name, " after ", asked), func(t *testing.T) {
				p, s := compile(t, EngineAuto, rules), &Scratch{}
				for lines, scan := range map[bool]func(Query) Result{
					false: func(q Query) Result { return p.Scan(s, text, q) },
					true: func(q Query) Result {
						return p.ScanLines(s, text, q, func(*Line) bool { return true })
					},
				} {
					n := 0
					r := scan(Query{Stop: func() bool { n++; return n == asked }})
					if asksOnce := name == "a regex" && !lines; asksOnce && asked > 1 {
						continue // one regex over one text
					}
					if !r.Stopped || n != asked {
						t.Errorf("lines %v: asked %d times, %+v", lines, n, r.Stopped)
					}
					if r := scan(Query{Want: WantAny}); r.Stopped {
						t.Error("the next scan is stopped too")
					}
				}
			})
		}
	}
}

func TestScanDoesNotAllocate(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{
		{Literals: literals("the")}, {Literals: literals("Of"), NoCase: true, Whole: true}, {ID: "l", Literals: literals(strings.Repeat("ab", 200))},
	})
	text := []byte(strings.Repeat("the end of the line\n", 200) + strings.Repeat("ab", 300))
	s := p.NewScratch()
	lines := 0
	each := func(*Line) bool { lines++; return true }
	for want := WantMatches; want <= WantAny; want++ {
		q := Query{Want: want, Limit: 50}
		p.Scan(s, text, q)
		if n := testing.AllocsPerRun(20, func() { p.Scan(s, text, q) }); n != 0 {
			t.Errorf("a scan for %v allocates %v times", want, n)
		}
		p.ScanLines(s, text, q, each)
		if n := testing.AllocsPerRun(20, func() { p.ScanLines(s, text, q, each) }); n != 0 {
			t.Errorf("lines for %v allocate %v times", want, n)
		}
	}
	if lines == 0 {
		t.Error("no lines")
	}
}

func TestPackIsSafeForConcurrentUse(t *testing.T) {
	rules := []*Rule{{Literals: literals("the")}, {ID: "r", Regex: "[a-z]+x"}, {ID: "k", Literals: literals("K"), NoCase: true}}
	p := compile(t, EngineAuto, rules)
	text := []byte("the fox\nkept the box\n")
	want := newOracle(rules).matches(text)
	done := make(chan Result)
	for range 8 {
		go func() {
			s := p.NewScratch()
			var r Result
			for range 50 {
				r = p.Scan(s, text, Query{})
			}
			done <- r
		}()
	}
	for range 8 {
		if r := <-done; len(r.Matches) != len(want) {
			t.Errorf("%+v", r)
		}
	}
}

// A long literal of one letter over a text of that letter compares every byte
// once, not once per place.
func TestLongLiteralsTakeLinearTime(t *testing.T) {
	size := 1 << 19
	if slow {
		size = 1 << 17
	}
	began := time.Now()
	for _, noCase := range []bool{false, true} {
		p := compile(t, EngineAuto, []*Rule{{ID: "a", Literals: [][]byte{bytes.Repeat([]byte("a"), size)}, NoCase: noCase}})
		text := bytes.Repeat([]byte("a"), size+size/2)
		if r := p.Scan(&Scratch{}, text, Query{Want: WantCount}); r.Count != int64(size/2+1) {
			t.Errorf("%d matches", r.Count)
		}
		text[size] = 'b'
		if r := p.Scan(&Scratch{}, text, Query{}); len(r.Matches) != 1 || r.Matches[0] != (Match{0, int64(size), 0}) {
			t.Errorf("%+v", r.Matches)
		}
	}
	// 4 MB of text in all; every byte at every place would be 250 GB.
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestWantNames(t *testing.T) {
	for w := WantMatches; w <= WantAny; w++ {
		if got, err := ParseWant(w.String()); got != w || err != nil {
			t.Errorf("%v: %v, %v", w, got, err)
		}
	}
	if _, err := ParseWant("all"); err == nil {
		t.Error("took all")
	}
}
