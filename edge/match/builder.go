package match

// Collecting rules: everything is checked and copied into arenas when added,
// and laid out as a pack at the end.

import (
	"encoding/hex"
	"fmt"
	"math"
	"unicode/utf8"
)

// Flags of a rule, a byte each in the pack.
const (
	ruleNoCase = 1 << iota
	ruleWhole
	ruleRegex

	ruleFlags = ruleNoCase | ruleWhole | ruleRegex
)

const (
	maxRules = 1 << 30             // what an output word can name
	maxArena = math.MaxInt32 - 255 // bytes of ids and literals; offsets are 32 bits wide
)

// Builder collects rules for a pack. It is not safe for concurrent use.
type Builder struct {
	options Options
	engine  engineKind // asked for
	kind    engineKind // of the last pack
	err     error      // from NewBuilder: returned by Add and Pack

	arena  []byte // literals, folded ones, hints, ids
	exact  []literal
	folded []literal
	rules  []builtRule
	ids    *idSet

	regexes []builtRegex
	metas   metaTable
	stats   Info
}

// builtRule is a rule as the builder keeps it; its id lies in the arena.
type builtRule struct {
	id, idLength uint32
	flags        uint8
}

type builtRegex struct {
	rule   uint32
	expr   string
	hinted bool
}

// NewBuilder starts an empty rule set. An unknown engine is reported by the
// first Add, or by Pack.
func NewBuilder(o Options) *Builder {
	b := &Builder{options: o, ids: newIDSet()}
	b.engine, b.err = engineByName(o.Engine)
	if b.err == nil && len(o.Name) > math.MaxUint16 {
		b.err = fmt.Errorf("%w: the rule set's name has %d bytes", ErrTooLarge, len(o.Name))
	}
	return b
}

// Add takes one more rule and copies what it keeps of it. The rules are
// numbered from 0 in the order in which they are added. On an error, one of
// the package's Err values with the details, the builder is as before and can
// go on: so all errors of a file can be found in one go.
func (b *Builder) Add(r *Rule) error {
	if b.err != nil {
		return b.err
	}
	if err := b.check(r); err != nil {
		return err
	}
	var regex builtRegex
	var hints []string
	into := &b.exact // the hints
	if r.Regex != "" {
		tree, err := checkRegex(regexSource(r.Regex, r.NoCase))
		if err != nil {
			return err
		}
		var folded bool
		if hints, folded = hintsOf(tree); folded {
			into = &b.folded
		}
		regex = builtRegex{uint32(len(b.rules)), r.Regex, len(hints) > 0}
	}
	id, err := ruleID(r)
	if err != nil {
		return err
	}
	if other, ok := b.ids.find(id, b.idOf); ok {
		return fmt.Errorf("%w %q: rule %d has it already", ErrDuplicateID, id, other+1)
	}

	number := uint32(len(b.rules))
	first := len(b.arena)
	b.addLiterals(r, number)
	for _, hint := range hints {
		b.addLiteral(into, []byte(hint), number)
	}
	if r.Regex != "" {
		b.regexes = append(b.regexes, regex)
	}
	b.addRule(r, id, first)
	b.metas.add(number, r)
	return nil
}

// check refuses rules that are wrong whatever else has been added.
func (b *Builder) check(r *Rule) error {
	if (len(r.Literals) > 0) == (r.Regex != "") {
		if r.Regex == "" {
			return fmt.Errorf("%w: a rule needs a literal or a regex", ErrEmptyPattern)
		}
		return ErrPatternKind
	}
	if r.Whole && r.Regex != "" {
		return ErrWholeRegex
	}
	if !utf8.ValidString(r.ID) {
		return fmt.Errorf("id %q: %w", r.ID, ErrNotUTF8)
	}
	size := len(r.ID) + len(r.Regex) + maxHints*maxHintBytes
	for i, l := range r.Literals {
		if len(l) == 0 {
			return fmt.Errorf("%w: literal %d has no bytes", ErrEmptyPattern, i+1)
		}
		if r.NoCase && !utf8.Valid(l) {
			return fmt.Errorf("nocase literal %q: %w", shortened(l), ErrNotUTF8)
		}
		if len(l) > maxArena/4 {
			return fmt.Errorf("%w: a literal of %d bytes", ErrTooLarge, len(l))
		}
		size += 4 * len(l) // as itself, folded, and as an id in hex
		if size > maxArena {
			break
		}
	}
	if len(b.arena) > maxArena-size || len(b.rules) == maxRules || b.metas.full(r) {
		return fmt.Errorf("%w: split the rule set", ErrTooLarge)
	}
	return b.engine.accepts(r)
}

// shortened is for messages.
func shortened(l []byte) []byte { return l[:min(len(l), 64)] }

// ruleID is the id given, or else the literal.
func ruleID(r *Rule) ([]byte, error) {
	switch {
	case r.ID != "":
		return []byte(r.ID), nil
	case len(r.Literals) != 1:
		return nil, ErrNoID
	case !utf8.Valid(r.Literals[0]):
		return []byte("hex:" + hex.EncodeToString(r.Literals[0])), nil
	}
	return r.Literals[0], nil
}

func (b *Builder) addLiterals(r *Rule, number uint32) {
	for _, l := range r.Literals {
		b.stats.LongestLiteral = max(b.stats.LongestLiteral, len(l))
		if r.NoCase {
			b.addLiteral(&b.folded, fold(l), number)
		} else {
			b.addLiteral(&b.exact, l, number)
		}
	}
}

func (b *Builder) addLiteral(list *[]literal, l []byte, number uint32) {
	*list = append(*list, literal{uint32(len(b.arena)), uint32(len(l)), number})
	b.arena = append(b.arena, l...)
}

// addRule notes the rule whose first literal is at first of the arena: an id
// that is this literal is not stored again.
func (b *Builder) addRule(r *Rule, id []byte, first int) {
	rule := builtRule{id: uint32(first), idLength: uint32(len(id))}
	if end := first + len(id); end > len(b.arena) || string(b.arena[first:end]) != string(id) {
		rule.id = uint32(len(b.arena))
		b.arena = append(b.arena, id...)
	}
	if r.NoCase {
		rule.flags |= ruleNoCase
	}
	if r.Whole {
		rule.flags |= ruleWhole
	}
	if r.Regex != "" {
		rule.flags |= ruleRegex
	}
	b.rules = append(b.rules, rule)
	b.ids.add(uint32(len(b.rules)-1), b.idOf)
}

func (b *Builder) idOf(rule uint32) []byte {
	r := b.rules[rule]
	return b.arena[r.id : r.id+r.idLength]
}

// Pack compiles what was added. The same rules in the same order give the same
// bytes, and so the same hash. More rules can be added afterwards, for another
// pack. An empty set is a pack that matches nothing.
func (b *Builder) Pack() (*Pack, error) {
	if b.err != nil {
		return nil, b.err
	}
	sections, err := b.sections()
	if err != nil {
		return nil, err
	}
	data, err := assemble(sections)
	if err != nil {
		return nil, err
	}
	return Load(data)
}

// sections compiles the rules into the parts of the pack.
func (b *Builder) sections() ([]section, error) {
	b.exact = sortLiterals(b.arena, b.exact)
	b.folded = sortLiterals(b.arena, b.folded)
	b.countLiterals()
	if err := b.engine.fits(b.stats.PatternBytes); err != nil {
		return nil, err
	}
	list := b.ruleSections()
	if b.kind = b.engine; b.kind == kindCloudflare {
		return append([]section{b.infoSection()}, append(list, b.literalSection())...), nil
	}
	automata, err := b.automata()
	if err != nil {
		return nil, err
	}
	return append([]section{b.infoSection()}, append(list, automata...)...), nil
}

// automata compiles the literals, with tables if the engine has them, and
// settles what auto stands for.
func (b *Builder) automata() ([]section, error) {
	var list []section
	var tables []func() []section
	size := int64(0)
	for _, part := range []struct {
		first    uint32
		literals []literal
	}{{sectionExact, b.exact}, {sectionFolded, b.folded}} {
		if len(part.literals) == 0 {
			continue
		}
		built, err := buildAutomaton(b.arena, part.literals)
		if err != nil {
			return nil, err
		}
		b.stats.States += built.states
		a := built.automaton()
		list = append(list, automatonSections(part.first, built, a)...)
		table := newDFABuilder(built, a)
		size += table.size()
		tables = append(tables, func() []section { return table.build(part.first) })
	}
	var err error
	if b.kind, err = b.engine.settle(size); err != nil || b.kind != kindDFA {
		return list, err
	}
	for _, build := range tables {
		list = append(list, build()...)
	}
	return list, nil
}

// countLiterals fills in what the literals, hints aside, amount to.
func (b *Builder) countLiterals() {
	b.stats.Literals, b.stats.PatternBytes, b.stats.States = 0, 0, 0
	for _, list := range [][]literal{b.exact, b.folded} {
		for _, l := range list {
			if b.rules[l.rule].flags&ruleRegex == 0 {
				b.stats.Literals++
				b.stats.PatternBytes += int64(l.length)
			}
		}
	}
}
