package scan

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"trawl/edge/match"
)

// Every place of a word relative to the seams between pieces.
func TestWholeIsDecidedAcrossSeams(t *testing.T) {
	b := newFake(t, "cat!")
	for _, neighbours := range [][2]string{{" ", " "}, {" ", "s"}, {"é", " "}, {" ", "é"}, {"\u2003", "𝒜"}, {"𝒜", " "}, {"\xa9", "\xf0"}} {
		for shift := range 200 {
			in := strings.Repeat(" ", shift) + neighbours[0] + "cat" + neighbours[1] + strings.Repeat(" ", 250-shift)
			got := runScan(t, b, in, Options{Mode: Only, Overlap: 3, longLine: 20})
			want := ""
			for _, m := range naive(b.rules, []byte(in)) {
				want += fmt.Sprintf("1:%d: cat!: cat\n", m.Start+1)
			}
			if got.out != want {
				t.Fatalf("%q at %d: got %q, want %q", neighbours, shift, got.out, want)
			}
		}
	}
}

// The marks of a character are not cut off from it by a seam.
func TestMarksBelongToWordsAcrossSeams(t *testing.T) {
	asker := packOf(t, &match.Rule{Literals: [][]byte{[]byte("कल")}, Whole: true})
	for _, tt := range []struct {
		before, behind string
		whole          bool
	}{{" ", " ", true}, {" ", "\u093e", false}, {"क" + strings.Repeat("\u0301", 30), " ", false}, {"✔" + strings.Repeat("\ufe0f", 30), " ", true}} {
		for shift := range 300 {
			in := strings.Repeat(" ", shift) + tt.before + "कल" + tt.behind + strings.Repeat(" ", 350-shift)
			got := runScan(t, asker, in, Options{Mode: Only, Overlap: 6, longLine: 30})
			if (got.out != "") != tt.whole {
				t.Fatalf("%q at %d: got %q", tt.before+"कल"+tt.behind, shift, got.out)
			}
		}
	}
}

// A literal matched without case can be three times as long as it is written.
func TestNoCaseMatchesLongerThanTheLiteral(t *testing.T) {
	asker := packOf(t, &match.Rule{Literals: [][]byte{[]byte("kkkkkkkk")}, NoCase: true})
	kelvins := strings.Repeat("\u212a", 8)
	for shift := range 200 {
		in := strings.Repeat(" ", shift) + kelvins + strings.Repeat(" ", 250-shift)
		got := runScan(t, asker, in, Options{Mode: Only, Overlap: 8, longLine: 30})
		if want := fmt.Sprintf("1:%d: kkkkkkkk: %s\n", shift+1, kelvins); got.out != want {
			t.Fatalf("at %d: got %q, want %q", shift, got.out, want)
		}
	}
}

// Lines over the real limit: literals of all lengths, around every seam, are found as in a scan of the
// whole line.
func TestLiteralsOnLinesOverTheRealLimit(t *testing.T) {
	long := strings.Repeat("abcdefghij", 40) + "!"          // longer than an automaton is deep
	longer := strings.Repeat("0123456789ABCDEF", 800) + "?" // longer than a look-ahead of the matcher
	asker := packOf(t,
		&match.Rule{ID: "short", Literals: [][]byte{[]byte("needle")}}, &match.Rule{ID: "whole", Literals: [][]byte{[]byte("cat")}, Whole: true},
		&match.Rule{ID: "folded", Literals: [][]byte{[]byte("kelvins")}, NoCase: true},
		&match.Rule{ID: "long", Literals: [][]byte{[]byte(long)}}, &match.Rule{ID: "longer", Literals: [][]byte{[]byte(longer)}},
	)
	overlap := len(longer)
	plants := []string{"needle", " cat ", "scat ", "\u212aELVIN\u017f", long, longer, "\x00needle\x00", "needleneedle"}
	for _, shift := range []int{0, 1, 7, 311, 4999} {
		line := bytes.Repeat([]byte("."), 3*defaultLongLine+shift)
		// Literals everywhere: every piece begins and ends among them.
		for at, n := shift, 0; at+len(longer)+8 < len(line); n++ {
			at += copy(line[at:], plants[n%len(plants)]) + n%5
			if n%len(plants) == 0 {
				at += 3000 + 13*shift
			}
		}
		want := map[string]int{}
		for _, m := range asker.pack.Scan(asker.pack.NewScratch(), line, match.Query{}).Matches {
			want[fmt.Sprintf("1:%d: %s: %s", m.Start+1, asker.pack.ID(int(m.Rule)), line[m.Start:m.End])]++
		}
		got := runScan(t, asker, string(line), Options{Mode: Only, Overlap: overlap})
		lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
		for _, l := range lines {
			want[l]--
		}
		for l, n := range want {
			if n != 0 {
				t.Errorf("shift %d: %.60q: %d too few", shift, l, n)
			}
		}
		if len(lines) < 300 {
			t.Errorf("shift %d: only %d matches", shift, len(lines))
		}
	}
}

func TestAnchorsDoNotMatchAtSeams(t *testing.T) {
	asker := packOf(t, &match.Rule{ID: "begin", Regex: "^x"}, &match.Rule{ID: "end", Regex: "x$"}, &match.Rule{ID: "far", Regex: `\bx+`})
	got := runScan(t, asker, strings.Repeat("x", 1000)+"\n", Options{Mode: Only, Overlap: 5, longLine: 30})
	if want := "1:1: begin: x\n1:1000: end: x\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}

// packOf is a broker with a real matcher.
func packOf(t testing.TB, rules ...*match.Rule) real {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	for _, r := range rules {
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return real{pack}
}
