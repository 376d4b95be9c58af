package match

// The oracle: every rule tried at every place of the text, by definition.

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// oracle knows all rules by definition.
type oracle struct {
	rules    []*Rule
	programs []*regexp.Regexp // per rule: nil for literals
}

func newOracle(rules []*Rule) *oracle {
	o := &oracle{rules, make([]*regexp.Regexp, len(rules))}
	for i, r := range rules {
		if r.Regex != "" {
			o.programs[i] = oracleRegex(r)
		}
	}
	return o
}

// matches returns all matches in order.
func (o *oracle) matches(text []byte) []Match {
	var found []Match
	for i, r := range o.rules {
		if r.Regex != "" {
			for _, at := range o.programs[i].FindAllIndex(text, -1) {
				found = append(found, Match{int64(at[0]), int64(at[1]), uint32(i)})
			}
			continue
		}
		for _, l := range r.Literals {
			for start := range text {
				end, ok := oracleLiteral(l, text, start, r.NoCase)
				if ok && (!r.Whole || oracleWhole(text, start, end)) {
					found = append(found, Match{int64(start), int64(end), uint32(i)})
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b Match) int {
		for _, d := range []int64{a.End - b.End, a.Start - b.Start, int64(a.Rule) - int64(b.Rule)} {
			if d != 0 {
				return int(d)
			}
		}
		return 0
	})
	return slices.Compact(found)
}

func oracleRegex(r *Rule) *regexp.Regexp {
	if r.NoCase {
		return regexp.MustCompile("(?i)" + r.Regex)
	}
	return regexp.MustCompile(r.Regex)
}

func oracleLiteral(l, text []byte, start int, noCase bool) (end int, ok bool) {
	if !noCase {
		return start + len(l), bytes.HasPrefix(text[start:], l)
	}
	for len(l) > 0 {
		want, n := utf8.DecodeRune(l)
		got, width := utf8.DecodeRune(text[start:])
		if got == utf8.RuneError && width < 2 || !strings.EqualFold(string(want), string(got)) {
			return 0, false
		}
		l, start = l[n:], start+width
	}
	return start, true
}

// oracleWhole reads text from its beginning: a mark is what the character before
// it is.
func oracleWhole(text []byte, start, end int) bool {
	word := func(r rune, before bool) bool {
		if unicode.In(r, unicode.M) || unicode.In(r, unicode.Join_Control) {
			return before
		}
		return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	in := false // a word, at the offset
	for at := 0; at < len(text); {
		if at == start && in {
			return false
		}
		r, width := utf8.DecodeRune(text[at:])
		in = word(r, in)
		if at == end && in {
			return false
		}
		at += width
	}
	return !(start == len(text) && in)
}

// oracleResult answers a query from all matches.
func oracleResult(found []Match, want Want, limit int) Result {
	r := Result{Any: len(found) > 0}
	switch want {
	case WantMatches:
		r.Matches = found
		if limit > 0 && len(found) > limit {
			r.Matches, r.Truncated = found[:limit], true
		}
		r.Count = int64(len(r.Matches))
	case WantFirst:
		r.Matches = found[:min(1, len(found))]
		r.Count = int64(len(r.Matches))
	case WantCount:
		r.Count = int64(len(found))
	case WantRules:
		for _, m := range found {
			if !slices.Contains(r.Rules, m.Rule) {
				r.Rules = append(r.Rules, m.Rule)
			}
		}
		if limit > 0 && len(r.Rules) > limit {
			r.Rules, r.Truncated = r.Rules[:limit], true
		}
		r.Count = int64(len(r.Rules))
	}
	return r
}

// expectedTexts is what the oracle finds in many texts, for any number of queries
// and packs.
type expectedTexts struct {
	*oracle
	texts [][]byte
	found [][]Match
}

func (o *oracle) expectTexts(texts [][]byte) *expectedTexts {
	e := &expectedTexts{o, texts, make([][]Match, len(texts))}
	for i, text := range texts {
		e.found[i] = o.matches(text)
	}
	return e
}

// answer answers a query about the texts as if they were lines.
func (e *expectedTexts) answer(q Query) (lines []Line, total Result) {
	left := q.Total
	offset := int64(0)
	for i, found := range e.found {
		line := Line{Number: int64(i + 1), Offset: offset, Length: int64(len(e.texts[i]))}
		offset += line.Length + 1
		if len(found) == 0 {
			continue
		}
		limited := q.Total > 0 && q.Want != WantAny && q.Want != WantCount
		if limited && left == 0 {
			total.Truncated = true
			break
		}
		limit := q.Limit
		if limited && (limit == 0 || left < limit) {
			limit = left
		}
		line.Result = oracleResult(found, q.Want, limit)
		left -= int(line.Count)
		total.Any = true
		total.Count += line.Count
		total.Truncated = total.Truncated || line.Truncated
		lines = append(lines, line)
	}
	return lines, total
}

// check compares a scan of the texts with the oracle.
func (e *expectedTexts) check(t rapid.TB, p *Pack, s *Scratch, q Query) {
	want, total := e.answer(q)
	n := 0
	got := p.ScanTexts(s, e.texts, q, func(i int, r *Result) bool {
		checkNames(t, p, e.rules, e.texts[i], r)
		if n == len(want) || int64(i+1) != want[n].Number || !sameResult(*r, want[n].Result) {
			t.Fatalf("texts %q for %+v:\n got %d, %+v\nwant the %d. of %+v", e.texts, q, i, *r, n+1, want)
		}
		n++
		return true
	})
	if n != len(want) || !sameResult(got, total) {
		t.Fatalf("texts %q for %+v:\n got %d and %+v\nwant %d and %+v", e.texts, q, n, got, len(want), total)
	}
}

// compile makes a pack of rules that are known to be good.
func compile(t rapid.TB, engine string, rules []*Rule) *Pack {
	t.Helper()
	b := NewBuilder(Options{Engine: engine, Name: "test"})
	for _, r := range rules {
		if err := b.Add(r); err != nil {
			t.Fatalf("adding %+v: %v", r, err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sameResult compares what is reported; nil and empty slices are the same.
func sameResult(a, b Result) bool {
	return slices.Equal(a.Matches, b.Matches) && slices.Equal(a.Rules, b.Rules) && a.Count == b.Count &&
		a.Any == b.Any && a.Truncated == b.Truncated && a.Stopped == b.Stopped &&
		a.Unsupported == b.Unsupported && slices.Equal(a.Incomplete, b.Incomplete)
}

// checkNames says whether the ids of matches are those of the rules. For rules
// it forgets the places, which the oracle does not know.
func checkNames(t rapid.TB, p *Pack, rules []*Rule, text []byte, r *Result) {
	for _, m := range r.Matches {
		if want, err := ruleID(rules[m.Rule]); err != nil || string(p.MatchID(m, text)) != string(want) {
			t.Fatalf("match %+v of %q has the id %q, want %q (%v)", m, text, p.MatchID(m, text), want, err)
		}
	}
	if len(r.Rules) == 0 {
		return
	}
	for i, m := range r.Matches {
		if len(r.Matches) != len(r.Rules) || m.Rule != r.Rules[i] {
			t.Fatalf("matches %+v of rules %v", r.Matches, r.Rules)
		}
	}
	r.Matches = nil
}

// expectedText is what the oracle finds in a text and in its lines.
type expectedText struct {
	text  []byte
	found []Match
	lines *expectedTexts
}

func (o *oracle) expect(text []byte) *expectedText {
	lines := bytes.SplitAfter(text, newline)
	for i := range lines {
		lines[i] = bytes.TrimSuffix(lines[i], newline)
	}
	e := &expectedText{text: text, found: o.matches(text)}
	if len(lines) == 1 { // it is the text
		e.lines = &expectedTexts{o, lines, [][]Match{e.found}}
	} else {
		e.lines = o.expectTexts(lines)
	}
	return e
}

// check compares scans of the text and of its lines with the oracle.
func (e *expectedText) check(t rapid.TB, p *Pack, s *Scratch, q Query) {
	text, rules := e.text, e.lines.rules
	limit := q.Limit
	if q.Total > 0 && (limit == 0 || q.Total < limit) {
		limit = q.Total
	}
	want := oracleResult(e.found, q.Want, limit)
	got := p.Scan(s, text, q)
	checkNames(t, p, rules, text, &got)
	if !sameResult(got, want) {
		t.Fatalf("scan of %q for %v, limit %d, total %d:\n got %+v\nwant %+v", text, q.Want, q.Limit, q.Total, got, want)
	}
	lines, total := e.lines.answer(q)
	n := 0
	got = p.ScanLines(s, text, q, func(l *Line) bool {
		checkNames(t, p, rules, text[l.Offset:l.Offset+l.Length], &l.Result)
		if n == len(lines) || l.Number != lines[n].Number || l.Offset != lines[n].Offset ||
			l.Length != lines[n].Length || !sameResult(l.Result, lines[n].Result) {
			t.Fatalf("lines of %q for %v, limit %d, total %d:\n got %+v\nwant the %d. of %+v",
				text, q.Want, q.Limit, q.Total, *l, n+1, lines)
		}
		n++
		return true
	})
	if n != len(lines) || !sameResult(got, total) {
		t.Fatalf("lines of %q for %v, limit %d, total %d:\n got %d and %+v\nwant %d and %+v",
			text, q.Want, q.Limit, q.Total, n, got, len(lines), total)
	}
}

// checkScan compares scans of text and of its lines with the oracle, once.
func checkScan(t rapid.TB, p *Pack, s *Scratch, rules []*Rule, text []byte, q Query) {
	newOracle(rules).expect(text).check(t, p, s, q)
}

// linesWithMatches are the matches in each line of block that has any, by its number.
func (o *oracle) linesWithMatches(block []byte) map[int64][]Match {
	lines := map[int64][]Match{}
	for i, text := range bytes.Split(block, newline) {
		if found := o.matches(text); len(found) > 0 {
			lines[int64(i+1)] = found
		}
	}
	return lines
}

// checkLines compares a scan of block with the matches of its lines.
func checkLines(t testing.TB, p *Pack, s *Scratch, lines map[int64][]Match, block []byte, want Want) {
	t.Helper()
	n := 0
	total := p.ScanLines(s, block, Query{Want: want}, func(l *Line) bool {
		n++
		found := lines[l.Number]
		expected := oracleResult(found, want, 0)
		if want == WantRules { // with the first match of each
			for _, rule := range expected.Rules {
				i := slices.IndexFunc(found, func(m Match) bool { return m.Rule == rule })
				expected.Matches = append(expected.Matches, found[i])
			}
		}
		if !sameResult(l.Result, expected) {
			t.Fatalf("%v of line %d, %q:\n got %+v\nwant %+v", want, l.Number, block[l.Offset:l.Offset+l.Length], l.Result, found)
		}
		return true
	})
	if n != len(lines) {
		t.Fatalf("%v: %d lines, want %d", want, n, len(lines))
	}
	if len(total.Incomplete) > 0 {
		t.Fatalf("rules %v are incomplete", total.Incomplete)
	}
}
