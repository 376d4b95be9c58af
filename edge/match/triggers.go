package match

// Which atoms of a text make regexes run. The strings in the formulas of all regexes of a pack are
// atoms, numbered behind the rules: an automaton reports atoms and rules alike. An atom can be a
// trigger of regexes: when the atom occurs, the formulas of these regexes are evaluated.

import (
	"math/bits"
	"slices"

	"trawl/edge/match/internal/required"
)

// triggers lies in the pack.
type triggers struct {
	triggerOffsets []uint32 // per atom, and one more: index in triggers
	regexes        []uint32 // numbers of regexes, in the order of the rules
	formulaOffsets []uint32 // per regex, and one more: index in formulas
	formulas       []uint32 // words; all words of a regex must be true besides the trigger
}

// A word of a formula is an atom; or, with formulaNode, the number of the following words that form
// a node. Any word of a node must be true, or, with formulaAll, every word.
const (
	formulaNode = 1 << 31
	formulaAll  = 1 << 30
	formulaMask = 1<<30 - 1

	maxFormulaDepth = 1000 // what the parser of regexes allows
)

func (p *triggers) atoms() int { return max(0, len(p.triggerOffsets)-1) }

func (p *triggers) triggered(atom uint32) []uint32 {
	return p.regexes[p.triggerOffsets[atom]:p.triggerOffsets[atom+1]]
}

func (p *triggers) formula(regex uint32) []uint32 {
	return p.formulas[p.formulaOffsets[regex]:p.formulaOffsets[regex+1]]
}

// hints says for each regex whether it has a trigger.
func (p *triggers) hints(regexes int) []bool {
	hinted := make([]bool, regexes)
	for _, regex := range p.regexes {
		hinted[regex] = true
	}
	return hinted
}

// holds evaluates words for the atoms seen in round: whether all words are true, or any.
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

// loadTriggers reads the sections and checks them: whatever they lead to is there, and formulas are
// no deeper than regexes can be.
func (l *loader) loadTriggers(regexes int) triggers {
	p := triggers{
		triggerOffsets: viewUint32s(l.take(sectionTriggerOffsets, 4)),
		regexes:        viewUint32s(l.take(sectionTriggers, 4)),
		formulaOffsets: viewUint32s(l.take(sectionFormulaOffsets, 4)),
		formulas:       viewUint32s(l.take(sectionFormulas, 4)),
	}
	if len(p.triggerOffsets)+len(p.regexes)+len(p.formulaOffsets)+len(p.formulas) == 0 {
		return p
	}
	if !isOffsets(p.triggerOffsets, p.atoms(), len(p.regexes)) || !isOffsets(p.formulaOffsets, regexes, len(p.formulas)) {
		l.damaged("offsets of required literals")
		return triggers{}
	}
	for _, regex := range p.regexes {
		if int(regex) >= regexes {
			l.damaged("triggers")
			return triggers{}
		}
	}
	for i := range regexes {
		if !isFormula(p.formula(uint32(i)), p.atoms(), maxFormulaDepth) {
			l.damaged("required literals of regex %d", i)
			return triggers{}
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

// atomKey tells the atoms of the two automata apart.
type atomKey struct {
	text   string
	folded bool
}

// triggersBuilder numbers atoms and encodes formulas.
type triggersBuilder struct {
	numbers  map[atomKey]uint32
	keys     []atomKey
	triggers [][]uint32     // per atom
	uses     map[string]int // number of regexes with a string
	offsets  []uint32
	formulas []uint32
}

// newTriggers lays out the formulas of regexes.
func newTriggers(regexes []builtRegex) *triggersBuilder {
	b := &triggersBuilder{numbers: map[atomKey]uint32{}, uses: map[string]int{}, offsets: []uint32{0}}
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

func (b *triggersBuilder) count(f *required.Formula) {
	if f == nil {
		return
	}
	for _, s := range f.Strings {
		b.uses[s]++
	}
	for _, sub := range f.Subs {
		b.count(sub)
	}
}

func (b *triggersBuilder) add(regex uint32, f *required.Formula, folded bool) {
	rest := []*required.Formula{f}
	best := f
	if f.And {
		// The trigger is the part that is rarest in texts and is shared with few regexes.
		best = slices.MaxFunc(f.Subs, func(x, y *required.Formula) int { return b.worth(x) - b.worth(y) })
		rest = slices.DeleteFunc(slices.Clone(f.Subs), func(sub *required.Formula) bool { return sub == best && best.Strings != nil })
	} else if f.Strings != nil {
		rest = nil
	}
	for _, text := range best.Trigger() {
		atom := b.atom(text, folded)
		b.triggers[atom] = append(b.triggers[atom], regex)
	}
	for _, sub := range rest {
		b.write(sub, folded)
	}
}

func (b *triggersBuilder) worth(f *required.Formula) int {
	common := 1
	for _, s := range f.Strings {
		common = max(common, b.uses[s])
	}
	return f.Rarity() - 3*bits.Len(uint(common-1))
}

func (b *triggersBuilder) write(f *required.Formula, folded bool) {
	if len(f.Strings) == 1 {
		b.formulas = append(b.formulas, b.atom(f.Strings[0], folded))
		return
	}
	at := len(b.formulas)
	b.formulas = append(b.formulas, 0)
	for _, s := range f.Strings {
		b.formulas = append(b.formulas, b.atom(s, folded))
	}
	for _, sub := range f.Subs {
		b.write(sub, folded)
	}
	b.formulas[at] = formulaNode | uint32(len(b.formulas)-at-1)
	if f.And {
		b.formulas[at] |= formulaAll
	}
}

func (b *triggersBuilder) atom(text string, folded bool) uint32 {
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

func (b *triggersBuilder) sections() []section {
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
