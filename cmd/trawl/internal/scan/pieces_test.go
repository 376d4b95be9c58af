package scan

import (
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
