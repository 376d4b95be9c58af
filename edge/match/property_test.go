package match

// Property tests: random rules over random texts, against the oracle.

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// domains are the pieces that literals and texts of a test are made of.
var domains = map[string][]string{
	"two letters":  {"a", "b"},
	"lines":        {"a", "b", "ab", "\n", "\r\n"},
	"words":        {"he", "she", "his", "hers", "ushers", " ", "_", "\n", "9", "é"},
	"cases":        {"k", "K", "\u212a", "s", "S", "\u017f", "é", "É", "ß", "ẞ", "\u2126", "ω", "Ω", " ", "\n"},
	"marks":        {"कल", "ल", "\u093e", "ם", "\u05b4", "ق", "\u064e", "e", "\u0301", "\u20e3", "\ufe0f", "✔", "\u200c", "\u200d", " ", "_", "\n", "\xcc"},
	"broken UTF-8": {"\xc3", "\xa9", "é", "\xe2\x84", "\xaa", "\u212a", "k", "\xff", "\xef\xbf\xbd", "\n", "_"},
	"binary":       {"\x00", "\x01", "\xff", "\xfe", "\x80", "\n"},
	"dictionary":   {"error", "errors", "err", "terror", "Error", "ERR", "warn", "warning", " ", ":", "\n", "x"},
	"long words":   {"abcde", "bcdea", "cdeab", "abcdefgh", "ABCDE", "f\nabcde", "eeeee", "eeeeeeee"},
	"long": {
		"a", "b", "k", "\u212a", strings.Repeat("a", 64), strings.Repeat("ab", 40), strings.Repeat("a", 255),
		strings.Repeat("K", 130), "\n",
	},
}

var regexPieces = []string{
	"a", "b", "he", "[ab]", "[Kk]", "k", "é", ".", "[^a]", `\b`, "error", "(?:err|warn)", "(?:he|she)r", "s?", "a*", "b+",
	"(?i:K)", `\d`, "^", "$", "(?m:^)", "(?:ab){2}", "(?:a|bb)", `\x{212a}`, "[a-k]", `\W`, "_",
}

func drawBytes(t *rapid.T, pieces []string, least, most int, label string) []byte {
	return []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), least, most).Draw(t, label), ""))
}

// drawRules gives rules that a builder takes, literals of pieces and regexes.
func drawRules(t *rapid.T, pieces []string) []*Rule {
	b := NewBuilder(Options{})
	var rules []*Rule
	for range rapid.IntRange(1, 8).Draw(t, "rules") {
		r := &Rule{ID: fmt.Sprintf("rule-%d", len(rules)), NoCase: rapid.Bool().Draw(t, "nocase")}
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			r.Regex = strings.Join(rapid.SliceOfN(rapid.SampledFrom(regexPieces), 1, 4).Draw(t, "regex"), "")
		} else {
			r.Whole = rapid.Bool().Draw(t, "whole")
			for range rapid.IntRange(1, 4).Draw(t, "literals") {
				r.Literals = append(r.Literals, drawBytes(t, pieces, 1, 6, "literal"))
			}
			switch rapid.IntRange(0, 3).Draw(t, "id") {
			case 0:
				r.ID = "" // the literal, if there is only one
			case 1:
				r.ID = string(r.Literals[0])
			}
		}
		if b.Add(r) == nil { // else not UTF-8, or a regex that matches nothing
			rules = append(rules, r)
		}
	}
	return rules
}

// IDs are those of the rules, wherever they come from.
func TestIDsAreThoseOfTheRules(t *testing.T) {
	for name, pieces := range domains {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				b := NewBuilder(Options{Engine: rapid.SampledFrom([]string{EngineDA8, EngineDFA, EngineCloudflare}).Draw(t, "engine")})
				var want []string
				for _, r := range drawRules(t, pieces) {
					if b.Add(r) == nil {
						id, err := ruleID(r)
						if err != nil {
							t.Fatal(err)
						}
						want = append(want, string(id))
					}
				}
				p, err := b.Pack()
				if err != nil {
					t.Fatal(err)
				}
				for i, id := range want {
					if got := p.ID(i); got != id {
						t.Fatalf("rule %d has the id %q, want %q", i, got, id)
					}
				}
			})
		})
	}
}

// In a crowded automaton states lie where there was room, not in order.
func TestIDsOfManyRules(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := NewBuilder(Options{Engine: EngineDA8})
	var want []string
	for range 5000 {
		word := make([]byte, 1+random.IntN(5))
		for i := range word {
			word[i] = ' ' + byte(random.IntN(95))
		}
		if b.Add(&Rule{Literals: [][]byte{word}}) == nil { // else it was there
			want = append(want, string(word))
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range want {
		if got := p.ID(i); got != id {
			t.Fatalf("rule %d has the id %q, want %q", i, got, id)
		}
	}
}

// manyRules make automata of many pages.
func manyRules(n int) []*Rule {
	rules := make([]*Rule, n)
	for i := range rules {
		rules[i] = &Rule{Literals: literals(fmt.Sprintf("%x-%d", uint32(i)*2654435761, i))}
	}
	return rules
}

func drawQuery(t *rapid.T) Query {
	return Query{
		Want:  Want(rapid.IntRange(0, 4).Draw(t, "want")),
		Limit: rapid.SampledFrom([]int{0, 0, 1, 2, 3, 10}).Draw(t, "limit"),
		Total: rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5}).Draw(t, "total"),
	}
}

func TestScanAgreesWithOracle(t *testing.T) {
	t.Parallel()
	for name, pieces := range domains {
		t.Run(name, func(t *testing.T) {
			s := &Scratch{} // of all packs: what one scan leaves behind must not show in the next
			most := 60
			if name == "long" {
				most = 16 // the oracle is quadratic
			}
			rapid.Check(t, func(t *rapid.T) {
				rules := drawRules(t, pieces)
				p := compile(t, rapid.SampledFrom(testedEngines).Draw(t, "engine"), rules)
				lanes := withLanes(t, p, rapid.IntRange(4, 9).Draw(t, "least"), rapid.IntRange(4, 40).Draw(t, "most"))
				filters := withFilters(t, p, rapid.IntRange(4, 40).Draw(t, "piece"))
				o := newOracle(rules)
				for range 3 {
					expected, q := o.expect(drawBytes(t, pieces, 0, most, "text")), drawQuery(t)
					expected.check(t, p, s, q)
					expected.check(t, lanes, s, q)
					for _, filtered := range filters {
						expected.check(t, filtered, s, q)
					}
				}
			})
		})
	}
}

// Texts that lie beside each other know nothing of each other.
func TestTextsAgreeWithOracle(t *testing.T) {
	t.Parallel()
	for name, pieces := range domains {
		if name == "long" {
			continue // the oracle is quadratic
		}
		t.Run(name, func(t *testing.T) {
			s := &Scratch{}
			rapid.Check(t, func(t *rapid.T) {
				rules := drawRules(t, pieces)
				p := compile(t, rapid.SampledFrom(testedEngines).Draw(t, "engine"), rules)
				lanes := withLanes(t, p, rapid.IntRange(4, 9).Draw(t, "least"), rapid.IntRange(4, 40).Draw(t, "most"))
				filters := withFilters(t, p, rapid.IntRange(4, 40).Draw(t, "piece"))
				texts := make([][]byte, rapid.IntRange(0, 12).Draw(t, "texts"))
				for i := range texts {
					texts[i] = drawBytes(t, pieces, 0, 8, "text")
				}
				expected, q := newOracle(rules).expectTexts(texts), drawQuery(t)
				expected.check(t, p, s, q)
				expected.check(t, lanes, s, q)
				for _, filtered := range filters {
					expected.check(t, filtered, s, q)
				}
			})
		})
	}
}

// testedEngines are the engines that answer every query: those made of automata.
var testedEngines = func() (names []string) {
	for _, e := range engines {
		if e.sections != nil {
			names = append(names, e.name)
		}
	}
	return names
}()

// Hints must change nothing: a pack in which every regex runs on every text
// finds the same as one with hints.
func TestHintsChangeNothing(t *testing.T) {
	pieces := append(append([]string{}, domains["cases"]...), domains["broken UTF-8"]...)
	pieces = append(pieces, "a", "b", "he", "she", "r", "error", "ERR", "warn")
	s := &Scratch{}
	rapid.Check(t, func(t *rapid.T) {
		r := &Rule{ID: "r", NoCase: rapid.Bool().Draw(t, "nocase")}
		r.Regex = strings.Join(rapid.SliceOfN(rapid.SampledFrom(regexPieces), 1, 8).Draw(t, "regex"), "")
		b := NewBuilder(Options{})
		if b.Add(r) != nil {
			t.Skip("matches nothing")
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		checkScan(t, p, s, []*Rule{r}, drawBytes(t, pieces, 0, 30, "text"), drawQuery(t))
	})
}

func TestCloudflareAgreesWithDA8(t *testing.T) {
	pieces := []string{"a", "b", "he", "she", "\xff", "\n", "é"}
	s := &Scratch{}
	rapid.Check(t, func(t *rapid.T) {
		b := NewBuilder(Options{Engine: EngineCloudflare})
		var rules []*Rule
		for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
			r := &Rule{ID: fmt.Sprint(i)}
			for range rapid.IntRange(1, 3).Draw(t, "literals") {
				r.Literals = append(r.Literals, drawBytes(t, pieces, 1, 5, "literal"))
			}
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
			rules = append(rules, r)
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		q := drawQuery(t)
		q.Want = rapid.SampledFrom([]Want{WantRules, WantAny}).Draw(t, "its want")
		expected := newOracle(rules).expect(drawBytes(t, pieces, 0, 40, "text"))
		expected.check(t, p, s, q)
		expected.check(t, compile(t, EngineDA8, rules), s, q)
	})
}
