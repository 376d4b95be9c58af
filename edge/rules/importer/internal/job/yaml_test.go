package job

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/shape"
)

// What is written is read back as it was, whatever the texts hold.
func TestYAMLRoundTrip(t *testing.T) {
	special := rapid.SampledFrom([]string{
		"'", `"`, ": ", " #", "\n", "\t", "\r", "\x00", "\x1b", "\u0085", "\u2028", "\ufeff", "- ", "yes", "null", "~", "007", "1e3", "2024-01-01", "!!str", "&a", "*a", "{", "}", "[", "]", ",", "%", "|", ">", "\\", "é", "\U0001f600", "\x7f", "\u0080", " ", "<<", "=", "\u00a0", "\ud7ff", "\ufffd",
	})
	text := rapid.Custom(func(t *rapid.T) string {
		s := strings.Join(rapid.SliceOfN(rapid.OneOf(special, rapid.StringN(1, 3, -1)), 1, 5).Draw(t, "parts"), "")
		return strings.ToValidUTF8(s, "?")
	})
	rapid.Check(t, func(t *rapid.T) {
		var list []Rule
		for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
			r := Rule{ID: string(rune('a'+i)) + IDFrom(text.Draw(t, "id")), Message: text.Draw(t, "message"), Severity: "low", Tags: []string{text.Draw(t, "tag")}}
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				r.Regex = "x" + shape.QuoteText(text.Draw(t, "regex"))
			case 1:
				r.Literals = [][]byte{rapid.SliceOfN(rapid.Byte(), 1, 12).Draw(t, "bytes")}
			case 2:
				for range rapid.IntRange(2, 10).Draw(t, "words") {
					r.Literals = append(r.Literals, []byte(text.Draw(t, "word")))
				}
			}
			r.NoCase = rapid.Bool().Draw(t, "nocase") && (r.Regex != "" || utf8.Valid(r.Literals[0]))
			r.Data = []Field{{Key: "from", Text: "x"}, {Key: "line", Int: 3}, {Key: "more", Text: text.Draw(t, "data")}, {Key: "list", List: []string{text.Draw(t, "item")}}}
			list = append(list, r)
		}
		result := &Result{Rules: list, sources: []string{text.Draw(t, "source")}}
		yaml, err := result.YAML()
		if err != nil {
			t.Fatal(err)
		}
		f, err := rules.Parse("x.yaml", yaml)
		if err != nil {
			t.Fatalf("%v\n%s", err, yaml)
		}
		if len(f.Rules) != len(list) {
			t.Fatalf("%d rules, not %d", len(f.Rules), len(list))
		}
		for i := range list {
			got, want := &f.Rules[i], &list[i]
			if got.ID != want.ID || got.Regex != want.Regex || !slices.EqualFunc(got.Literals, want.Literals, bytes.Equal) ||
				got.NoCase != want.NoCase || got.Message != want.Message || !slices.Equal(got.Tags, want.Tags) {
				t.Fatalf("got  %+v\nwant %+v\n%s", got.Rule, want, yaml)
			}
		}
		if !utf8.Valid(yaml) || bytes.ContainsFunc(yaml, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
			t.Fatalf("control characters in %q", yaml)
		}
	})
}
