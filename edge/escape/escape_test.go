package escape_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"trawl/edge/escape"
)

// hidden has one of each kind, and what is written for it.
var hidden = map[string]string{
	"\x00": `\x00`, "\x07": `\a`, "\t": `\t`, "\n": `\n`, "\r": `\r`, "\x1b": `\x1b`, "\x7f": `\x7f`, // C0 and DEL
	"\u0080": `\u0080`, "\u0085": `\u0085`, "\u009b": `\u009b`, "\u009f": `\u009f`, // C1
	"\u00ad": `\u00ad`, "\u200b": `\u200b`, "\u200d": `\u200d`, "\u202e": `\u202e`, "\u2066": `\u2066`, "\ufeff": `\ufeff`, "\U000e0041": `\U000e0041`, // Cf
	"\u2028": `\u2028`, "\u2029": `\u2029`, // Zl and Zp
	"\x9b": `\x9b`, "\xff": `\xff`, "\xe2\x82": `\xe2\x82`, // no UTF-8
}

func TestHiddenCharactersAreEscaped(t *testing.T) {
	for char, want := range hidden {
		if got := escape.Line("a" + char + "ä"); got != "a"+want+"ä" {
			t.Errorf("Line %q: %q", char, got)
		}
		if !escape.Hides(char) || !escape.Hides([]byte("a"+char)) {
			t.Errorf("%q can be in a name", char)
		}
	}
	for _, seen := range []string{"", "pi2", "küche", "名前", "a\u00a0b", "👩", `a\nb`, "\ufffd"} {
		if escape.Hides(seen) || escape.Line(seen) != seen {
			t.Errorf("%q is escaped: %q", seen, escape.Line(seen))
		}
	}
}

func TestHiddenAreTheCategories(t *testing.T) {
	for r := range unicode.MaxRune + 1 {
		if want := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp); escape.Hidden(r) != want {
			t.Errorf("%U: %v", r, !want)
		}
	}
}

func TestMessageKeepsLineBreaksAlone(t *testing.T) {
	if got := escape.Message("a\tb\n\x1bc\r\n"); got != "a\\tb\n\\x1bc\\r\n" {
		t.Errorf("%q", got)
	}
}

func TestErrorfWraps(t *testing.T) {
	err := escape.Errorf("%s: %w", "a\x1b", fmt.Errorf("b\n%w", errors.ErrUnsupported))
	if !errors.Is(err, errors.ErrUnsupported) || err.Error() != `a\x1b: b\nunsupported operation` {
		t.Errorf("%q", err)
	}
}

func TestTextKeepsTabsAndJoiners(t *testing.T) {
	got := escape.Text([]byte("> "), []byte("a\tb\x1b[2J\u200dc\u202e\x9b\r"))
	if string(got) != "> a\tb\\x1b[2J\u200dc\\u202e\\x9b\\r" {
		t.Errorf("%q", got)
	}
}

func TestJSONMeansTheSame(t *testing.T) {
	plain := []byte(`{"a": "ä\u001b"}` + "\n")
	if got := escape.JSON(plain); &got[0] != &plain[0] {
		t.Errorf("%q was copied", got)
	}
	for char := range hidden {
		if !utf8.ValidString(char) || char < " " {
			continue // cannot be in JSON as it is
		}
		document := []byte("{\n\t\"a\": \"x" + char + "y\"}")
		got := escape.JSON(document)
		if escape.Hides(strings.NewReplacer("\n", "", "\t", "").Replace(string(got))) {
			t.Errorf("%q: %q", char, got)
		}
		var is, was map[string]string
		if err := errors.Join(json.Unmarshal(got, &is), json.Unmarshal(document, &was)); err != nil || !reflect.DeepEqual(is, was) {
			t.Errorf("%q: %q, %v", char, got, err)
		}
	}
	if got := escape.JSON([]byte("\"\x9b\"")); string(got) != `"\ufffd"` {
		t.Errorf("no UTF-8: %q", got)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 1_000_000)
	many := make([]string, 50_000)
	for i := range many {
		many[i] = long[:1000]
	}
	type named string
	for what, a := range map[string]any{
		"text": long, "bytes": []byte(long), "named": named(long), "error": errors.New(long), "list": many, "struct": struct{ A string }{long}, "map": map[string]string{"a": long},
	} {
		for _, verb := range []string{"%s", "%v", "%q"} {
			if got := escape.Sprintf("a "+verb+" b", a); len(got) > 1500 || !strings.HasPrefix(got, "a ") || !strings.HasSuffix(got, " b") {
				t.Errorf("%s, %s: %d bytes", what, verb, len(got))
			}
		}
	}
	for i, line := range strings.Split(escape.Message("a\x1b\n"+long+"\nb"), "\n") {
		if len(line) > escape.MaxLine+len("…") || i == 0 && line != `a\x1b` || i == 2 && line != "b" {
			t.Errorf("line %d: %q", i, line[:10])
		}
	}
}

func TestMessagesAreOfOneLine(t *testing.T) {
	got := escape.Sprintf("%s %q %v %d %s %-4s| %5.1f %v %v", "a\nb", "c\x1b", errors.New("d\r"), 7, []byte("\u202e"), "e", 1.25, 3*time.Second, []string{"f\n"})
	if want := `a\nb "c\x1b" d\r 7 \u202e e   |   1.2 3s [f\n]`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCutKeepsWholeCharacters(t *testing.T) {
	for s, want := range map[string]string{"abcd": "abcd", "abcde": "abcd…", "abcäe": "abc…", "ab\x1bde": `ab\x1bd…`} {
		if got := escape.Cut(s, 4); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for char := range hidden {
		f.Add("a" + char + "b")
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := escape.Line(s)
		if escape.Hides(line) || line != escape.Line(line) {
			t.Errorf("%q: %q", s, line)
		}
		for _, r := range line {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%q holds %U", line, r)
			}
		}
		if escape.Hides(s) == (line == s) {
			t.Errorf("%q: hides %v, shown as %q", s, escape.Hides(s), line)
		}
		if encoded, err := json.Marshal(s); err == nil {
			var back, was string
			if err := errors.Join(json.Unmarshal(escape.JSON(encoded), &back), json.Unmarshal(encoded, &was)); err != nil || back != was {
				t.Errorf("%q: %q, %v", was, back, err)
			}
		}
		if got := fmt.Sprintf("%q", s); utf8.ValidString(s) && len(s) <= escape.MaxArgument && escape.Sprintf("%q", s) != got {
			t.Errorf("%s", got)
		}
	})
}
