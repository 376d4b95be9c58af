package match

// From the rules of a builder to the sections of a pack.

import (
	"cmp"
	"encoding/binary"
	"fmt"
)

// Compiled tells what was made of a set of rules.
type Compiled struct {
	Info
	Hash   string // that of Pack.Hash
	Choice Choice
}

// compiled is what a pack is written from.
type compiled struct {
	sections []section
	choice   Choice
}

// Pack compiles the rules added. Equal rules in equal order give equal bytes and an equal hash. A
// pack of an empty set matches nothing. Pack can be called again and gives another pack each time.
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

// Write is Pack with the result in a file, which has to be empty. Besides the automata being built
// Write needs hardly any memory. An error outside of the package's Err values comes from f: then f
// has to be thrown away, and Write or Pack can be called again.
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

// compile does the work, once. Memory is freed as soon as possible, because building a large set
// takes as much memory as is alive at a time.
func (b *Builder) compile() (*compiled, error) {
	if b.made != nil || b.err != nil {
		return b.made, b.err
	}
	b.ids, b.idPlaces = nil, nil
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
	choice, chosen, err := choose(plans, b.engine, b.options.Budget, packSize(common)+align(infoSize+int64(len(b.options.Name)))+tableEntry)
	if err != nil {
		b.err = err
		return nil, err
	}
	info := b.infoSection(chosen.engine.kind)
	b.made = &compiled{append(append([]section{info}, common...), chosen.sections...), choice}
	return b.made, nil
}

// plans lists the engines that the literals can be compiled for.
func (b *Builder) plans() ([]plan, error) {
	if b.engine != nil && b.engine.plan != nil {
		p, err := b.engine.plan(b)
		p.engine = b.engine
		return []plan{p}, err
	}
	p := planner{
		heap: regexMemory(b.regexes), requested: b.engine, text: b.options.Text,
		cache: min(cmp.Or(b.options.Cache, DefaultCache), maxCache),
	}
	for _, part := range []struct {
		first    uint32
		literals *[]literal
	}{{sectionExact, &b.exact}, {sectionFolded, &b.folded}} {
		if len(*part.literals) == 0 {
			continue
		}
		a, err := buildAutomaton(b.arena, *part.literals, maxCells)
		if err != nil {
			return nil, err
		}
		*part.literals = nil // used up
		b.stats.States += a.states
		p.built = append(p.built, builtPart{part.first, a})
	}
	return p.plans(), nil
}

// addAtoms adds the strings that regexes require to the literals, numbered behind the rules.
func (b *Builder) addAtoms() (*triggersBuilder, error) {
	required := newTriggers(b.regexes)
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

// countLiterals counts the literals of rules, without atoms, in the statistics.
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

// ruleSections lays out the sections that every engine has besides info. Empty sections are left
// out.
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

// regexSection lays out rule and expression of each regex.
func (b *Builder) regexSection() section {
	var data []byte
	for _, r := range b.regexes {
		data = binary.AppendUvarint(data, uint64(r.rule))
		data = appendString(data, r.expr)
	}
	return bytesSection(sectionRegexes, data)
}
