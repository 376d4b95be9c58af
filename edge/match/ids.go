package match

// The ids of rules, and getting rules back out of a pack. A rule needs no id in the pack if the id
// is the single literal and the literal is found as written: then the id is the text of the match.
// From a number alone such an id is found by going through the automata.

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// nameTable holds the ids that are not the text of a match. Its slices lie in the pack.
type nameTable struct {
	// Bit per rule: the rule has an id here. Both are empty where all rules have one, or none has.
	named []uint64
	rank  []uint32 // bits set before word i of named

	offsets []uint32 // the n-th id is ids[offsets[n]:offsets[n+1]]; empty: no ids
	ids     []byte
}

// find returns the id of a rule, a view; false: the id is the text of a match.
func (t *nameTable) find(rule uint32) (id []byte, ok bool) {
	if len(t.offsets) == 0 {
		return nil, false
	}
	n := rule
	if len(t.named) > 0 {
		word, bit := t.named[rule/64], uint64(1)<<(rule%64)
		if word&bit == 0 {
			return nil, false
		}
		n = t.rank[rule/64] + uint32(bits.OnesCount64(word&(bit-1)))
	}
	return t.ids[t.offsets[n]:t.offsets[n+1]], true
}

// count is the number of ids.
func (t *nameTable) count() int { return max(0, len(t.offsets)-1) }

// names takes the ids of a pack.
func (l *loader) names(p *Pack) {
	t := &p.names
	t.named = viewUint64s(l.take(sectionNamed, 8))
	t.rank = viewUint32s(l.take(sectionNamedRank, 4))
	t.offsets = viewUint32s(l.take(sectionIDOffsets, 4))
	t.ids = l.take(sectionIDs, 1)
	if len(t.named) == 0 && len(t.rank) == 0 && len(t.offsets) == 0 && len(t.ids) == 0 {
		return
	}
	n := p.flags.rules
	if len(t.named) > 0 || len(t.rank) > 0 {
		n = l.ranks(t.named, t.rank)
		if len(t.named) != (p.flags.rules+63)/64 || highestBit(t.named) >= p.flags.rules {
			l.damaged("named rules")
		}
	}
	if l.err == nil && (n == 0 || !isOffsets(t.offsets, n, len(t.ids)) || !utf8.Valid(t.ids)) {
		l.damaged("ids")
	}
	if l.err != nil {
		return
	}
	for _, at := range t.offsets {
		if int(at) < len(t.ids) && !utf8.RuneStart(t.ids[at]) {
			l.damaged("an id is cut inside a character")
			return
		}
	}
}

// ranks checks that rank counts the bits of set, and returns the number of bits.
func (l *loader) ranks(set []uint64, rank []uint32) int {
	if len(rank) != len(set) {
		l.damaged("ranks")
		return 0
	}
	total := 0
	for i, word := range set {
		if rank[i] != uint32(total) {
			l.damaged("ranks")
			return 0
		}
		total += bits.OnesCount64(word)
	}
	return total
}

// rankOf counts the bits before each word of set.
func rankOf(set []uint64) []uint32 {
	rank := make([]uint32, len(set))
	total := uint32(0)
	for i, word := range set {
		rank[i] = total
		total += uint32(bits.OnesCount64(word))
	}
	return rank
}

// highestBit is the number of the last bit set, or -1.
func highestBit(set []uint64) int {
	for i := len(set) - 1; i >= 0; i-- {
		if set[i] != 0 {
			return 64*i + bits.Len64(set[i]) - 1
		}
	}
	return -1
}

// MatchID names the rule of a match in text, the text scanned. The id is a view of the pack or of
// text: it holds as long as both do, and must not be changed. It is valid UTF-8.
func (p *Pack) MatchID(m Match, text []byte) []byte {
	if id, ok := p.names.find(m.Rule); ok {
		return id
	}
	return text[m.Start:m.End:m.End]
}

// ID names a rule. The id is valid UTF-8 and holds until Close. Callers with a match use
// [Pack.MatchID]: ids equal to the literal are not in the pack, so the first call of ID for such a
// rule walks all literals and keeps the texts.
func (p *Pack) ID(rule int) string {
	if id, ok := p.names.find(uint32(rule)); ok {
		return viewString(id)
	}
	return p.texts()[rule]
}

// terminal is a state in which patterns end, and the bytes that lead there.
type terminal struct {
	cell uint32
	text []byte
}

// terminalTexts spells the strings of all terminal states; nil: the pack is damaged.
func (a *automaton) terminalTexts() []terminal {
	list := make([]terminal, 0, len(a.outs))
	owners := a.owners()
	for i, word := range a.ends {
		for ; word != 0; word &= word - 1 {
			cell := uint32(64*i + bits.TrailingZeros64(word))
			text := a.spell(owners, cell, int(a.depths[a.number(cell)]))
			if len(text) == 0 {
				return nil
			}
			list = append(list, terminal{cell, text})
		}
	}
	return list
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
	e, ok := p.matcher.(*searcher)
	if !ok {
		return // all have an id
	}
	var patterns []pattern
	for _, a := range []*automaton{e.exact, e.folded} {
		if a == nil {
			continue
		}
		owners := a.owners()
		for i, word := range a.ends {
			for ; word != 0; word &= word - 1 {
				cell := uint32(64*i + bits.TrailingZeros64(word))
				patterns = a.appendPatterns(patterns[:0], cell)
				for _, h := range patterns {
					if int(h.rule) >= p.NumRules() {
						continue // an atom
					}
					if _, named := p.names.find(h.rule); named || !wanted(h.rule) {
						continue
					}
					var text []byte
					if h.long >= 0 {
						text = a.long[h.long].text
					} else {
						text = a.spell(owners, cell, h.length)
					}
					do(h.rule, strings.ToValidUTF8(string(text), "\uFFFD"))
				}
			}
		}
	}
}

// owners returns, by base, the state whose children lie there. A state without children may have
// borrowed the base: then literals end in that state, and none end in the owner.
func (a *automaton) owners() []uint32 {
	n := 64 * len(a.ends)
	owners := make([]uint32, n)
	for i := range n {
		cell := uint32(i)
		base := a.edge(cell) >> baseShift
		if base == 0 || base == rootBase {
			continue
		}
		if owners[base] == 0 || !hasBit(a.ends, cell) {
			owners[base] = cell
		}
	}
	owners[rootBase] = rootCell
	return owners
}

// spell returns the bytes leading to a state; nothing if they are not as many as length: then the
// pack is damaged.
func (a *automaton) spell(owners []uint32, cell uint32, length int) []byte {
	text := make([]byte, length)
	for cell != rootCell {
		if length == 0 || cell == 0 {
			return nil
		}
		length--
		text[length] = byte(a.edge(cell))
		cell = owners[cell^uint32(text[length])]
	}
	return text[length:]
}

// Regexes returns the numbers of the rules that are regexes, ascending.
func (p *Pack) Regexes() []int {
	rules := make([]int, len(p.regexes))
	for i, r := range p.regexes {
		rules[i] = int(r.rule)
	}
	return rules
}

// Rule returns a rule as it was added, as far as the pack holds the rule. Literals come back in the
// order of bytes; literals of a rule that ignores case come back folded, each rune the smallest of
// the folding orbit. Rule goes through all literals, which is too slow for every match. ok is false
// if the pack is damaged, or if the engine keeps no literals.
func (p *Pack) Rule(rule int) (r *Rule, ok bool) {
	flags := p.flags.of(uint32(rule))
	meta := p.Meta(rule)
	r = &Rule{
		NoCase: flags&ruleNoCase != 0, Whole: flags&ruleWhole != 0,
		Tags: meta.Tags, Severity: meta.Severity, Message: meta.Message, Data: meta.Data,
	}
	if id, named := p.names.find(uint32(rule)); named {
		r.ID = string(id)
	}
	if i, is := findRegex(p.regexes, uint32(rule)); is {
		r.Regex = p.regexes[i].expr
		return r, true
	}
	if e, is := p.matcher.(*searcher); is {
		r.Literals = e.literalsOf(uint32(rule))
	}
	return r, len(r.Literals) > 0
}

// literalsOf walks the automaton with the literals of a rule.
func (e *searcher) literalsOf(rule uint32) [][]byte {
	a := e.exact
	if e.flags.of(rule)&ruleNoCase != 0 {
		a = e.folded
	}
	if a == nil {
		return nil
	}
	owners := a.owners()
	var literals [][]byte
	var patterns []pattern
	for i, word := range a.ends {
		for ; word != 0; word &= word - 1 {
			cell := uint32(64*i + bits.TrailingZeros64(word))
			patterns = a.appendPatterns(patterns[:0], cell)
			for _, h := range patterns {
				switch {
				case h.rule != rule:
				case h.long >= 0:
					literals = append(literals, slices.Clone(a.long[h.long].text))
				default:
					if text := a.spell(owners, cell, h.length); len(text) > 0 {
						literals = append(literals, text)
					}
				}
			}
		}
	}
	slices.SortFunc(literals, slices.Compare)
	return literals
}
