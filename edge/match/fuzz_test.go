package match

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// FuzzLoad changes packs at will, makes the checksums right again, and scans
// with those that load: nothing may panic or hang.
func FuzzLoad(f *testing.F) {
	packs := [][]byte{
		compile(f, EngineDA8, mixedRules()).data,
		compile(f, EngineDA8, []*Rule{{Literals: literals("abcab")}, {Literals: literals("bcd")}}).data,
		compile(f, EngineDFA, []*Rule{{Literals: literals("abcab")}, {ID: "n", Literals: literals("bcd"), NoCase: true}}).data,
		compile(f, EngineSDFA, []*Rule{{ID: "e", Literals: literals("abcab", "bcabc")}, {ID: "n", Literals: literals("bcdefg"), NoCase: true}}).data,
		compile(f, EngineDA4, []*Rule{{ID: "e", Literals: literals("abcab", "b")}, {ID: "n", Literals: literals("bcd"), NoCase: true}}).data,
		compile(f, EngineCloudflare, []*Rule{{Literals: literals("ab")}, {Literals: literals("b")}}).data,
	}
	for i := range packs {
		f.Add(uint8(i), []byte{}, []byte(mixedText))
		f.Add(uint8(i), []byte{0, 0, 0, 70, 1, 0, 0, 1, 16, 0x80}, []byte("abcabcd\nerror"))
	}
	s := &Scratch{}
	f.Fuzz(func(t *testing.T, which uint8, changes, text []byte) {
		data := bytes.Clone(packs[int(which)%len(packs)])
		// A change is where (4 bytes) and what (1 byte).
		for ; len(changes) >= 5; changes = changes[5:] {
			data[int(binary.BigEndian.Uint32(changes)%uint32(len(data)))] ^= changes[4]
		}
		if !canSeal(data) {
			Load(data)
			return
		}
		sealPack(data)
		useDamaged(t, s, data, text)
	})
}

// FuzzLoadSections changes whole sections: their size, kind, order and content,
// sections of other packs among them, with all checksums right.
func FuzzLoadSections(f *testing.F) {
	var packs [][]rawSection
	for _, engine := range []string{EngineDA8, EngineDFA, EngineSDFA, EngineDA4, EngineCloudflare} {
		packs = append(packs, sectionsOf(compile(f, engine, goldenRules(engine)).data))
	}
	packs = append(packs,
		sectionsOf(compile(f, EngineDA8, wordRules(literals("he", "she", "hers"))).data),
		sectionsOf(compile(f, EngineDFA, wordRules(literals("connection refused", "out of memory"))).data),
		sectionsOf(compile(f, EngineDA8, nil).data))
	for i := range packs {
		f.Add(uint8(i), []byte{}, []byte(mixedText))
		for op := range byte(8) {
			f.Add(uint8(i), []byte{op, 1, 2, 3, op + 1, 4, 5, 6}, []byte(mixedText))
		}
	}
	s := &Scratch{}
	f.Fuzz(func(t *testing.T, which uint8, changes, text []byte) {
		list := slices.Clone(packs[int(which)%len(packs)])
		// A change is what (1 byte), which section, and two numbers.
		for ; len(changes) >= 4 && len(list) > 0; changes = changes[4:] {
			i, x, y := int(changes[1])%len(list), int(changes[2]), int(changes[3])
			c := &list[i]
			switch changes[0] % 8 {
			case 0: // shorter
				c.data = c.data[:len(c.data)*x/256&^(y&7)]
			case 1: // longer
				c.data = append(slices.Clone(c.data), bytes.Repeat([]byte{byte(y)}, 4*x)...)
			case 2: // of another pack
				other := packs[x%len(packs)]
				c.data = other[y%len(other)].data
			case 3: // of the same kind in another pack
				for _, other := range packs[x%len(packs)] {
					if other.kind == c.kind {
						c.data = other.data
					}
				}
			case 4: // gone
				list = slices.Delete(list, i, i+1)
			case 5: // another kind, in another place
				c.kind = uint32(x % 64)
				j := y % len(list)
				list[i], list[j] = list[j], list[i]
			case 6: // the same number all over
				c.data = bytes.Repeat([]byte{byte(x), byte(y), 0, 0}, (len(c.data)+3)/4)
			case 7: // numbers in another order
				c.data = slices.Clone(c.data)
				for at := 0; at+8 <= len(c.data); at += 4 {
					if from := (at*x + 4*y) % (len(c.data) - 3) &^ 3; at%8 == 0 {
						copy(c.data[at:at+4], c.data[from:])
					}
				}
			}
		}
		if len(list) <= maxSections {
			useDamaged(t, s, packOf(t, list), text)
		}
	})
}

// useDamaged does with a pack that loads all that one can.
func useDamaged(t *testing.T, s *Scratch, data, text []byte) {
	p, err := Load(data)
	if err != nil {
		return
	}
	if p.NumRules() > len(data) {
		t.Fatalf("%d rules in %d bytes", p.NumRules(), len(data))
	}
	for i := range p.NumRules() {
		p.ID(i)
		p.Meta(i)
		p.Regex(i)
	}
	text = text[:min(len(text), 1000)]
	for _, p := range append(withFilters(t, p, 100), streamOnly(t, p), withLanes(t, p, 4, 100), p) {
		for want := WantMatches; want <= WantAny; want++ {
			for _, m := range p.Scan(s, text, Query{Want: want}).Matches {
				p.MatchID(m, text)
			}
			p.ScanLines(s, text, Query{Want: want, Limit: 5}, func(*Line) bool { return true })
		}
	}
}

// FuzzLoadBytes gives Load anything.
func FuzzLoadBytes(f *testing.F) {
	f.Add([]byte("trawlpk\x00"))
	f.Add(compile(f, EngineAuto, mixedRules()).data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Load(data); err == nil {
			p.Scan(&Scratch{}, data, Query{Limit: 10})
		}
	})
}

// FuzzScan compares literals, in every combination of flags, and a regex with
// the oracle. The literals are separated by a zero byte.
func FuzzScan(f *testing.F) {
	f.Add([]byte("he\x00she\x00hers"), "h.r", []byte("ushers\nHE she"), uint16(0))
	f.Add([]byte("k\x00\u212a\x00ſ"), "(?i:k)", []byte("\u212aK k\xe2\x84\u017fS"), uint16(0xffff))
	f.Fuzz(func(t *testing.T, list []byte, regex string, text []byte, bits uint16) {
		if len(list) > 2000 || len(text) > 500 || len(regex) > 50 {
			return
		}
		var rules []*Rule
		b := NewBuilder(Options{Engine: testedEngines[int(bits>>3&3)%len(testedEngines)]})
		add := func(r *Rule) {
			r.ID = fmt.Sprint(len(rules))
			if b.Add(r) == nil {
				rules = append(rules, r)
			}
		}
		for i, l := range bytes.Split(list, []byte{0}) {
			add(&Rule{Literals: [][]byte{l}, NoCase: bits>>(i%4)&1 != 0, Whole: bits>>(i%5)&2 != 0})
		}
		add(&Rule{Regex: regex, NoCase: bits&16 != 0})
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		q := Query{Want: Want(bits >> 8 % 5), Limit: int(bits >> 12 & 3), Total: int(bits >> 14)}
		expected := newOracle(rules).expect(text)
		expected.check(t, p, &Scratch{}, q)
		expected.check(t, withLanes(t, p, 4, 4+int(bits>>5&31)), &Scratch{}, q)
		for _, filtered := range withFilters(t, p, 4+int(bits>>5&31)) {
			expected.check(t, filtered, &Scratch{}, q)
		}
	})
}
