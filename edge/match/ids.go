package match

// Naming rules: from a match in its text at once, from a number alone by going
// through the automata.

import (
	"math/bits"
	"strings"
)

// MatchID names the rule of a match in text, which is what was scanned. It is a
// view, of the pack or of text: it holds as long as they do, and must not be
// changed. It is valid UTF-8.
func (p *Pack) MatchID(m Match, text []byte) []byte {
	if id, ok := p.names.find(m.Rule); ok {
		return id
	}
	return text[m.Start:m.End:m.End]
}

// ID names a rule; it is always valid UTF-8, and holds until Close. Where a
// match is at hand use [Pack.MatchID]: ids that are the literal itself are not
// in the pack, so the first call for one of these has to walk all literals and
// keeps their texts.
func (p *Pack) ID(rule int) string {
	if id, ok := p.names.find(uint32(rule)); ok {
		return viewString(id)
	}
	return p.texts()[rule]
}

// IDs names rules. It walks all literals once if one of the rules has its literal for an id, and keeps
// no texts: it is for a few rules now and then. The ids hold until Close.
func (p *Pack) IDs(rules []uint32) []string {
	ids := make([]string, len(rules))
	places := make(map[uint32]int)
	for i, rule := range rules {
		if id, ok := p.names.find(rule); ok {
			ids[i] = viewString(id)
		} else {
			places[rule] = i
		}
	}
	if len(places) > 0 {
		wanted := func(rule uint32) bool { _, ok := places[rule]; return ok }
		p.eachLiteralText(wanted, func(rule uint32, text string) { ids[places[rule]] = text })
	}
	return ids
}

// literalTexts returns the literals of the rules without an id in the pack.
func (p *Pack) literalTexts() []string {
	texts := make([]string, p.NumRules())
	p.eachLiteralText(func(uint32) bool { return true }, func(rule uint32, text string) { texts[rule] = text })
	return texts
}

// eachLiteralText calls do with the literals of the wanted rules without an id in the pack.
func (p *Pack) eachLiteralText(wanted func(rule uint32) bool, do func(rule uint32, text string)) {
	e, ok := p.engine.(*automata)
	if !ok {
		return // all have an id
	}
	var hits []hit
	for _, a := range []*automaton{e.exact, e.folded} {
		if a == nil {
			continue
		}
		owners := a.owners()
		for i, word := range a.ends {
			for ; word != 0; word &= word - 1 {
				slot := uint32(64*i + bits.TrailingZeros64(word))
				hits = a.appendEnds(hits[:0], slot)
				for _, h := range hits {
					if int(h.rule) >= p.NumRules() {
						continue // of a regex
					}
					if _, named := p.names.find(h.rule); named || !wanted(h.rule) {
						continue
					}
					var text []byte
					if h.long >= 0 {
						text = a.long[h.long].text
					} else {
						text = a.spell(owners, slot, h.length)
					}
					do(h.rule, strings.ToValidUTF8(string(text), "\uFFFD"))
				}
			}
		}
	}
}

// owners returns, by base, the state whose children lie there. A state without
// children may have borrowed the base: then literals end in it, and none in the
// owner.
func (a *automaton) owners() []uint32 {
	n := 64 * len(a.ends)
	owners := make([]uint32, n)
	for i := range n {
		slot := uint32(i)
		base := a.cell(slot) >> baseShift
		if base == 0 || base == rootBase {
			continue
		}
		if owners[base] == 0 || !hasBit(a.ends, slot) {
			owners[base] = slot
		}
	}
	owners[rootBase] = rootSlot
	return owners
}

// spell returns the bytes that lead to slot, nothing if they are not length:
// then the pack is damaged.
func (a *automaton) spell(owners []uint32, slot uint32, length int) []byte {
	text := make([]byte, length)
	for slot != rootSlot {
		if length == 0 || slot == 0 {
			return nil
		}
		length--
		text[length] = byte(a.cell(slot))
		slot = owners[slot^uint32(text[length])]
	}
	return text[length:]
}
