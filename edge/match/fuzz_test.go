package match

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// FuzzLoad changes packs at will, makes the checksums right again, and scans
// with those that load: nothing may panic or hang.
func FuzzLoad(f *testing.F) {
	packs := [][]byte{
		compile(f, EngineDA8, mixedRules()).data,
		compile(f, EngineDA8, []*Rule{{Literals: literals("abcab")}, {Literals: literals("bcd")}}).data,
		compile(f, EngineDFA, []*Rule{{Literals: literals("abcab")}, {ID: "n", Literals: literals("bcd"), NoCase: true}}).data,
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
		p, err := Load(data)
		if err != nil {
			return
		}
		for i := range p.NumRules() {
			p.ID(i)
			p.Meta(i)
			p.Hints(i)
		}
		text = text[:min(len(text), 1000)]
		for _, p := range []*Pack{oneStream(t, p), withLanes(t, p, 4, 100)} {
			for want := WantMatches; want <= WantAny; want++ {
				p.Scan(s, text, Query{Want: want})
				p.ScanLines(s, text, Query{Want: want, Limit: 5}, func(*Line) bool { return true })
			}
		}
	})
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
		b := NewBuilder(Options{Engine: []string{EngineDA8, EngineDFA}[bits>>3&1]})
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
		checkScan(t, p, &Scratch{}, rules, text, q)
		checkScan(t, withLanes(t, p, 4, 4+int(bits>>5&31)), &Scratch{}, rules, text, q)
	})
}
