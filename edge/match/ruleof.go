package match

// Getting rules back out of a pack.

import (
	"math/bits"
	"slices"
)

// Regexes are the numbers of the rules that are regexes, ascending.
func (p *Pack) Regexes() []int {
	rules := make([]int, len(p.regexes))
	for i, r := range p.regexes {
		rules[i] = int(r.rule)
	}
	return rules
}

// Rule returns a rule as it was added, as far as the pack holds it: literals
// that ignore case come back folded, each rune of them as the smallest of its
// folding orbit, and in the order of their bytes. It goes through all literals, so it is
// not for every match. ok is false if the pack is damaged, or its engine keeps no literals.
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
	if e, is := p.engine.(*automata); is {
		r.Literals = e.literalsOf(uint32(rule))
	}
	return r, len(r.Literals) > 0
}

// literalsOf walks the automaton that has the literals of a rule.
func (e *automata) literalsOf(rule uint32) [][]byte {
	a := e.exact
	if e.flags.of(rule)&ruleNoCase != 0 {
		a = e.folded
	}
	if a == nil {
		return nil
	}
	owners := a.owners()
	var literals [][]byte
	var hits []hit
	for i, word := range a.ends {
		for ; word != 0; word &= word - 1 {
			slot := uint32(64*i + bits.TrailingZeros64(word))
			hits = a.appendEnds(hits[:0], slot)
			for _, h := range hits {
				switch {
				case h.rule != rule:
				case h.long >= 0:
					literals = append(literals, slices.Clone(a.long[h.long].text))
				default:
					if text := a.spell(owners, slot, h.length); len(text) > 0 {
						literals = append(literals, text)
					}
				}
			}
		}
	}
	slices.SortFunc(literals, slices.Compare)
	return literals
}
