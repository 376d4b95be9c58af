package results

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"trawl/edge/match"
	"trawl/edge/wire"
)

func testPack(t interface{ Fatal(...any) }) *match.Pack {
	b := match.NewBuilder(match.Options{})
	for _, r := range []match.Rule{
		{Literals: [][]byte{[]byte("he")}},
		{Literals: [][]byte{[]byte("his")}, Tags: []string{"a", "b"}, Severity: "high", Message: "m\"", Data: []byte(`{"x":[1]}`)},
		{Literals: [][]byte{{0xff, 0xfe}}},
		{ID: "digits", Regex: `\d+`},
	} {
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// encode answers one text as a worker does.
func encode(p *match.Pack, h *wire.RequestHeader, text []byte, budget int) []byte {
	var e Encoder
	e.Reset(p, h, budget)
	q := match.Query{Want: MatchWant(h.Want), Limit: h.Limit}
	if !h.Lines {
		r := p.Scan(p.NewScratch(), text, q)
		return e.Text(nil, text, &r)
	}
	dst := e.BeginLines(nil)
	total := p.ScanLines(p.NewScratch(), text, q, func(l *match.Line) bool {
		dst = e.Line(dst, text[l.Offset:l.Offset+l.Length], l)
		return !e.Full()
	})
	total.Truncated = total.Truncated || e.Full()
	return e.EndLines(dst, &total)
}

const plenty = 1 << 20

func TestResults(t *testing.T) {
	p := testPack(t)
	text := "this here is history 42"
	tests := []struct{ header, text, want string }{
		{`{}`, text[:20], `{"matches":[{"rule":"his","start":1,"end":4},{"rule":"he","start":5,"end":7},{"rule":"his","start":13,"end":16}]}`},
		{`{}`, "", `{"matches":[]}`},
		{`{"limit":1}`, text, `{"matches":[{"rule":"his","start":1,"end":4}],"truncated":true}`},
		{`{"want":"first"}`, text, `{"matches":[{"rule":"his","start":1,"end":4}]}`},
		{`{"want":"rules"}`, text, `{"rules":["his","he","digits"]}`},
		{`{"want":"count"}`, text, `{"count":4}`},
		{`{"want":"any"}`, text, `{"any":true}`},
		{`{"want":"any"}`, "x", `{"any":false}`},
		{`{"fields":["text","tags","severity","message","data"]}`, "his", `{"matches":[{"rule":"his","start":0,"end":3,"text":"his","tags":["a","b"],"severity":"high","message":"m\"","data":{"x":[1]}}]}`},
		{`{"fields":["text","tags"]}`, "\xff\xfe", `{"matches":[{"rule":"hex:fffe","start":0,"end":2,"text_b64":"//4="}]}`},
		{`{"split":"lines"}`, "x\nhe 7\n\nhis", `{"lines":[{"line":2,"offset":2,"matches":[{"rule":"he","start":0,"end":2},{"rule":"digits","start":3,"end":4}]},{"line":4,"offset":8,"matches":[{"rule":"his","start":0,"end":3}]}]}`},
		{`{"split":"lines","want":"any"}`, "x\nhe\n", `{"lines":[{"line":2,"offset":2,"any":true}]}`},
		{`{"split":"lines","want":"count"}`, "x\nhehe\n", `{"lines":[{"line":2,"offset":2,"count":2}]}`},
		{`{"split":"lines","want":"rules"}`, "x", `{"lines":[]}`},
	}
	for _, tt := range tests {
		h, err := wire.ParseRequestHeader([]byte(tt.header))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(encode(p, &h, []byte(tt.text), plenty)); got != tt.want {
			t.Errorf("%s of %q\ngot  %s\nwant %s", tt.header, tt.text, got, tt.want)
		}
	}
}

func TestBudgetCutsAndSaysSo(t *testing.T) {
	p := testPack(t)
	text := bytes.Repeat([]byte("he "), 10_000)
	lines := bytes.Repeat([]byte("he\n"), 10_000)
	for _, format := range []wire.Format{wire.FormatJSON, wire.FormatPacked} {
		for _, split := range []bool{false, true} {
			h := wire.NewRequestHeader()
			h.Limit, h.Format, h.Lines = 0, format, split
			in := text
			if split {
				in = lines
			}
			got := encode(p, &h, in, 1000)
			if len(got) > 1200 {
				t.Errorf("%s, lines %v: %d bytes on a budget of 1000", format, split, len(got))
			}
			truncated := bytes.HasSuffix(got, []byte(`"truncated":true}`)) && json.Valid(got)
			if format == wire.FormatPacked {
				truncated = unpack(t, got).truncated
			}
			if !truncated {
				t.Errorf("%s, lines %v: not marked as truncated", format, split)
			}
		}
	}
}

// The texts of a request share its budget.
func TestBudgetIsOfAllTexts(t *testing.T) {
	p := testPack(t)
	text := bytes.Repeat([]byte("he "), 20)
	for _, format := range []wire.Format{wire.FormatJSON, wire.FormatPacked} {
		h := wire.NewRequestHeader()
		h.Format = format
		most := len(encode(p, &h, text, plenty)) * 3
		var e Encoder
		e.Reset(p, &h, most)
		var all []byte
		for range 10 {
			r := p.Scan(p.NewScratch(), text, match.Query{Limit: h.Limit})
			all = e.Text(all, text, &r)
		}
		if len(all) > most+10*100 || !e.Full() {
			t.Errorf("%s: %d bytes on a budget of %d", format, len(all), most)
		}
	}
}

// found is a result, whatever its format.
type found struct {
	lines     []foundLine
	truncated bool
}

type foundLine struct {
	line, offset int64
	matches      []string
	rules        []string
	count        int64
	any          bool
	truncated    bool
}

func unpack(t interface{ Fatal(...any) }, frame []byte) (f found) {
	r, err := wire.NewPackedReader(frame)
	if err != nil {
		t.Fatal(err)
	}
	for {
		o, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if o == nil {
			f.truncated = f.truncated || r.Truncated
			return f
		}
		l := foundLine{line: o.Line, offset: o.Offset, count: o.Count, any: o.Any, truncated: o.Truncated}
		for _, m := range o.Matches {
			l.matches = append(l.matches, fmt.Sprint(r.Rules[m.Rule], m.Start, m.End))
		}
		for _, rule := range o.Rules {
			l.rules = append(l.rules, r.Rules[rule])
		}
		f.lines = append(f.lines, l)
		f.truncated = f.truncated || !r.Lines && o.Truncated
	}
}

func unjson(t interface{ Fatal(...any) }, frame []byte, split bool) (f found) {
	type outcome struct {
		Line, Offset int64
		Matches      []struct {
			Rule       string
			Start, End int64
		}
		Rules     []string
		Count     int64
		Any       bool
		Truncated bool
	}
	var doc struct {
		outcome
		Lines []outcome
	}
	if err := json.Unmarshal(frame, &doc); err != nil {
		t.Fatal(err)
	}
	if !split {
		doc.Lines = []outcome{doc.outcome}
	}
	f.truncated = doc.Truncated
	for _, o := range doc.Lines {
		l := foundLine{line: o.Line, offset: o.Offset, rules: o.Rules, count: o.Count, any: o.Any, truncated: o.Truncated}
		for _, m := range o.Matches {
			l.matches = append(l.matches, fmt.Sprint(m.Rule, m.Start, m.End))
		}
		if len(l.rules) == 0 {
			l.rules = nil
		}
		f.lines = append(f.lines, l)
	}
	return f
}

func TestPackedSaysTheSameAsJSON(t *testing.T) {
	p := testPack(t)
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.StringOfN(rapid.RuneFrom([]rune("heis 4\n")), 0, 200, -1).Draw(t, "text"))
		h := wire.NewRequestHeader()
		h.Want = wire.Want(rapid.IntRange(0, int(wire.NumWants)-1).Draw(t, "want"))
		h.Limit = rapid.IntRange(0, 3).Draw(t, "limit")
		h.Lines = rapid.Bool().Draw(t, "lines")
		j := unjson(t, encode(p, &h, text, plenty), h.Lines)
		h.Format = wire.FormatPacked
		k := unpack(t, encode(p, &h, text, plenty))
		if !reflect.DeepEqual(j, k) {
			t.Fatalf("json %+v\npacked %+v", j, k)
		}
	})
}

func TestTextB64IsTheText(t *testing.T) {
	var o wire.Object
	appendText(&o, "text", []byte{0xff, 'a'})
	if want := `"text_b64":"` + base64.StdEncoding.EncodeToString([]byte{0xff, 'a'}) + `"`; string(o.Dst) != want {
		t.Errorf("%s, want %s", o.Dst, want)
	}
}

// A regex that the matcher gave up on is named, in either format, and after all
// lines if none of its lines matched.
func TestIncompleteIsSaid(t *testing.T) {
	b := match.NewBuilder(match.Options{})
	for _, r := range []match.Rule{{ID: "fine", Regex: "bcd+"}, {ID: "dear", Regex: "a.*z|a"}} {
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("a"), 200_000)
	for _, lines := range []bool{false, true} {
		answer := encode(p, &wire.RequestHeader{Want: wire.WantCount, Lines: lines}, text, plenty)
		if !bytes.Contains(answer, []byte(`"incomplete":["dear"]`)) || bytes.Contains(answer, []byte("truncated")) {
			t.Errorf("lines %v: %s", lines, answer)
		}
	}
	r, err := wire.NewPackedReader(encode(p, &wire.RequestHeader{Want: wire.WantCount, Format: wire.FormatPacked}, text, plenty))
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Next()
	if err != nil || len(o.Incomplete) != 1 || r.Rules[o.Incomplete[0]] != "dear" {
		t.Errorf("%+v, %v", o, err)
	}
}

// A want has the same name in a header and in the matcher, which knows nothing of masks: there it
// looks for the matches.
func TestWantsAreThoseOfTheMatcher(t *testing.T) {
	for w := range wire.NumWants {
		if w == wire.WantMasked {
			if MatchWant(w) != match.WantMatches {
				t.Error("a mask needs the matches")
			}
			continue
		}
		if got := MatchWant(w).String(); got != w.String() {
			t.Errorf("a request for %s makes a scan for %s", w, got)
		}
	}
}

// groupsPack has regexes with named groups, and one that takes many steps.
func groupsPack(t testing.TB) *match.Pack {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for _, r := range []match.Rule{
		{ID: "login", Regex: `user=(?P<user>\S+)(?: ip=(?P<ip>[0-9.]+))?`, Severity: "low"},
		{ID: "plain", Regex: `p(l)ain`},
		{ID: "costly", Regex: `(?P<g>A(?:.*z)?)`},
	} {
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGroupsOfMatches(t *testing.T) {
	p := groupsPack(t)
	for _, tt := range []struct{ header, text, want string }{
		{`{"fields":["groups"]}`, "x user=root ip=10.0.0.1", `{"matches":[{"rule":"login","start":2,"end":23,"groups":{"user":"root","ip":"10.0.0.1"}}]}`},
		{`{"fields":["groups","severity"]}`, "user=\xff\xfe ip=1", `{"matches":[{"rule":"login","start":0,"end":12,"groups":{"ip":"1"},"groups_b64":{"user":"//4="},"severity":"low"}]}`},
		{`{"fields":["groups"]}`, "plain", `{"matches":[{"rule":"plain","start":0,"end":5}]}`},
		{`{"fields":["groups"],"want":"rules"}`, "user=x", `{"rules":["login"]}`},
		{`{"fields":["groups"],"split":"lines"}`, "n\nuser=x\n", `{"lines":[{"line":2,"offset":2,"matches":[{"rule":"login","start":0,"end":6,"groups":{"user":"x"}}]}]}`},
	} {
		h, err := wire.ParseRequestHeader([]byte(tt.header))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(encode(p, &h, []byte(tt.text), plenty)); got != tt.want {
			t.Errorf("%s of %q: %s, want %s", tt.header, tt.text, got, tt.want)
		}
	}
}

func TestGroupsThatAreGivenUpAreIncomplete(t *testing.T) {
	p := groupsPack(t)
	text := bytes.Repeat([]byte("A"), 100_000)
	r := &match.Result{}
	for i := range int64(len(text)) {
		r.Matches = append(r.Matches, match.Match{Start: i, End: i + 1, Rule: 2})
	}
	h := wire.NewRequestHeader()
	h.Fields = wire.FieldGroups
	var e Encoder
	e.Reset(p, &h, 100*plenty)
	if got := e.Text(nil, text, r); !bytes.HasSuffix(got, []byte(`],"incomplete":["costly"]}`)) || !bytes.Contains(got, []byte(`"groups":{"g":"A"}`)) {
		t.Errorf("ends %s", got[max(0, len(got)-100):])
	}
	dst := e.BeginLines(nil)
	dst = e.Line(dst, text, &match.Line{Number: 1, Result: *r})
	if got := e.EndLines(dst, &match.Result{}); !bytes.HasSuffix(got, []byte(`],"incomplete":["costly"]}],"incomplete":["costly"]}`)) {
		t.Errorf("ends %s", got[max(0, len(got)-100):])
	}
	if e.Stopped() {
		t.Error("nothing was stopped")
	}
	e.Stop = func() bool { return true }
	e.Reset(p, &h, 100*plenty)
	if e.Text(nil, text, r); !e.Stopped() {
		t.Error("it was stopped")
	}
}

func TestGroupsOfRulesWithoutNamesAllocateNothing(t *testing.T) {
	p := testPack(t)
	h := wire.NewRequestHeader()
	h.Fields = wire.FieldGroups
	text := []byte("this here is history 42")
	s := p.NewScratch()
	var e Encoder
	var dst []byte
	run := func() {
		e.Reset(p, &h, plenty)
		r := p.Scan(s, text, match.Query{})
		dst = e.Text(dst[:0], text, &r)
	}
	run()
	if n := testing.AllocsPerRun(10, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMaskedTexts(t *testing.T) {
	p := testPack(t)
	for _, tt := range []struct{ header, text, want string }{
		{`{"want":"masked"}`, "this 42", `{"masked":"t*** **"}`},
		{`{"want":"masked","limit":1}`, "his 42", `{"masked":"*** **"}`},
		{`{"want":"masked","mask":"rule"}`, "his 42", `{"masked":"[word] [digits]"}`},
		{`{"want":"masked"}`, "none", `{"masked":"none"}`},
		{`{"want":"masked"}`, "\xff he", `{"masked_b64":"/yAqKg=="}`},
		{`{"want":"masked","split":"lines"}`, "x\nhe!\n", `{"lines":[{"line":2,"offset":2,"masked":"**!"}]}`},
	} {
		h, err := wire.ParseRequestHeader([]byte(tt.header))
		if err != nil {
			t.Fatal(err)
		}
		h.Limit = 0 // as a worker has it
		if got := string(encode(p, &h, []byte(tt.text), plenty)); got != tt.want {
			t.Errorf("%s of %q: %s, want %s", tt.header, tt.text, got, tt.want)
		}
	}
}

// TestMaskedFailsClosed has texts that were given up, cut or are too long for the answer, in both
// formats.
func TestMaskedFailsClosed(t *testing.T) {
	p := testPack(t)
	text := []byte("this 42")
	for _, tt := range []struct {
		what      string
		result    match.Result
		budget    int
		truncated bool
	}{
		{"given up", match.Result{Any: true, Incomplete: []uint32{3}}, plenty, false},
		{"cut", match.Result{Any: true, Truncated: true, Matches: []match.Match{{Start: 1, End: 4, Rule: 1}}}, plenty, true},
		{"no room", match.Result{}, 5, true},
	} {
		h := wire.NewRequestHeader()
		h.Want = wire.WantMasked
		var e Encoder
		e.Reset(p, &h, tt.budget)
		var j struct {
			Masked    string
			Truncated bool
		}
		if err := json.Unmarshal(e.Text(nil, text, &tt.result), &j); err != nil || j.Masked != "[masked: incomplete]" || j.Truncated != tt.truncated {
			t.Errorf("%s: %+v, %v", tt.what, j, err)
		}
		h.Format = wire.FormatPacked
		e.Reset(p, &h, tt.budget)
		r, err := wire.NewPackedReader(e.Text(nil, text, &tt.result))
		if err != nil {
			t.Fatal(err)
		}
		if o, err := r.Next(); err != nil || string(o.Masked) != "[masked: incomplete]" || o.Truncated != tt.truncated {
			t.Errorf("%s, packed: %+v, %v", tt.what, o, err)
		}
	}
}
