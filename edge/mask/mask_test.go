package mask

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAppend(t *testing.T) {
	for _, tt := range []struct {
		text        string
		spans       []Span
		stars, rule string
	}{
		{"card 4111", []Span{{5, 9, "card"}}, "card ****", "card [card]"},
		{"abcdef", []Span{{3, 6, "b"}, {0, 2, "a"}}, "**c***", "[a]c[b]"},
		{"abcdef", []Span{{0, 4, "a"}, {2, 6, "b"}, {1, 3, "a"}}, "******", "[a,b]"},
		{"abcd", []Span{{0, 2, "a"}, {2, 4, "b"}}, "****", "[a][b]"},
		{"é\xff!", []Span{{0, 3, "x"}}, "**!", "[x]!"},
		{"Secret", []Span{{0, 6, "sEcret"}}, "******", "[word]"},
		{"\xff\xfe", []Span{{0, 2, "hex:fffe"}}, "**", "[word]"},
		{"a", []Span{{0, 1, "x\ny"}}, "*", `[x\ny]`},
		{"none", nil, "none", "none"},
	} {
		for style, want := range []string{tt.stars, tt.rule} {
			if got := string(Append([]byte("> "), []byte(tt.text), tt.spans, Style(style))); got != "> "+want {
				t.Errorf("%q: %q, want %q", tt.text, got, want)
			}
		}
	}
}

func TestStyles(t *testing.T) {
	for _, name := range StyleNames() {
		if s, err := ParseStyle(name); err != nil || s.String() != name {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if _, err := ParseStyle("hash"); err == nil {
		t.Error("there is no mask hash")
	}
}

// TestStarsHideEachByte compares random masks with a mask that is made byte by byte.
func TestStarsHideEachByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("abcdefgh")), 0, 60).Draw(t, "text")
		want := bytes.Clone(text)
		var spans []Span
		for range rapid.IntRange(0, 8).Draw(t, "spans") {
			start := rapid.IntRange(0, len(text)).Draw(t, "start")
			end := rapid.IntRange(start, len(text)).Draw(t, "end")
			spans = append(spans, Span{int64(start), int64(end), "r"})
			for i := start; i < end; i++ {
				want[i] = '*'
			}
		}
		if got := Append(nil, text, spans, Stars); !bytes.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

// FuzzAppend masks foreign texts: nothing of a span is left.
func FuzzAppend(f *testing.F) {
	f.Add([]byte("card 4111"), uint16(5), uint16(4), "card")
	f.Fuzz(func(t *testing.T, text []byte, start, length uint16, id string) {
		from := min(int(start), len(text))
		to := min(from+int(length), len(text))
		spans := []Span{{int64(from), int64(to), id}}
		stars := bytes.Repeat([]byte("*"), utf8.RuneCount(text[from:to]))
		want := bytes.Join([][]byte{text[:from], stars, text[to:]}, nil)
		if got := Append(nil, text, spans, Stars); !bytes.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		if got := Append(nil, text, spans, Rule); len(got) < len(text)-(to-from)+2 {
			t.Fatalf("%q", got)
		}
	})
}
