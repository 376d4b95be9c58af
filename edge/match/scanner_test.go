package match

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// streamed scans text in pieces of the given sizes, the last one as often as
// needed; flushed says after which pieces Flush is called.
func streamed(t rapid.TB, s *Scanner, got *[]Match, text []byte, sizes []int, flushed []bool) {
	*got = (*got)[:0]
	for i := 0; len(text) > 0; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(text))
		if wrote, err := s.Write(text[:n]); wrote != n || err != nil {
			t.Fatalf("write of %d bytes: %d, %v", n, wrote, err)
		}
		text = text[n:]
		if len(s.buf) > s.window {
			t.Fatalf("%d bytes kept, the window has %d", len(s.buf), s.window)
		}
		if flushed[min(i, len(flushed)-1)] {
			if err := s.Flush(); err != nil {
				t.Fatalf("flush: %v", err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func collector(t rapid.TB, p *Pack) (*Scanner, *[]Match) {
	got := &[]Match{}
	s, err := p.NewScanner(ScannerOptions{LiteralsOnly: true}, func(m Match) error {
		*got = append(*got, m)
		return nil
	})
	if err != nil {
		t.Fatalf("new scanner: %v", err)
	}
	return s, got
}

// However a text is cut, a scanner reports what a scan of the whole does.
func TestScannerAgreesWithScan(t *testing.T) {
	t.Parallel()
	for name, pieces := range domains {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rules := drawRules(t, pieces)
				p := compile(t, rapid.SampledFrom([]string{EngineDA8, EngineDFA}).Draw(t, "engine"), rules)
				s, got := collector(t, p)
				// Small, so that a short text fills them often.
				s.window = s.lead + s.ahead + rapid.IntRange(1, 2*s.lead).Draw(t, "window")
				s.limit = rapid.SampledFrom([]int{1, 2, 5, 1000}).Draw(t, "limit")
				for range 2 {
					text := drawBytes(t, pieces, 0, 60, "text")
					sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 20).Draw(t, "sizes")
					flushed := rapid.SliceOfN(rapid.Bool(), 1, 20).Draw(t, "flushed")
					s.Reset()
					streamed(t, s, got, text, sizes, flushed)
					want := slices.DeleteFunc(slices.Clone(p.Scan(p.NewScratch(), text, Query{}).Matches), func(m Match) bool {
						return rules[m.Rule].Regex != ""
					})
					if !slices.Equal(*got, want) {
						t.Fatalf("%q in pieces of %v:\n got %v\nwant %v", text, sizes, *got, want)
					}
				}
			})
		})
	}
}

// Texts of many windows of the real size.
func TestScannerOverLongTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 70)
	p := compile(t, EngineAuto, []*Rule{
		{ID: "long", Literals: literals(long)},
		{ID: "k", Literals: literals("kelvin"), NoCase: true, Whole: true},
		{ID: "a", Literals: literals("a", "aa", strings.Repeat("a", 300))},
		{ID: "cut", Literals: literals("é|")},
	})
	times := 700
	if slow {
		times = 300 // still more than the largest piece below
	}
	text := []byte(strings.Repeat("x"+long+" \u212aelvin \u212aelviné|"+strings.Repeat("a", 310), times))
	want := slices.Clone(p.Scan(p.NewScratch(), text, Query{}).Matches)
	s, got := collector(t, p)
	for _, size := range []int{1, 7, 4096, 300_000, len(text)} {
		s.Reset()
		streamed(t, s, got, text, []int{size}, []bool{false})
		if !slices.Equal(*got, want) {
			t.Fatalf("pieces of %d bytes: %d matches, want %d", size, len(*got), len(want))
		}
	}
}

// A match can be three times as long as its literal: K is the Kelvin sign.
func TestScannerReachesBackFarEnough(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{ID: "k", Literals: literals(strings.Repeat("k", 100)), NoCase: true, Whole: true}})
	s, got := collector(t, p)
	streamed(t, s, got, []byte("é "+strings.Repeat("\u212a", 100)+" é"), []int{1}, []bool{true})
	if want := []Match{{3, 303, 0}}; !slices.Equal(*got, want) {
		t.Fatalf("got %v, want %v", *got, want)
	}
}

// What is kept does not grow with the text, even where everything matches and
// matches are nested.
func TestScannerMemoryIsBounded(t *testing.T) {
	t.Parallel()
	rule := &Rule{ID: "nested"}
	for n := 1; n <= 200; n++ {
		rule.Literals = append(rule.Literals, bytes.Repeat([]byte("a"), n))
	}
	p := compile(t, EngineAuto, []*Rule{rule})
	count := 0
	s, err := p.NewScanner(ScannerOptions{}, func(Match) error { count++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	size := 50_000
	if slow {
		size = 5_000
	}
	piece := bytes.Repeat([]byte("a"), size)
	for range 3 {
		if _, err := s.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if want := 200*3*size - 199*200/2; count != want {
		t.Errorf("%d matches, want %d", count, want)
	}
	if cap(s.scratch.matches) > 16*200*len(rule.Literals) {
		t.Errorf("room for %d matches is kept", cap(s.scratch.matches))
	}
}

// A match is not held back until the end.
func TestScannerReportsEarly(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{Literals: literals("needle")}, {ID: "whole", Literals: literals("pin"), Whole: true}})
	s, got := collector(t, p)
	_, _ = io.WriteString(s, "hay needle pin")
	if err := s.Flush(); err != nil || len(*got) != 1 {
		t.Fatalf("flushed: %v, %v", *got, err)
	}
	_, _ = io.WriteString(s, strings.Repeat(" hay", 4))
	if want := []Match{{4, 10, 0}, {11, 14, 1}}; !slices.Equal(*got, want) {
		t.Fatalf("got %v, want %v", *got, want)
	}
	if s.Offset() != 30 {
		t.Errorf("offset %d", s.Offset())
	}
}

// Offsets are those of the whole text, beyond 32 bits too.
func TestScannerOffsetsAreWide(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{Literals: literals("needle")}})
	s, got := collector(t, p)
	s.base, s.from = 5<<32, 5<<32
	_, _ = io.WriteString(s, "a needle")
	if err := s.Close(); err != nil || len(*got) != 1 || (*got)[0].Start != 5<<32+2 {
		t.Fatalf("got %v, %v", *got, err)
	}
}

func TestScannerErrors(t *testing.T) {
	regex := compile(t, EngineAuto, []*Rule{{Literals: literals("a")}, {ID: "r", Regex: "b+"}})
	if _, err := regex.NewScanner(ScannerOptions{}, nil); !errors.Is(err, ErrRegexStream) || !strings.Contains(err.Error(), "1 of its 2 rules") {
		t.Errorf("a pack with a regex: %v", err)
	}
	cloudflare := compile(t, EngineCloudflare, []*Rule{{Literals: literals("a")}})
	if _, err := cloudflare.NewScanner(ScannerOptions{}, nil); !errors.Is(err, ErrUnsupported) {
		t.Errorf("engine without places: %v", err)
	}
	enough := errors.New("enough")
	p := compile(t, EngineAuto, []*Rule{{Literals: literals("a")}})
	n := 0
	s, err := p.NewScanner(ScannerOptions{}, func(Match) error { n++; return enough })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(s, strings.NewReader(strings.Repeat("a", 1000))); !errors.Is(err, enough) || n != 1 {
		t.Errorf("%d matches, then %v", n, err)
	}
	if err := s.Close(); !errors.Is(err, enough) {
		t.Errorf("close: %v", err)
	}
	s.Reset()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Write([]byte("a")); !errors.Is(err, ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestScannerDoesNotAllocate(t *testing.T) {
	p := compile(t, EngineAuto, []*Rule{{Literals: literals("he")}, {ID: "k", Literals: literals("she"), NoCase: true}})
	n := 0
	s, err := p.NewScanner(ScannerOptions{}, func(Match) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("ushers "), windowSize/5) // more than one window
	write := func() {
		s.Reset()
		_, _ = s.Write(text)
		_ = s.Close()
	}
	write()
	if allocs := testing.AllocsPerRun(2, write); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	if n == 0 {
		t.Error("no matches")
	}
}

func BenchmarkScanner(b *testing.B) {
	p, text := compile(b, EngineAuto, wordRules(words(b, 10_000))), prose(b, 8<<20)
	for _, size := range []int{100, 4 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, err := p.NewScanner(ScannerOptions{}, func(Match) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Reset()
				for rest := text; len(rest) > 0; rest = rest[min(size, len(rest)):] {
					_, _ = s.Write(rest[:min(size, len(rest))])
				}
				_ = s.Close()
			}
		})
	}
}

func ExamplePack_NewScanner() {
	b := NewBuilder(Options{})
	for _, word := range []string{"he", "she", "hers"} {
		_ = b.Add(&Rule{Literals: [][]byte{[]byte(word)}})
	}
	pack, err := b.Pack()
	if err != nil {
		panic(err)
	}
	s, err := pack.NewScanner(ScannerOptions{}, func(m Match) error {
		fmt.Println(pack.ID(int(m.Rule)), m.Start, m.End)
		return nil
	})
	if err != nil {
		panic(err)
	}
	for _, piece := range []string{"us", "he", "rs"} {
		_, _ = s.Write([]byte(piece)) // an io.Writer: io.Copy does as well
	}
	_ = s.Close()
	// Output:
	// she 1 4
	// he 2 4
	// hers 2 6
}
