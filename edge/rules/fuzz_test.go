package rules

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/problem"
)

// A rule file is read or refused with a place, never half; what is read has
// the form that match and the wire rely on.
func FuzzRuleFile(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			if data, err := os.ReadFile(path); err == nil && len(data) < 4096 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f.yaml", data)
		if err != nil {
			checkProblems(t, err)
			return
		}
		b := match.NewBuilder(match.Options{})
		for i := range file.Rules {
			r := &file.Rules[i]
			checkRule(t, r)
			if err := b.Add(&r.Rule); err != nil && strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
		}
	})
}

func checkProblems(t *testing.T, err error) {
	t.Helper()
	ps := err.(problem.List)
	for _, p := range ps {
		if p.Message == "" || strings.Contains(p.Error(), "\n") || !utf8.ValidString(p.Error()) {
			t.Fatalf("bad message %q", p.Error())
		}
	}
	if len(ps) > 101 {
		t.Fatalf("%d problems", len(ps))
	}
}

func checkRule(t *testing.T, r *Rule) {
	t.Helper()
	switch {
	case r.Line < 1 || r.PatternLine < 1:
		t.Fatalf("no line: %+v", r)
	case r.Label() == "" || !utf8.ValidString(r.Label()):
		t.Fatalf("bad id: %+v", r)
	case (r.Regex == "") == (len(r.Literals) == 0):
		t.Fatalf("not one kind of pattern: %+v", r)
	case slices.ContainsFunc(r.Literals, func(l []byte) bool { return len(l) == 0 }):
		t.Fatalf("empty literal: %+v", r)
	case r.Data != nil && (!json.Valid(r.Data) || len(r.Data) > 8*maxData):
		t.Fatalf("bad data: %s", r.Data)
	}
}

// ReadWords agrees with the obvious way of splitting lines.
func FuzzWordList(f *testing.F) {
	for _, s := range []string{"", "a", "a\n", "\xef\xbb\xbfa\r\n\r\n\nb b\r", "\r\r\n", "\xff\xfea\x00", "a\x00b", "\n\xef\xbb\xbf\n"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Add([]byte("long line\n"), uint8(200))
	f.Fuzz(func(t *testing.T, data []byte, repeat uint8) {
		data = bytes.Repeat(data, int(repeat)+1)
		type found struct {
			line int
			word string
		}
		var got, want []found
		stats, err := ReadWords(bytes.NewReader(data), func(line int, word []byte) { got = append(got, found{line, string(word)}) })
		if bad := bytes.IndexByte(data, 0) >= 0 || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")); bad {
			if err == nil {
				t.Fatal("binary data taken for words")
			}
			return
		}
		if err != nil {
			t.Skip(err) // a line that is too long
		}
		lines := strings.Split(strings.TrimPrefix(string(data), "\xef\xbb\xbf"), "\n")
		blank := 0
		for i, line := range lines {
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				want = append(want, found{i + 1, line})
			} else if i < len(lines)-1 || lines[i] != "" || stats.BOM && i == 0 {
				blank++
			}
		}
		if !slices.Equal(got, want) || stats.Words != len(want) || stats.Blank != blank {
			t.Fatalf("%q:\ngot  %+v %+v\nwant %+v, %d blank", data, got, stats, want, blank)
		}
	})
}

// Whatever the regex and the text, the explanation says what package regexp says,
// unless the regex was given up, and trying the regex out ends.
func FuzzExplainRegex(f *testing.F) {
	f.Add("error [0-9]+ .*(?:lost|timed out)", false, []byte("xx error 17 lost"))
	f.Add("fail(ed|ure) for (?P<user>\\w+)", true, []byte("FAILED for \xff root"))
	f.Add("a.*z|a", false, bytes.Repeat([]byte("a"), 5000))
	f.Add("(?i)\u212a[^x]{3,9}\\b$", false, []byte("kelvin\n"))
	var inspector match.Inspector
	f.Fuzz(func(t *testing.T, expr string, noCase bool, text []byte) {
		rule := match.Rule{ID: "r", Regex: expr, NoCase: noCase}
		b := match.NewBuilder(match.Options{})
		if len(expr) > 200 || b.Add(&rule) != nil {
			return
		}
		if _, trial, err := inspector.Inspect(expr, noCase); err != nil || trial.MostSteps < 0 {
			t.Fatalf("%q: %+v, %v", expr, trial, err)
		}
		pack, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		defer pack.Close()
		e := &Explanation{Rule: Rule{Rule: rule}}
		if err := e.explain(pack, text); err != nil {
			t.Fatalf("%q: %v", expr, err)
		}
		if noCase {
			expr = "(?i)" + expr
		}
		want := regexp.MustCompile(expr).FindIndex(text)
		switch {
		case e.Regex.GivenUp:
		case want == nil && (e.Matches() || e.Regex.Reached == nil):
			t.Fatalf("%q in %q: %+v", expr, text, e)
		case want != nil && (!e.Matches() || !e.Regex.Ran || e.Found[0] != Span{int64(want[0]), int64(want[1])}):
			t.Fatalf("%q in %q: %+v, want %v", expr, text, e, want)
		}
	})
}
