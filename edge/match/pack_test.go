package match

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mixedRules uses every part of the format.
func mixedRules() []*Rule {
	return []*Rule{
		{Literals: literals("he")},
		{Literals: literals("she"), Tags: []string{"t"}, Severity: "high", Message: "m", Data: []byte("{}")},
		{ID: "again", Literals: literals("he", "hers"), Whole: true},
		{ID: "case", Literals: literals("KÉ", "us"), NoCase: true},
		{ID: "long", Literals: literals(strings.Repeat("ab", 200))},
		{ID: "long case", Literals: literals(strings.Repeat("xy", 200)), NoCase: true},
		{ID: "regex", Regex: "err(or|no)"},
		{ID: "always", Regex: "[0-9]{3}"},
		{ID: "both", Regex: "(?:warning|alert): [a-z]+ (?:is full|failed)"},
	}
}

const mixedText = "ushers he HE kÉ error 123 warning: disk failed\n\u212aé "

func TestPackReadsBackAsWritten(t *testing.T) {
	p := compile(t, EngineAuto, mixedRules())
	var buffer bytes.Buffer
	if n, err := p.WriteTo(&buffer); err != nil || n != int64(buffer.Len()) || n != p.Info().Bytes {
		t.Fatalf("wrote %d: %v", n, err)
	}
	path := filepath.Join(t.TempDir(), "test.pack")
	if err := os.WriteFile(path, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	// A slice that lies askew has to work as well.
	askew, err := Load(append(make([]byte, 1, 1+buffer.Len()), buffer.Bytes()...)[1:])
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(mixedText + strings.Repeat("ab", 201) + strings.Repeat("XY", 200))
	for _, q := range []*Pack{opened, askew} {
		if q.Hash() != p.Hash() || q.Info() != p.Info() || q.Verify() != nil || q.ID(3) != "case" {
			t.Errorf("%+v, want %+v", q.Info(), p.Info())
		}
		checkScan(t, q, &Scratch{}, mixedRules(), text, Query{})
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	good := compile(t, EngineAuto, mixedRules()).data
	change := func(f func(d []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":         {nil, ErrNotPack},
		"a text":          {[]byte("some words\nof a list\n"), ErrNotPack},
		"a magic alone":   {[]byte(magic), ErrDamaged},
		"another version": {change(func(d []byte) []byte { d[atVersion]++; return d }), ErrVersion},
		"half of it":      {change(func(d []byte) []byte { return d[:len(d)/2] }), ErrDamaged},
		"one byte more":   {change(func(d []byte) []byte { return append(d, 0) }), ErrDamaged},
		"another hash":    {change(func(d []byte) []byte { d[atHash]++; return d }), ErrDamaged},
		"many sections":   {change(func(d []byte) []byte { d[atCount+3] = 0xff; return d }), ErrDamaged},
	} {
		if _, err := Load(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestLoadRefusesSectionsItDoesNotKnow(t *testing.T) {
	good := compile(t, EngineAuto, []*Rule{{Literals: literals("a")}}).data
	for kind, want := range map[uint32]error{77: ErrDamaged, sectionIDs: ErrDamaged} {
		data := packOf(t, append(sectionsOf(good), rawSection{kind, []byte("x")}))
		if _, err := Load(data); !errors.Is(err, want) {
			t.Errorf("section %d: %v", kind, err)
		}
	}
}

// The prefilter needs the double array, which da4 does not have.
func TestLoadRefusesAPrefilterForDA4(t *testing.T) {
	rules := []*Rule{{Literals: literals("connection refused")}}
	da4 := sectionsOf(compile(t, EngineDA4, rules).data)
	for _, s := range sectionsOf(compile(t, EngineDA8, rules).data) {
		if s.kind == sectionExact+partQgrams {
			da4 = append(da4, s)
		}
	}
	if p, err := Load(packOf(t, da4)); !errors.Is(err, ErrDamaged) {
		t.Errorf("loaded: %v", err)
		p.Scan(&Scratch{}, []byte(strings.Repeat("connection refused ", 10)), Query{})
	}
}

// Atoms of no regex are no rules: what reports them reports nothing.
func TestAtomsWithoutRegexesAreNoMatches(t *testing.T) {
	p := compile(t, EngineDFA, []*Rule{{ID: "x", Literals: literals("abcab")}})
	sections := append(sectionsOf(setSection(p.data, sectionExact+partOuts, 0, 1, 4)), // rule 1 is atom 0
		rawSection{sectionTriggerOffsets, make([]byte, 8)}, rawSection{sectionFormulaOffsets, make([]byte, 4)})
	q, err := Load(packOf(t, sections))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("abcab ", 100))
	if got := withLanes(t, q, 4, 100).Scan(&Scratch{}, text, Query{}); got.Any || len(got.Matches) > 0 {
		t.Errorf("%d matches, the first of rule %d of %d", len(got.Matches), got.Matches[0].Rule, q.NumRules())
	}
}

// Whatever bit of header, table or sections is flipped, a checksum sees it.
func TestLoadSeesEveryFlippedByte(t *testing.T) {
	good := compile(t, EngineAuto, []*Rule{{Literals: literals("he")}, {ID: "r", Regex: "x+y"}}).data
	covered := make([]bool, len(good))
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			covered[i] = true
		}
	}
	mark(0, headerSize)
	mark(len(good)-len(tableOf(good)), len(good))
	for table := tableOf(good); len(table) > 0; table = table[tableEntry:] {
		from := int(binary.LittleEndian.Uint64(table[8:]))
		mark(from, from+int(binary.LittleEndian.Uint64(table[16:])))
	}
	for i := range good {
		if !covered[i] || i > 4096 && i%61 != 0 {
			continue
		}
		damaged := bytes.Clone(good)
		damaged[i] ^= 1 << (i % 8)
		if _, err := Load(damaged); err == nil {
			t.Fatalf("byte %d: no error", i)
		}
	}
}

func TestVerifySeesAnotherContent(t *testing.T) {
	p := compile(t, EngineDA8, mixedRules()) // with a table that padding follows
	if err := p.Verify(); err != nil {
		t.Fatal(err)
	}
	// Padding is in no section's checksum, but in the hash.
	data := bytes.Clone(p.data)
	data[len(data)-len(tableOf(data))-1] ^= 1
	q, err := Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Verify(); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

func TestIsPack(t *testing.T) {
	p := compile(t, EngineAuto, nil)
	if !IsPack(p.data) || !IsPack(p.data[:8]) || IsPack(p.data[:7]) || IsPack([]byte("trawlpkg and more")) {
		t.Error("wrong")
	}
}

func TestLoadChecksWhatScansFollow(t *testing.T) {
	p := compile(t, EngineDFA, mixedRules())
	e := p.matcher.(*searcher).exact
	leaf := slices.IndexFunc(e.cells, func(s uint64) bool { return s&hasOutput != 0 })
	plain := slices.IndexFunc(e.cells[2*blockCells:], func(s uint64) bool { return s&hasOutput == 0 }) + 2*blockCells
	for name, data := range map[string][]byte{
		"a base outside":          setSection(p.data, sectionExact+partCells, 8*leaf, e.cells[leaf]|baseMask<<baseShift, 8),
		"a link outside":          setSection(p.data, sectionExact+partCells, 8*leaf, e.cells[leaf]|1<<62, 8),
		"a flag without an end":   setSection(p.data, sectionExact+partCells, 8*plain, e.cells[plain]|hasOutput, 8),
		"an end without a flag":   setSection(p.data, sectionExact+partCells, 8*leaf, e.cells[leaf]&^hasOutput, 8),
		"a root without all ways": setSection(p.data, sectionExact+partCells, 8*(rootBase^'z'), 'y', 1),
		"a root elsewhere":        setSection(p.data, sectionExact+partCells, 8*rootCell+1, 0, 3),
		"a rank":                  setSection(p.data, sectionExact+partRank, 4*5, 77, 4),
		"an output of no rule":    setSection(p.data, sectionExact+partOuts, 0, 99, 4),
		"a list outside":          setSection(p.data, sectionExact+partOuts, 0, outList|1000, 4),
		"a list's middle":         setSection(p.data, sectionExact+partOuts, 0, outList|1, 4),
		"a rule of the other":     setSection(p.data, sectionExact+partOuts, 0, 3, 4),
		"a list of no rule":       setSection(p.data, sectionExact+partLists, 0, 99, 4),
		"a list without end":      setSection(p.data, sectionExact+partLists, 4*(len(e.lists)-2), longItem|4, 4),
		"a short long literal":    setSection(p.data, sectionExact+partLong, 0, 0x05, 1),
		"ids that go back":        setSection(p.data, sectionIDOffsets, 4, 1<<31, 4),
		"ids not UTF-8":           setSection(p.data, sectionIDs, 0, 0xff, 1),
		"ids of another rule":     setSection(p.data, sectionNamed, 7, 0x80, 1),
		"ids of other ranks":      setSection(p.data, sectionNamedRank, 0, 1, 4),
		"a regex without id":      setSection(p.data, sectionNamed, 0, 0b10111101, 1),
		"more rules":              setSection(p.data, sectionInfo, 8, 10, 8),
		"flags unknown":           setSection(p.data, sectionFlags, 0, 0x80, 1),
		"a regex too many":        setSection(p.data, sectionFlags, 0, ruleRegex, 1),
		"a hit of a regex":        setSection(p.data, sectionExact+partOuts, 0, 6, 4),
		"triggers outside":        setSection(p.data, sectionTriggerOffsets, 4, 1000, 4),
		"a trigger of no regex":   setSection(p.data, sectionTriggers, 0, 3, 4),
		"formulas outside":        setSection(p.data, sectionFormulaOffsets, 4, 1000, 4),
		"a formula of no atom":    setSection(p.data, sectionFormulas, 4, 1000, 4),
		"a formula too long":      setSection(p.data, sectionFormulas, 0, formulaNode|9, 4),
		"metadata of no rule":     setSection(p.data, sectionMetaRules, 0, 99, 4),
		"broken metadata":         setSection(p.data, sectionMeta, 0, 0x7f, 1),
		"a class too many":        setSection(p.data, sectionExact+partClasses, 0, 0xff, 1),
		"a transition outside":    setSection(p.data, sectionExact+partNext, 40, uint64(len(e.table.(*dfa).next))-1, 4),
		"a terminal outside":      setSection(p.data, sectionExact+partTerminals, 0, uint64(len(e.cells)), 4),
		"tables of another":       setSection(p.data, sectionInfo, 0, 1, 4),
		"an unknown engine":       setSection(p.data, sectionInfo, 0, 9, 4),
		"counts that overflow":    setSection(p.data, sectionInfo, 8, 1<<63, 8),
	} {
		if bytes.Equal(data, p.data) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := Load(data); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The same for what other engines follow.
func TestLoadChecksWhatOtherEnginesFollow(t *testing.T) {
	sdfa := compile(t, EngineSDFA, wordRules(literals("abcdefgh", "bcdefghi"))).data
	da4 := compile(t, EngineDA4, mixedRules()).data
	filter := compile(t, EngineDA8, wordRules(literals("connection refused"))).data
	const outside = (1<<23 - 1) << sdfaShift
	for name, c := range map[string]struct{ good, bad []byte }{
		"sdfa, a deep base outside":    {sdfa, setSection(sdfa, sectionExact+partDeep, 4*77, outside, 4)},
		"sdfa, a shallow base outside": {sdfa, setSection(sdfa, sectionExact+partShallow, 0, outside, 4)},
		"sdfa, a row outside":          {sdfa, setSection(sdfa, sectionExact+partShallow, 4, 1<<20, 4)},
		"sdfa, a terminal outside":     {sdfa, setSection(sdfa, sectionExact+partTerminals, 0, 1<<24, 4)},
		"sdfa, a hit of no terminal":   {sdfa, setSection(sdfa, sectionExact+partDeep, 4*77, sdfaHit|7<<sdfaShift, 4)},
		"da4, a base outside":          {da4, setSection(da4, sectionExact+partDA4, 4*600, uint64(baseMask)<<baseShift, 4)},
		"da4, a root elsewhere":        {da4, setSection(da4, sectionExact+partDA4, 4*rootCell, 0, 4)},
		"q-grams of no bytes":          {filter, setSection(filter, sectionExact+partQgrams, 0, 0, 1)},
		"q-grams of nine bytes":        {filter, setSection(filter, sectionExact+partQgrams, 0, 9, 1)},
		"q-grams without a stride":     {filter, setSection(filter, sectionExact+partQgrams, 1, 0, 1)},
		"q-grams of a number of words": {filter, withSection(t, filter, sectionExact+partQgrams, 8*100+qgramHeader)},
		"q-grams without words":        {filter, withSection(t, filter, sectionExact+partQgrams, qgramHeader)},
		"an end outside the trie":      {da4, withSection(t, da4, sectionExact+partEnds, 8)},
	} {
		if _, err := Load(c.good); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(c.good, c.bad) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := Load(c.bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Failure links that go round are not looked for when loading: a scan gives up
// by itself.
func TestScanEndsWithLinksThatGoRound(t *testing.T) {
	p := compile(t, EngineDA8, []*Rule{{Literals: literals("abcdef")}, {Literals: literals("bcdx")}})
	e := p.matcher.(*searcher).exact
	data := p.data
	for slot, entry := range e.cells[2*blockCells:] {
		if fail := entry >> failShift; fail != 0 {
			slot += 2 * blockCells
			data = setSection(data, sectionExact+partCells, 8*slot, entry&(1<<32-1)|hasSuffixOutput|uint64(slot)<<failShift|entry&hasOutput, 8)
		}
	}
	q, err := Load(data)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("abcdeabcdef abcdx "), 1000)
	for _, q := range []*Pack{streamOnly(t, q), withLanes(t, q, 4, 1000)} {
		q.Scan(&Scratch{}, text, Query{})
		q.ScanLines(&Scratch{}, text, Query{}, func(*Line) bool { return true })
	}
}
