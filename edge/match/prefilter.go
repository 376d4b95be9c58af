package match

// The formulas of all regexes of a pack. Their strings are atoms, numbered
// behind the rules, so that an automaton reports them as it reports rules. An
// atom is a trigger of regexes: that is when their formulas are looked at.

import (
	"math/bits"
	"slices"
)

// prefilter lies in the pack.
type prefilter struct {
	triggerOffsets []uint32 // per atom and one more, into triggers
	triggers       []uint32 // numbers of regexes, in the order of their rules
	formulaOffsets []uint32 // per regex and one more, into formulas
	formulas       []uint32 // words; all those of a regex must be true besides its trigger
}

// A word of a formula is an atom; or with formulaNode the number of words that
// follow and belong to it, one of which must be true, or with formulaAll all.
const (
	formulaNode = 1 << 31
	formulaAll  = 1 << 30
	formulaMask = 1<<30 - 1

	maxFormulaDepth = 1000 // what the parser of regexes allows
)

func (p *prefilter) atoms() int { return max(0, len(p.triggerOffsets)-1) }

func (p *prefilter) triggered(atom uint32) []uint32 {
	return p.triggers[p.triggerOffsets[atom]:p.triggerOffsets[atom+1]]
}

func (p *prefilter) formula(regex uint32) []uint32 {
	return p.formulas[p.formulaOffsets[regex]:p.formulaOffsets[regex+1]]
}

// hints says of each regex whether it has a trigger.
func (p *prefilter) hints(regexes int) []bool {
	hinted := make([]bool, regexes)
	for _, regex := range p.triggers {
		hinted[regex] = true
	}
	return hinted
}

// holds evaluates words for the atoms seen in round: all of them, or any.
func holds(words []uint32, all bool, seen []uint32, round uint32) bool {
	for i := 0; i < len(words); {
		word := words[i]
		i++
		var is bool
		if word&formulaNode == 0 {
			is = seen[word] == round
		} else {
			n := int(word & formulaMask)
			is = holds(words[i:i+n], word&formulaAll != 0, seen, round)
			i += n
		}
		if is != all {
			return is
		}
	}
	return all
}

// prefilter reads and checks the sections: what they lead to is there, and
// formulas are as deep as formulas get.
func (l *loader) prefilter(regexes int) prefilter {
	p := prefilter{
		triggerOffsets: viewUint32s(l.take(sectionTriggerOffsets, 4)),
		triggers:       viewUint32s(l.take(sectionTriggers, 4)),
		formulaOffsets: viewUint32s(l.take(sectionFormulaOffsets, 4)),
		formulas:       viewUint32s(l.take(sectionFormulas, 4)),
	}
	if len(p.triggerOffsets)+len(p.triggers)+len(p.formulaOffsets)+len(p.formulas) == 0 {
		return p
	}
	if !isOffsets(p.triggerOffsets, p.atoms(), len(p.triggers)) || !isOffsets(p.formulaOffsets, regexes, len(p.formulas)) {
		l.damaged("offsets of required literals")
		return prefilter{}
	}
	for _, regex := range p.triggers {
		if int(regex) >= regexes {
			l.damaged("triggers")
			return prefilter{}
		}
	}
	for i := range regexes {
		if !isFormula(p.formula(uint32(i)), p.atoms(), maxFormulaDepth) {
			l.damaged("required literals of regex %d", i)
			return prefilter{}
		}
	}
	return p
}

func isFormula(words []uint32, atoms, depth int) bool {
	for i := 0; i < len(words); {
		word := words[i]
		i++
		if word&formulaNode == 0 {
			if int(word) >= atoms {
				return false
			}
			continue
		}
		n := int(word & formulaMask)
		if n > len(words)-i || depth == 0 || !isFormula(words[i:i+n], atoms, depth-1) {
			return false
		}
		i += n
	}
	return true
}

// atomKey tells atoms of the two automata apart.
type atomKey struct {
	text   string
	folded bool
}

// prefilterBuilder numbers atoms and writes formulas down.
type prefilterBuilder struct {
	numbers  map[atomKey]uint32
	keys     []atomKey
	triggers [][]uint32     // per atom
	uses     map[string]int // regexes that have a string
	offsets  []uint32
	formulas []uint32
}

// newPrefilter lays out the formulas of regexes.
func newPrefilter(regexes []builtRegex) *prefilterBuilder {
	b := &prefilterBuilder{numbers: map[atomKey]uint32{}, uses: map[string]int{}, offsets: []uint32{0}}
	for i := range regexes {
		b.count(regexes[i].required)
	}
	for i := range regexes {
		if r := &regexes[i]; r.required != nil {
			b.add(uint32(i), r.required, r.folded)
		}
		b.offsets = append(b.offsets, uint32(len(b.formulas)))
	}
	return b
}

func (b *prefilterBuilder) count(f *formula) {
	if f == nil {
		return
	}
	for _, s := range f.strings {
		b.uses[s]++
	}
	for _, sub := range f.subs {
		b.count(sub)
	}
}

func (b *prefilterBuilder) add(regex uint32, f *formula, folded bool) {
	rest := []*formula{f}
	best := f
	if f.and {
		// The trigger is the part that is rarest in texts, and shared with few regexes.
		best = slices.MaxFunc(f.subs, func(x, y *formula) int { return b.worth(x) - b.worth(y) })
		rest = slices.DeleteFunc(slices.Clone(f.subs), func(sub *formula) bool { return sub == best && best.strings != nil })
	} else if f.strings != nil {
		rest = nil
	}
	for _, text := range best.trigger() {
		atom := b.atom(text, folded)
		b.triggers[atom] = append(b.triggers[atom], regex)
	}
	for _, sub := range rest {
		b.write(sub, folded)
	}
}

func (b *prefilterBuilder) worth(f *formula) int {
	most := 1
	for _, s := range f.strings {
		most = max(most, b.uses[s])
	}
	return f.rarity() - 3*bits.Len(uint(most-1))
}

func (b *prefilterBuilder) write(f *formula, folded bool) {
	if len(f.strings) == 1 {
		b.formulas = append(b.formulas, b.atom(f.strings[0], folded))
		return
	}
	at := len(b.formulas)
	b.formulas = append(b.formulas, 0)
	for _, s := range f.strings {
		b.formulas = append(b.formulas, b.atom(s, folded))
	}
	for _, sub := range f.subs {
		b.write(sub, folded)
	}
	b.formulas[at] = formulaNode | uint32(len(b.formulas)-at-1)
	if f.and {
		b.formulas[at] |= formulaAll
	}
}

func (b *prefilterBuilder) atom(text string, folded bool) uint32 {
	key := atomKey{text, folded}
	number, ok := b.numbers[key]
	if !ok {
		number = uint32(len(b.keys))
		b.numbers[key] = number
		b.keys = append(b.keys, key)
		b.triggers = append(b.triggers, nil)
	}
	return number
}

func (b *prefilterBuilder) sections() []section {
	if len(b.keys) == 0 {
		return nil
	}
	offsets := []uint32{0}
	var triggers []uint32
	for _, list := range b.triggers {
		triggers = append(triggers, list...)
		offsets = append(offsets, uint32(len(triggers)))
	}
	list := []section{
		uint32Section(sectionTriggerOffsets, offsets),
		uint32Section(sectionTriggers, triggers),
		uint32Section(sectionFormulaOffsets, b.offsets),
	}
	if len(b.formulas) > 0 {
		list = append(list, uint32Section(sectionFormulas, b.formulas))
	}
	return list
}
