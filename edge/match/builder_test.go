package match

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func literals(list ...string) [][]byte {
	var l [][]byte
	for _, s := range list {
		l = append(l, []byte(s))
	}
	return l
}

func TestAddRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		want error
		says string
	}{
		"nothing to look for":          {Rule{ID: "x"}, ErrEmptyPattern, ""},
		"an empty literal":             {Rule{ID: "x", Literals: literals("a", "")}, ErrEmptyPattern, "literal 2"},
		"literals and a regex":         {Rule{ID: "x", Literals: literals("a"), Regex: "a"}, ErrPatternKind, ""},
		"whole on a regex":             {Rule{ID: "x", Regex: "a", Whole: true}, ErrWholeRegex, `\b`},
		"nocase on broken UTF-8":       {Rule{ID: "x", Literals: literals("\xff"), NoCase: true}, ErrNotUTF8, `\xff`},
		"an id of broken UTF-8":        {Rule{ID: "\xff", Literals: literals("a")}, ErrNotUTF8, ""},
		"two literals without an id":   {Rule{Literals: literals("a", "b")}, ErrNoID, ""},
		"a regex without an id":        {Rule{Regex: "a"}, ErrNoID, ""},
		"an id that is there":          {Rule{ID: "taken", Literals: literals("a")}, ErrDuplicateID, `"taken"`},
		"a literal that is an id":      {Rule{Literals: literals("taken")}, ErrDuplicateID, "rule 1"},
		"a regex that does not parse":  {Rule{ID: "x", Regex: "a("}, ErrRegex, "missing closing )"},
		"look-ahead":                   {Rule{ID: "x", Regex: "a(?=b)"}, ErrRegex, "look-ahead (?="},
		"negative look-ahead":          {Rule{ID: "x", Regex: "a(?!b)"}, ErrRegex, "look-ahead (?!"},
		"look-behind":                  {Rule{ID: "x", Regex: "(?<=a)b"}, ErrRegex, "look-behind (?<="},
		"negative look-behind":         {Rule{ID: "x", Regex: "(?<!a)b"}, ErrRegex, "look-behind (?<!"},
		"a back-reference":             {Rule{ID: "x", Regex: `(a)\1`}, ErrRegex, `back-references such as \1`},
		"a named back-reference":       {Rule{ID: "x", Regex: `(?P<n>a)(?P=n)`}, ErrRegex, "back-references"},
		"a regex for nothing":          {Rule{ID: "x", Regex: "a*"}, ErrEmptyMatch, ""},
		"an alternative for nothing":   {Rule{ID: "x", Regex: "a|(b?c{0,2})"}, ErrEmptyMatch, ""},
		"a regex for a place":          {Rule{ID: "x", Regex: `\b`}, ErrEmptyMatch, ""},
		"a regex for the ends of text": {Rule{ID: "x", Regex: `^$`}, ErrEmptyMatch, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder(Options{})
			if err := b.Add(&Rule{ID: "taken", Literals: literals("t")}); err != nil {
				t.Fatal(err)
			}
			err := b.Add(&c.rule)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error is %v", err)
			}
			// The builder goes on as if nothing had been added.
			if err := b.Add(&Rule{ID: "y", Literals: literals("u")}); err != nil {
				t.Fatal(err)
			}
			p, err := b.Pack()
			if err != nil || p.NumRules() != 2 || p.ID(1) != "y" || p.Info().Literals != 2 {
				t.Fatalf("afterwards %+v, %v", p.Info(), err)
			}
		})
	}
}

func TestOptionsRefuse(t *testing.T) {
	b := NewBuilder(Options{Engine: "hyperscan"})
	if _, err := b.Pack(); !errors.Is(err, ErrUnknownEngine) {
		t.Errorf("Pack: %v", err)
	}
	if err := b.Add(&Rule{Literals: literals("a")}); !errors.Is(err, ErrUnknownEngine) {
		t.Errorf("Add: %v", err)
	}
	for _, r := range []Rule{
		{ID: "a", Regex: "a"},
		{ID: "a", Literals: literals("a"), NoCase: true},
		{ID: "a", Literals: literals("a"), Whole: true},
		{ID: "a", Literals: literals(strings.Repeat("a", 256))},
	} {
		if err := NewBuilder(Options{Engine: EngineCloudflare}).Add(&r); !errors.Is(err, ErrUnsupported) {
			t.Errorf("cloudflare takes %+v: %v", r, err)
		}
	}
}

func TestCloudflareRefusesWhatNeedsTooMuchMemory(t *testing.T) {
	b := NewBuilder(Options{Engine: EngineCloudflare})
	for i := range 40_000 { // 32-bit machines need half for each
		if err := b.Add(&Rule{Literals: literals(fmt.Sprintf("literal-%d", i))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Pack(); !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "MB") {
		t.Fatal(err)
	}
}

func TestCloudflareAnswersRulesAndAnyOnly(t *testing.T) {
	p, s := compile(t, EngineCloudflare, []*Rule{{Literals: literals("a")}}), &Scratch{}
	for want, ok := range map[Want]bool{WantMatches: false, WantRules: true, WantFirst: false, WantCount: false, WantAny: true, 99: false} {
		if p.Supports(want) != ok {
			t.Errorf("supports %v: %v", want, !ok)
		}
		if r := p.Scan(s, []byte("a"), Query{Want: want}); r.Unsupported == ok || r.Any != ok {
			t.Errorf("scan for %v: %+v", want, r)
		}
		r := p.ScanLines(s, []byte("a"), Query{Want: want}, func(*Line) bool { return true })
		if r.Unsupported == ok || r.Any != ok {
			t.Errorf("lines for %v: %+v", want, r)
		}
	}
}

func TestIDs(t *testing.T) {
	rules := []*Rule{
		{Literals: literals("word")},
		{Literals: literals("Größe"), NoCase: true}, // the id is not folded
		{Literals: literals("\xff\x00")},
		{ID: "named", Literals: literals("a", "b")},
		{ID: "regex", Regex: "x+"},
	}
	p := compile(t, EngineAuto, rules)
	for i, want := range []string{"word", "Größe", "hex:ff00", "named", "regex"} {
		if got := p.ID(i); got != want {
			t.Errorf("rule %d is %q, want %q", i, got, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { p.ID(1) }); n != 0 {
		t.Errorf("ID allocates %v times", n)
	}
}

func TestManyIDsAreToldApart(t *testing.T) {
	b := NewBuilder(Options{})
	for _, again := range []bool{false, true} {
		for i := range 5_000 {
			err := b.Add(&Rule{ID: fmt.Sprint("rule ", i), Literals: literals("a")})
			if errors.Is(err, ErrDuplicateID) != again {
				t.Fatalf("rule %d, again %v: %v", i, again, err)
			}
		}
	}
	if b.ids.count != 5_000 {
		t.Fatalf("%d ids", b.ids.count)
	}
}

func TestMeta(t *testing.T) {
	meta := Meta{Tags: []string{"pii", ""}, Severity: "high", Message: "grüß", Data: []byte(`{"a":[1]}`)}
	p := compile(t, EngineAuto, []*Rule{
		{ID: "a", Literals: literals("a")},
		{ID: "b", Literals: literals("b"), Tags: meta.Tags, Severity: meta.Severity, Message: meta.Message, Data: meta.Data},
		{ID: "c", Literals: literals("c"), Severity: "low"},
	})
	for i, want := range []Meta{{}, meta, {Severity: "low"}} {
		got := p.Meta(i)
		if !slices.Equal(got.Tags, want.Tags) || got.Severity != want.Severity || got.Message != want.Message ||
			!bytes.Equal(got.Data, want.Data) {
			t.Errorf("rule %d: %+v, want %+v", i, got, want)
		}
	}
}

func TestAddKeepsNothingOfTheCaller(t *testing.T) {
	word, b := []byte("word"), NewBuilder(Options{})
	if err := b.Add(&Rule{Literals: [][]byte{word}}); err != nil {
		t.Fatal(err)
	}
	copy(word, "xxxx")
	p, err := b.Pack()
	if err != nil || p.ID(0) != "word" || !p.Scan(&Scratch{}, []byte("a word"), Query{}).Any {
		t.Fatal("changed with the caller's slice")
	}
}

func TestSameRulesSamePack(t *testing.T) {
	rules := []*Rule{{Literals: literals("b")}, {ID: "x", Literals: literals("a", "b", "a"), NoCase: true}, {ID: "r", Regex: "a+b"}}
	one, two := compile(t, EngineAuto, rules), compile(t, EngineAuto, rules)
	if !bytes.Equal(one.data, two.data) || one.Hash() != two.Hash() || len(one.Hash()) != 64 {
		t.Error("two compilations differ")
	}
	if other := compile(t, EngineAuto, rules[:2]); other.Hash() == one.Hash() {
		t.Error("other rules have the same hash")
	}
}

// Compiling uses the literals up: once is enough, and for as many packs as are
// wanted.
func TestNoRulesAfterPack(t *testing.T) {
	b, s := NewBuilder(Options{}), &Scratch{}
	if err := b.Add(&Rule{Literals: literals("zebra")}); err != nil {
		t.Fatal(err)
	}
	first, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(&Rule{Literals: literals("ant")}); !errors.Is(err, ErrCompiled) {
		t.Fatal(err)
	}
	second, err := b.Pack()
	if err != nil || second.Hash() != first.Hash() || !second.Scan(s, []byte("a zebra"), Query{}).Any {
		t.Fatalf("another pack: %v", err)
	}
}

func TestInfo(t *testing.T) {
	i := compile(t, EngineAuto, []*Rule{
		{ID: "words", Literals: literals("abc", "abd", "abc")},
		{ID: "cases", Literals: literals("K", "k"), NoCase: true},
		{ID: "hinted", Regex: "error [0-9]+"},
		{ID: "unhinted", Regex: "[0-9]+"},
	}).Info()
	if least := int64(8 * i.States); i.AutomataBytes < least || i.AutomataBytes >= i.Bytes {
		t.Errorf("automata of %d bytes in a pack of %d with %d states", i.AutomataBytes, i.Bytes, i.States)
	}
	if i.Name != "test" || i.Engine != EngineDFA || i.Rules != 4 || i.Literals != 3 || i.Regexes != 2 ||
		i.Unhinted != 1 || i.PatternBytes != 7 || i.LongestLiteral != 3 || i.States != 1+4+1+1+len("error ") {
		t.Errorf("%+v", i)
	}
}

func TestExchangedMovesBits(t *testing.T) {
	set := make([]uint64, 8)
	for i := range uint32(len(set) * 64) {
		if i*i%7 == 1 || i%5 == 0 {
			setBit(set, i)
		}
	}
	for w := range len(set) {
		for by := range 256 {
			word := exchanged(set, w, byte(by))
			for i := range 64 {
				if want := hasBit(set, uint32(64*w+i)^uint32(by)); want != (word>>i&1 == 1) {
					t.Fatalf("bit %d of word %d exchanged by %d: want %v", i, w, by, want)
				}
			}
		}
	}
}
