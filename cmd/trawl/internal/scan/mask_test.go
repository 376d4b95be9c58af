package scan

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trawl/edge/mask"
)

// masked runs a scan of stdin in the mode Mask.
func masked(t interface{ Fatal(...any) }, f *fake, input string, o Options) (out, notes string, s Summary, err error) {
	o.Mode = Mask
	var stdout, stderr bytes.Buffer
	s, _, err = Run(context.Background(), f, []string{"-"}, o, strings.NewReader(input), &stdout, &stderr)
	return stdout.String(), stderr.String(), s, err
}

// maskedLines is what the mode Mask must print.
func maskedLines(f *fake, input string, style mask.Style) string {
	var out []byte
	for _, line := range strings.SplitAfter(input, "\n") {
		text, end := strings.CutSuffix(line, "\n")
		matches := naive(f.rules, []byte(text))
		var spans []mask.Span
		for _, m := range matches {
			spans = append(spans, mask.Span{Start: m.Start, End: m.End, Rule: f.rules[m.Rule].id()})
		}
		if f.limit > 0 && len(matches) > f.limit {
			out = append(out, mask.Incomplete...)
		} else {
			out = mask.Append(out, []byte(text), spans, style)
		}
		if end {
			out = append(out, '\n')
		}
	}
	return string(out)
}

// TestMaskIsAFilter compares random inputs, block sizes and limits with lines masked one by one.
func TestMaskIsAFilter(t *testing.T) {
	words := newFake(t, "he", "she", "ab", "abab", "cab!")
	rapid.Check(t, func(t *rapid.T) {
		input := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"he", "she", "ab", "cab", "abab", " ", "x", "\n", "\n", "\r\n", "é"}), 0, 60).Draw(t, "pieces"), "")
		f := &fake{rules: words.rules, pack: words.pack, limit: rapid.IntRange(0, 4).Draw(t, "limit")}
		o := Options{BlockSize: rapid.IntRange(8, 64).Draw(t, "block"), InFlight: 2, Mask: mask.Style(rapid.IntRange(0, 1).Draw(t, "style"))}
		got, _, s, err := masked(t, f, input, o)
		want := maskedLines(f, input, o.Mask)
		if got != want {
			t.Fatalf("%q: %q, want %q", input, got, want)
		}
		hidden := int64(strings.Count(want, mask.Incomplete))
		if s.NotMasked != hidden || errors.Is(err, ErrNotMasked) != (hidden > 0) || hidden == 0 && err != nil {
			t.Fatalf("%d lines not masked, %v; want %d", s.NotMasked, err, hidden)
		}
	})
}

// TestMaskFailsClosed hides lines of which not all matches can be known.
func TestMaskFailsClosed(t *testing.T) {
	f := newFake(t, "she")
	f.incomplete = []uint32{0}
	if out, notes, _, err := masked(t, f, "he\nshe\nhe", Options{}); out != "he\n[masked: incomplete]\nhe" || !errors.Is(err, ErrNotMasked) || !strings.Contains(notes, "given up") {
		t.Errorf("given up: %q, %q, %v", out, notes, err)
	}
	f = newFake(t, "she")
	long := strings.Repeat("x", 100)
	if out, _, _, err := masked(t, f, "she\n"+long+"\nhe\n", Options{longLine: 40}); out != "***\n[masked: incomplete]\nhe\n" || !errors.Is(err, ErrNotMasked) {
		t.Errorf("long line: %q, %v", out, err)
	}
	if out, _, _, err := masked(t, f, "\xff\xfes\x00h\x00e\x00", Options{}); out != mask.Incomplete || !errors.Is(err, ErrUnreadable) {
		t.Errorf("UTF-16: %q, %v", out, err)
	}
}

func TestMaskKeepsTheByteOrderMark(t *testing.T) {
	if out, _, _, err := masked(t, newFake(t, "she"), "\xef\xbb\xbfshe\nhe\n", Options{}); out != "\xef\xbb\xbf***\nhe\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

func TestMaskEscapesForTerminals(t *testing.T) {
	if out, _, _, err := masked(t, newFake(t, "she"), "\x1b[2Jshe\n\x1b[2J\r\n", Options{Terminal: true}); out != "\\x1b[2J***\n\\x1b[2J\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// BenchmarkMask is a filter for lines of which one in a hundred matches.
func BenchmarkMask(b *testing.B) {
	f := newFake(b, "she")
	line := "Mar  7 18:53:23 bar kernel: [12345.678901] usb 1-1.4: new USB device\n"
	input := strings.Repeat(strings.Repeat(line, 99)+"she sells\n", 100)
	b.SetBytes(int64(len(input)))
	for b.Loop() {
		if _, _, _, err := masked(b, f, input, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
