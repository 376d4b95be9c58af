package match

// From the rules of a builder to the sections of a pack.

import (
	"encoding/binary"
	"fmt"
)

// Compiled tells what was made of a set of rules.
type Compiled struct {
	Info
	Hash   string // as of Pack.Hash
	Choice Choice
}

// compiled is what a pack is written from.
type compiled struct {
	sections []section
	choice   Choice
}

// Pack compiles what was added. The same rules in the same order give the same
// bytes, and so the same hash. An empty set is a pack that matches nothing. It
// can be called again and gives a pack of its own each time.
func (b *Builder) Pack() (*Pack, error) {
	c, err := b.compile()
	if err != nil {
		return nil, err
	}
	f := &memoryFile{make([]byte, 0, packSize(c.sections))}
	if _, err := writePack(f, c.sections); err != nil {
		return nil, err
	}
	return Load(f.data)
}

// Write is Pack with the result in a file, which has to be empty: besides the
// automata that are being built it needs hardly any memory. An error that is none
// of the package's is one of f's; then f is to be thrown away, and Write or Pack
// can be called again.
func (b *Builder) Write(f File) (*Compiled, error) {
	c, err := b.compile()
	if err != nil {
		return nil, err
	}
	header, err := writePack(f, c.sections)
	if err != nil {
		return nil, err
	}
	info := b.stats
	info.Name, info.Engine = b.options.Name, c.choice.Engine
	info.Rules, info.Regexes, info.Bytes = b.flags.rules, len(b.regexes), packSize(c.sections)
	info.AutomataBytes = automataSize(c.sections)
	for _, r := range b.regexes {
		if r.required == nil {
			info.Unhinted++
		}
	}
	return &Compiled{info, fmt.Sprintf("%x", header[atHash:]), c.choice}, nil
}

// compile does the work, once. It frees what it needs no more as it goes: what
// is alive at the same time is what building a large set needs memory for.
func (b *Builder) compile() (*compiled, error) {
	if b.made != nil || b.err != nil {
		return b.made, b.err
	}
	b.ids, b.places = nil, nil
	required, err := b.addAtoms()
	if err != nil {
		b.err = err
		return nil, err
	}
	b.exact = sortLiterals(b.arena, b.exact)
	b.folded = sortLiterals(b.arena, b.folded)
	b.countLiterals()
	plans, err := b.plans()
	if err != nil {
		b.err = err
		return nil, err
	}
	common := append(b.ruleSections(), required.sections()...)
	choice, automata, err := b.engine.choose(plans, b.options.Budget, packSize(common)+align(infoSize+int64(len(b.options.Name)))+tableEntry)
	if err != nil {
		b.err = err
		return nil, err
	}
	info := b.infoSection(automata.kind)
	b.made = &compiled{append(append([]section{info}, common...), automata.sections...), choice}
	return b.made, nil
}

// plans lists the engines that the literals can be compiled for.
func (b *Builder) plans() ([]plan, error) {
	if b.engine == kindCloudflare {
		if err := b.engine.fits(b.stats.PatternBytes); err != nil {
			return nil, err
		}
		return []plan{{kind: kindCloudflare, sections: []section{b.literalSection()}, heap: cloudflareMemory(b.stats.PatternBytes)}}, nil
	}
	var built []builtPart
	for _, part := range []struct {
		first    uint32
		literals *[]literal
	}{{sectionExact, &b.exact}, {sectionFolded, &b.folded}} {
		if len(*part.literals) == 0 {
			continue
		}
		a, err := buildAutomaton(b.arena, *part.literals, maxSlots)
		if err != nil {
			return nil, err
		}
		*part.literals = nil // used up
		b.stats.States += a.states
		built = append(built, builtPart{part.first, a})
	}
	return plansFor(built, regexMemory(b.regexes), b.engine, b.options.Text), nil
}

// addAtoms adds what regexes require to the literals, numbered behind the rules.
func (b *Builder) addAtoms() (*prefilterBuilder, error) {
	required := newPrefilter(b.regexes)
	size := 0
	for _, atom := range required.keys {
		size += len(atom.text)
	}
	if size > maxArena-len(b.arena) || len(required.keys) > maxRules-b.flags.rules {
		return nil, fmt.Errorf("%w: split the rule set", ErrTooLarge)
	}
	for i, atom := range required.keys {
		into := &b.exact
		if atom.folded {
			into = &b.folded
		}
		b.addLiteral(into, []byte(atom.text), uint32(b.flags.rules+i))
	}
	return required, nil
}

// countLiterals fills in what the literals, atoms aside, amount to.
func (b *Builder) countLiterals() {
	for _, list := range [][]literal{b.exact, b.folded} {
		for _, l := range list {
			if int(l.rule) < b.flags.rules {
				b.stats.Literals++
				b.stats.PatternBytes += int64(l.length)
			}
		}
	}
}

func (b *Builder) infoSection(kind engineKind) section {
	data := binary.LittleEndian.AppendUint32(nil, uint32(kind))
	data = binary.LittleEndian.AppendUint32(data, 0)
	for _, n := range []uint64{
		uint64(b.flags.rules), uint64(b.stats.Literals), uint64(b.stats.PatternBytes),
		uint64(b.stats.LongestLiteral), uint64(b.stats.States),
	} {
		data = binary.LittleEndian.AppendUint64(data, n)
	}
	return bytesSection(sectionInfo, append(data, b.options.Name...))
}

// ruleSections are the sections that every engine has, info aside. What would
// be empty is left out.
func (b *Builder) ruleSections() []section {
	var list []section
	if b.flags.rules > 0 {
		list = append(list, bytesSection(sectionFlags, b.flags.bytes))
	}
	list = append(list, b.nameSections()...)
	if len(b.metas.rules) > 0 {
		list = append(list,
			uint32Section(sectionMetaRules, b.metas.rules),
			uint32Section(sectionMetaOffsets, b.metas.offsets),
			bytesSection(sectionMeta, b.metas.records))
	}
	if len(b.regexes) > 0 {
		list = append(list, b.regexSection())
	}
	return list
}

func (b *Builder) nameSections() []section {
	n := len(b.named)
	if n == 0 {
		return nil
	}
	var list []section
	if n < b.flags.rules {
		set := make([]uint64, (b.flags.rules+63)/64)
		for _, r := range b.named {
			setBit(set, r.rule)
		}
		list = append(list, uint64Section(sectionNamed, set), uint32Section(sectionNamedRank, rankOf(set)))
	}
	total := int64(0)
	for _, r := range b.named {
		total += int64(r.length)
	}
	return append(list,
		section{sectionIDOffsets, 4 * int64(n+1), func(w *packWriter) {
			at := uint32(0)
			w.uint32(at)
			for _, r := range b.named {
				at += r.length
				w.uint32(at)
			}
		}},
		section{sectionIDs, total, func(w *packWriter) {
			for _, r := range b.named {
				w.bytes(b.arena[r.id : r.id+r.length])
			}
		}})
}

// regexSection: rule, expression.
func (b *Builder) regexSection() section {
	var data []byte
	for _, r := range b.regexes {
		data = binary.AppendUvarint(data, uint64(r.rule))
		data = appendString(data, r.expr)
	}
	return bytesSection(sectionRegexes, data)
}

// literalSection: rule and bytes, ordered by bytes, then rule.
func (b *Builder) literalSection() section {
	var data []byte
	for _, l := range b.exact {
		data = binary.AppendUvarint(data, uint64(l.rule))
		data = binary.AppendUvarint(data, uint64(l.length))
		data = append(data, l.bytes(b.arena)...)
	}
	return bytesSection(sectionLiterals, data)
}

// da8Sections are those of the double array, which other engines add tables to.
func da8Sections(a *builtAutomaton, first uint32, _ int64) []section {
	list := append([]section{{first + partSlots, 8 * int64(len(a.cell)), func(w *packWriter) {
		for i, cell := range a.cell {
			w.uint64(uint64(cell) | uint64(a.link[i])<<32)
		}
	}}}, a.outputSections(first)...)
	if a.grams != nil {
		list = append(list, a.grams.section(first))
	}
	return list
}

// outputSections are those that every engine with automata has.
func (a *builtAutomaton) outputSections(first uint32) []section {
	list := []section{
		uint64Section(first+partEnds, a.ends),
		uint32Section(first+partRank, a.rank),
		uint32Section(first+partOuts, a.outs),
		bytesSection(first+partDepths, a.depths),
	}
	if len(a.lists) > 0 {
		list = append(list, uint32Section(first+partLists, a.lists))
	}
	if len(a.long) > 0 {
		list = append(list, a.longSection(first))
	}
	return list
}

func (a *builtAutomaton) longSection(first uint32) section {
	size := int64(0)
	for _, l := range a.long {
		size += int64(len(binary.AppendUvarint(nil, uint64(l.length)))) + int64(l.length)
	}
	return section{first + partLong, size, func(w *packWriter) {
		for _, l := range a.long {
			w.bytes(binary.AppendUvarint(nil, uint64(l.length)))
			w.bytes(l.bytes(a.arena))
		}
	}}
}
