package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trawl/edge/match"
)

const explainedRules = `rules:
  - {id: timeout, regex: 'error [0-9]+ .*(?:lost|timed out)'}
  - {id: login, regex: 'fail(ed|ure) for (?P<user>\w+)', nocase: true}
  - {id: digits, regex: '^[0-9]{3}$'}
  - {id: quadratic, regex: 'foo(?:.*bar)?'}
  - literal: DROP TABLE
  - {id: names, words: [bluefin, tarpon], whole: true}
  - {id: bytes, hex: 'ff d8'}
  - {id: greek, literal: 'Ωmega', nocase: true, whole: true}
`

func explain(t *testing.T, id, text string) *Explanation {
	t.Helper()
	dir := folder(t, map[string]string{"r.yaml": explainedRules})
	e, err := Explain(filepath.Join(dir, "r.yaml"), id, []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExplainRegex(t *testing.T) {
	e := explain(t, "timeout", "xx error 17 disk went lo")
	r := e.Regex
	if e.Matches() || r.Ran || r.GivenUp {
		t.Errorf("%+v, %+v", e, r)
	}
	if want := []Hint{{"error ", 3}, {"lost", -1}, {"timed out", -1}}; !reflect.DeepEqual(r.Hints, want) {
		t.Errorf("hints %v, want %v", r.Hints, want)
	}
	if r.Reached.Rest != "lost|timed out" || r.Reached.Span != (Span{3, 24}) {
		t.Errorf("reached %+v", r.Reached)
	}

	// The literals may be there in an order in which the regex does not want them.
	e = explain(t, "timeout", "lost error 17")
	if e.Matches() || !e.Regex.Ran || e.Regex.Reached.Beginning != "error [0-9]+" || !strings.HasPrefix(e.Regex.Reached.Rest, "(?-s: .*(?:lost|timed out))") {
		t.Errorf("%+v, reached %+v", e.Regex, e.Regex.Reached)
	}
	e = explain(t, "login", "a FAILED for root")
	want := []Group{{"1", Span{6, 8}}, {"user", Span{13, 17}}}
	if !e.Matches() || e.Regex.Reached != nil || !reflect.DeepEqual(e.Regex.Groups, want) || !reflect.DeepEqual(e.Found, []Span{{2, 17}}) {
		t.Errorf("%+v, %+v", e, e.Regex)
	}
	e = explain(t, "digits", "none")
	if e.Matches() || !e.Regex.Ran || e.Regex.Info.Reason == "" || e.Regex.Reached.Beginning != `\A` {
		t.Errorf("%+v, reached %+v", e.Regex, e.Regex.Reached)
	}
	e = explain(t, "quadratic", strings.Repeat("foo ", 20_000))
	if !e.Regex.GivenUp || e.Count < 10 || int64(len(e.Found)) != e.Count {
		t.Errorf("given up %v, %d places of %d", e.Regex.GivenUp, len(e.Found), e.Count)
	}
	e = explain(t, "timeout", strings.Repeat("error 1 lost\n", 1<<16))
	if e.Count != 1<<16 || len(e.Found) != MaxPlaces || e.Line != 1 || e.Regex.Groups != nil {
		t.Errorf("%d places of %d, line %d", len(e.Found), e.Count, e.Line)
	}
	e = explain(t, "digits", "a\n123\n")
	if e.Matches() || e.Line != 2 {
		t.Errorf("matches %v, line %d", e.Matches(), e.Line)
	}
}

func TestExplainLiterals(t *testing.T) {
	for _, tt := range []struct {
		id, text string
		want     [][]Occurrence
	}{
		{"DROP TABLE", "x DROP TABLE", [][]Occurrence{{{Span: Span{2, 12}}}}},
		{"DROP TABLE", "x drop table", [][]Occurrence{{{Span: Span{2, 12}, OtherCase: true}}}},
		{"DROP TABLE", "drop table DROP TABLE", [][]Occurrence{{{Span: Span{0, 10}, OtherCase: true}, {Span: Span{11, 21}}}}},
		{"DROP TABLE", "DROP", [][]Occurrence{nil}},
		{"names", "tarpons Bluefin", [][]Occurrence{{{Span: Span{8, 15}, OtherCase: true}}, {{Span: Span{0, 6}, InWord: true}}}},
		{"names", "Bluefins tarpon", [][]Occurrence{{{Span: Span{0, 7}, OtherCase: true, InWord: true}}, {{Span: Span{9, 15}}}}},
		{"bytes", "a\xff\xd8\xff", [][]Occurrence{{{Span: Span{1, 3}}}}},
		{"greek", "xωMEGA ωmega", [][]Occurrence{{{Span: Span{1, 7}, InWord: true}, {Span: Span{8, 14}}}}},
	} {
		e := explain(t, tt.id, tt.text)
		matches := false
		for i, l := range e.Literals {
			if !reflect.DeepEqual(l.Found, tt.want[i]) {
				t.Errorf("%s in %q: %s is %+v, want %+v", tt.id, tt.text, l.Literal, l.Found, tt.want[i])
			}
			for _, o := range l.Found {
				matches = matches || o.Matches()
			}
		}
		if matches != e.Matches() {
			t.Errorf("%s in %q: matches %v, but %+v", tt.id, tt.text, e.Matches(), e.Literals)
		}
	}
}

// What is told of literals agrees with whether the rule matches, whatever it is.
func TestExplanationsAgreeWithScans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.SampledFrom([]rune("aAbſs ékK")), 1, 3, -1)
		rule := match.Rule{
			ID: "r", NoCase: rapid.Bool().Draw(t, "nocase"), Whole: rapid.Bool().Draw(t, "whole"),
			Literals: [][]byte{[]byte(word.Draw(t, "one")), []byte(word.Draw(t, "two"))},
		}
		text := []byte(rapid.StringOfN(rapid.SampledFrom([]rune("aAbſs ékK\u212a")), 0, 12, -1).Draw(t, "text"))
		b := match.NewBuilder(match.Options{})
		if err := b.Add(&rule); err != nil {
			t.Fatal(err)
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		want := p.Scan(p.NewScratch(), text, match.Query{Want: match.WantAny}).Any
		explained, err := explainLiterals(&rule, text)
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, l := range explained {
			for _, o := range l.Found {
				got = got || o.Matches()
				if !o.OtherCase && !rule.NoCase && !bytes.Equal(text[o.Start:o.End], l.Literal) {
					t.Fatalf("%q is not %q", text[o.Start:o.End], l.Literal)
				}
			}
		}
		if got != want {
			t.Fatalf("%+v in %q: matches %v, explained %+v", rule, text, want, explained)
		}
	})
}

// A pack tells the same as what it was made of.
func TestExplainFromPack(t *testing.T) {
	dir := folder(t, map[string]string{"r.yaml": explainedRules, "w.txt": "she\nhis\nhers\n"})
	for _, tt := range []struct{ from, id, text string }{
		{"r.yaml", "timeout", "error 17 lost"},
		{"r.yaml", "names", "tarpons Bluefin"},
		{"r.yaml", "greek", "ΩMEGA"},
		{"r.yaml", "DROP TABLE", "drop table"},
		{"w.txt", "his", "This"},
	} {
		pack := filepath.Join(dir, "p.pack")
		f, err := os.Create(pack)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := CompileTo(f, []string{filepath.Join(dir, tt.from)}, Options{}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		a, err := Explain(filepath.Join(dir, tt.from), tt.id, []byte(tt.text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Explain(pack, tt.id, []byte(tt.text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a.Found, b.Found) || !reflect.DeepEqual(a.Regex, b.Regex) || len(a.Literals) != len(b.Literals) {
			t.Errorf("%s: %+v, from the pack %+v", tt.id, a, b)
		}
		for i := range a.Literals {
			if !reflect.DeepEqual(a.Literals[i].Found, b.Literals[i].Found) {
				t.Errorf("%s: %+v, from the pack %+v", tt.id, a.Literals[i], b.Literals[i])
			}
		}
	}
}

func TestExplainProblems(t *testing.T) {
	dir := folder(t, map[string]string{
		"r.yaml": explainedRules, "w.txt": "bluefin\ntarpon\n", "wrong.yaml": "rules:\n  - {id: open, regex: '('}\n  - {id: ok, literal: x}\n",
		"broken.yaml": "rules: [\n",
	})
	for _, tt := range []struct{ file, id, want string }{
		{"r.yaml", "tiemout", `r.yaml: has no rule "tiemout" (did you mean "timeout"?)`},
		{"r.yaml", "drop table", `r.yaml: has no rule "drop table" (did you mean "DROP TABLE"?)`},
		{"r.yaml", "zebra", `r.yaml: has no rule "zebra"; ids are compared exactly`},
		{"w.txt", "bluefin2", `w.txt: has no rule "bluefin2" (did you mean "bluefin"?)`},
		{"wrong.yaml", "open", `wrong.yaml:2: rule "open": regex does not compile: missing closing ): (`},
		{"broken.yaml", "x", "broken.yaml:2: not valid YAML: did not find expected node content"},
		{"none.yaml", "x", "none.yaml: no such file"},
	} {
		_, err := Explain(filepath.Join(dir, tt.file), tt.id, nil, Options{})
		if err == nil || strings.ReplaceAll(err.Error(), dir+"/", "") != tt.want {
			t.Errorf("%s of %s: %v, want %s", tt.id, tt.file, err, tt.want)
		}
	}
	if _, err := Explain(filepath.Join(dir, "wrong.yaml"), "ok", nil, Options{}); err != nil {
		t.Errorf("a rule beside a wrong one: %v", err)
	}
}
