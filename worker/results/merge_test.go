package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trawl/edge/match"
	"trawl/edge/wire"
)

func wordPack(t interface{ Fatal(...any) }, words ...string) *match.Pack {
	b := match.NewBuilder(match.Options{})
	for _, w := range words {
		if err := b.Add(&match.Rule{Literals: [][]byte{[]byte(w)}, Tags: []string{"t-" + w}}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Two packs one after the other find what one pack with the rules of both finds.
func TestMergedResultsAreThoseOfOnePack(t *testing.T) {
	first, second := []string{"a", "ab", "ba"}, []string{"b", "aa", "bab", "c"}
	a, b, both := wordPack(t, first...), wordPack(t, second...), wordPack(t, slices.Concat(first, second)...)
	rapid.Check(t, func(t *rapid.T) {
		h := wire.NewRequestHeader()
		h.Want = wire.Want(rapid.IntRange(0, int(wire.WantAny)).Draw(t, "want")) // masked texts are never merged
		h.Limit = rapid.SampledFrom([]int{0, 1, 3, 1000}).Draw(t, "limit")
		h.Lines = rapid.Bool().Draw(t, "lines")
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 1:
			h.Format = wire.FormatPacked
		case 2:
			h.Fields = wire.FieldText | wire.FieldTags
		}
		text := []byte(rapid.StringOfN(rapid.SampledFrom([]rune("aabbc\n")), 0, 40, -1).Draw(t, "text"))
		sent, want := text, text
		var lines []int
		if h.Lines { // those that the first has found something in
			sent, want = nil, nil
			a.ScanLines(a.NewScratch(), text, match.Query{Want: match.WantAny}, func(l *match.Line) bool {
				lines = append(lines, len(lines))
				sent = append(append(sent, text[l.Offset:l.Offset+l.Length]...), '\n')
				return true
			})
			for _, line := range bytes.SplitAfter(text, []byte("\n")) { // the others' bytes match nothing
				if !bytes.ContainsRune(line, 'a') {
					line = bytes.Map(func(r rune) rune {
						if r == '\n' {
							return r
						}
						return '.'
					}, line)
				}
				want = append(want, line...)
			}
		}
		got, err := Merge([]byte("x"), &h, encode(a, &h, text, plenty), encode(b, &h, sent, plenty), lines, plenty)
		if err != nil {
			t.Fatal(err)
		}
		wanted := encode(both, &h, want, plenty)
		if h.Want == wire.WantRules && h.Limit != 0 && h.Limit < 1000 {
			return // which ones are left out depends on the order, which differs
		}
		if got, wanted := canonical(t, &h, got[1:]), canonical(t, &h, wanted); got != wanted {
			t.Fatalf("%+v of %q:\ngot  %s\nwant %s", h, text, got, wanted)
		}
	})
}

// canonical writes a result so that equal ones are equal: packed ones number rules
// as they like, and rules wanted come in another order.
func canonical(t *rapid.T, h *wire.RequestHeader, frame []byte) string {
	if h.Format == wire.FormatJSON && !json.Valid(frame) {
		t.Fatalf("not JSON: %s", frame)
	}
	names, all, err := readAlone(h, frame)
	if err != nil {
		t.Fatalf("%v: %q", err, frame)
	}
	ids := func(rules []uint32) (ids []string) {
		for _, rule := range rules {
			ids = append(ids, names.ID(int(rule)))
		}
		return ids
	}
	var b strings.Builder
	for _, f := range all.each {
		var matches []string
		for i, m := range f.Matches {
			matches = append(matches, fmt.Sprintf("%s %d-%d", names.ID(int(m.Rule)), m.Start, m.End))
			if f.raw != nil {
				matches[i] += string(f.raw[i])
			}
		}
		if h.Want == wire.WantRules {
			slices.Sort(matches)
		}
		fmt.Fprintln(&b, f.Number, f.Offset, matches, f.Count, f.Any, f.Truncated, ids(f.Incomplete))
	}
	fmt.Fprintln(&b, all.total.Truncated, ids(all.total.Incomplete))
	return b.String()
}

// readAlone reads a result frame with a table of its own.
func readAlone(h *wire.RequestHeader, frame []byte) (*nameTable, *findings, error) {
	names := &nameTable{numbers: make(map[string]uint32)}
	all, err := names.read(h, frame)
	return names, all, err
}

func TestMergeKnowsWhatIsInBoth(t *testing.T) {
	h := wire.NewRequestHeader()
	got, err := Merge(nil, &h,
		[]byte(`{"matches":[{"rule":"a","start":0,"end":1}],"incomplete":["x"]}`),
		[]byte(`{"matches":[{"rule":"a","start":0,"end":1},{"rule":"b","start":0,"end":1}],"truncated":true,"incomplete":["x","y"]}`), nil, plenty)
	const want = `{"matches":[{"rule":"a","start":0,"end":1},{"rule":"b","start":0,"end":1}],"truncated":true,"incomplete":["x","y"]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestMergeSaysWhatTheLimitCut(t *testing.T) {
	a, b := []byte(`{"matches":[{"rule":"a","start":0,"end":1}]}`), []byte(`{"matches":[{"rule":"b","start":0,"end":1}]}`)
	h := wire.NewRequestHeader()
	h.Limit = 1
	if got, err := Merge(nil, &h, a, b, nil, plenty); err != nil || string(got) != `{"matches":[{"rule":"a","start":0,"end":1}],"truncated":true}` {
		t.Errorf("got %s, %v", got, err)
	}
	h.Want = wire.WantFirst // of which there is one
	if got, err := Merge(nil, &h, a, b, nil, plenty); err != nil || string(got) != string(a) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestMergeStaysWithinItsBudget(t *testing.T) {
	p := wordPack(t, "a")
	text := bytes.Repeat([]byte("a"), 10_000)
	for _, format := range []wire.Format{wire.FormatJSON, wire.FormatPacked} {
		h := wire.NewRequestHeader()
		h.Limit, h.Format = 0, format
		own := encode(p, &h, text, plenty)
		got, err := Merge(nil, &h, own, own, nil, 1000)
		if err != nil || len(got) > 1200 {
			t.Errorf("%s: %d bytes, %v", format, len(got), err)
		}
		if _, f, err := readAlone(&h, got); err != nil || !f.each[0].Truncated {
			t.Errorf("%s: %v, not said to be truncated", format, err)
		}
	}
}

func TestMergedRulesStayWithinTheBudget(t *testing.T) {
	var words []string
	for i := range 500 {
		words = append(words, fmt.Sprintf("word-%03d", i))
	}
	p, text := wordPack(t, words...), []byte(fmt.Sprint(words))
	for _, format := range []wire.Format{wire.FormatJSON, wire.FormatPacked} {
		h := wire.NewRequestHeader()
		h.Want, h.Format = wire.WantRules, format
		own := encode(p, &h, text, plenty)
		got, err := Merge(nil, &h, own, own, nil, 1000)
		if err != nil || len(got) < 500 || len(got) > 1200 {
			t.Errorf("%s: %d bytes on a budget of 1000, %v", format, len(got), err)
		}
		if _, f, err := readAlone(&h, got); err != nil || !f.each[0].Truncated {
			t.Errorf("%s: %v, not said to be truncated", format, err)
		}
	}
}

// The second result may come from anybody.
func FuzzMerge(f *testing.F) {
	p := wordPack(f, "a", "b")
	for want := range wire.NumWants {
		for i := range 4 {
			h := wire.NewRequestHeader()
			h.Want, h.Lines = want, i&1 != 0
			if i&2 != 0 {
				h.Format = wire.FormatPacked
			}
			f.Add(byte(want), byte(i), encode(p, &h, []byte("ab\nb"), plenty))
		}
	}
	f.Fuzz(func(t *testing.T, want, form byte, second []byte) {
		h := wire.NewRequestHeader()
		h.Want, h.Lines, h.Limit = wire.Want(want)%wire.NumWants, form&1 != 0, int(form>>2)
		if form&2 != 0 {
			h.Format = wire.FormatPacked
		}
		own := encode(p, &h, []byte("aab\nbb\na"), plenty)
		got, err := Merge(nil, &h, own, second, []int{0, 2}, plenty)
		if err != nil {
			if len(got) != 0 {
				t.Fatal("something was appended in spite of the error")
			}
			return
		}
		if _, _, err := readAlone(&h, got); err != nil {
			t.Fatalf("the merged result %q cannot be read: %v", got, err)
		}
	})
}
