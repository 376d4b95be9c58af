package match

// Collecting rules. A rule is checked and copied into an arena when it is added; compile.go makes a
// pack of the rules.

import (
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"unicode/utf8"

	"trawl/edge/match/internal/fold"
	"trawl/edge/match/internal/required"
)

const (
	maxRules = 1 << 30             // what an output word can name
	maxArena = math.MaxInt32 - 255 // bytes of ids and literals; offsets are 32 bits wide
)

// Builder collects rules for a pack. It is not safe for concurrent use.
type Builder struct {
	options Options
	engine  *engine   // asked for; nil: auto
	err     error     // that Add, Pack and Write return
	made    *compiled // after the first call of Pack or Write

	arena    []byte // bytes of literals, of folded literals, and of ids that are no literal
	exact    []literal
	folded   []literal
	flags    flagTable
	named    []namedRule
	idPlaces []uint32 // per rule: where the id is; see idOf
	ids      *idSet

	regexes []builtRegex
	metas   metaTable
	stats   Info
}

// namedRule is a rule with an id that differs from the matched text.
type namedRule struct{ rule, id, length uint32 }

type builtRegex struct {
	rule     uint32
	expr     string
	required *required.Formula
	folded   bool // the strings of required are
	programs int  // about how many bytes the programs take
}

// NewBuilder starts an empty rule set. The first Add, Pack or Write reports an unknown engine.
func NewBuilder(o Options) *Builder {
	b := &Builder{options: o, ids: newIDSet()}
	b.engine, b.err = engineByName(o.Engine)
	if b.err == nil && len(o.Name) > math.MaxUint16 {
		b.err = fmt.Errorf("%w: the rule set's name has %d bytes", ErrTooLarge, len(o.Name))
	}
	return b
}

// Grow makes room for a number of rules like r, of a single literal that is also the id, and for
// bytes of literals altogether. Callers who know how much they will add save memory by calling
// Grow.
func (b *Builder) Grow(rules, bytes int, r *Rule) {
	if b.ids == nil || rules < 0 || bytes < 0 || rules > maxCells || bytes > maxArena/2 {
		return // more than an automaton holds: Add or Pack refuses the rules
	}
	b.idPlaces = slices.Grow(b.idPlaces, rules)
	b.ids.grow(rules, b.idOf)
	if !r.NoCase {
		b.arena = slices.Grow(b.arena, bytes)
		b.exact = slices.Grow(b.exact, rules)
		return
	}
	b.arena = slices.Grow(b.arena, 2*bytes) // as folded literals, and as ids
	b.folded = slices.Grow(b.folded, rules)
	b.named = slices.Grow(b.named, rules)
}

// Add takes one more rule and copies the parts to be kept. Rules are numbered from 0 in the order
// of Add. An error is one of the package's Err values with the details. After an error the builder
// is as before, so a caller can go on and find all errors of a file. After Pack or Write no rule
// can be added.
func (b *Builder) Add(r *Rule) error {
	switch {
	case b.err != nil:
		return b.err
	case b.made != nil:
		return ErrCompiled
	}
	if err := b.check(r); err != nil {
		return err
	}
	var regex builtRegex
	if r.Regex != "" {
		tree, err := checkRegex(regexSource(r.Regex, r.NoCase))
		if err != nil {
			return err
		}
		formula, folded, _ := required.Of(tree)
		regex = builtRegex{uint32(b.flags.rules), r.Regex, formula, folded, programMemory(tree)}
	}
	id, err := ruleID(r)
	if err != nil {
		return err
	}
	other, at, ok := b.ids.find(id, b.idOf)
	if ok {
		return fmt.Errorf("%w %q: rule %d has it already", ErrDuplicateID, id, other+1)
	}

	number := uint32(b.flags.rules)
	b.addLiterals(r, number)
	if r.Regex != "" {
		b.regexes = append(b.regexes, regex)
	}
	b.addRule(r, id, number)
	b.ids.put(at, number, b.idOf)
	b.metas.add(number, r)
	return nil
}

// check refuses rules that are wrong, whatever other rules there are.
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
	size := len(r.ID) + len(r.Regex)
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
	if len(b.arena) > maxArena-size || b.flags.rules == maxRules || b.metas.full(r) {
		return fmt.Errorf("%w: split the rule set", ErrTooLarge)
	}
	if b.engine != nil && b.engine.refuse != nil {
		return b.engine.refuse(r)
	}
	return nil
}

// shortened cuts a literal for messages.
func shortened(l []byte) []byte { return l[:min(len(l), 64)] }

// ruleID is the id of a rule; without an id, the literal.
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
			b.addLiteral(&b.folded, fold.Text(l), number)
		} else {
			b.addLiteral(&b.exact, l, number)
		}
	}
}

func (b *Builder) addLiteral(list *[]literal, l []byte, number uint32) {
	*list = append(*list, literal{uint32(len(b.arena)), uint32(len(l)), number})
	b.arena = append(b.arena, l...)
}

// addRule notes a rule whose literals have been added, and the rule's id, unless the id is the text
// of every match. Engines not made of automata do not know the text of a match.
func (b *Builder) addRule(r *Rule, id []byte, number uint32) {
	flags := uint8(0)
	if r.NoCase {
		flags |= ruleNoCase
	}
	if r.Whole {
		flags |= ruleWhole
	}
	if r.Regex != "" {
		flags |= ruleRegex
	}
	b.flags.add(flags)
	if len(r.Literals) == 1 && !r.NoCase && string(id) == string(r.Literals[0]) && (b.engine == nil || b.engine.plan == nil) {
		b.idPlaces = append(b.idPlaces, uint32(len(b.exact)-1))
	} else {
		b.idPlaces = append(b.idPlaces, inNamed|uint32(len(b.named)))
		b.named = append(b.named, namedRule{number, uint32(len(b.arena)), uint32(len(id))})
		b.arena = append(b.arena, id...)
	}
}

// inNamed marks the place of an id as a number in named. Without the mark, the place is the number
// of the literal that is the id.
const inNamed = 1 << 31

func (b *Builder) idOf(rule uint32) []byte {
	at := b.idPlaces[rule]
	if at&inNamed == 0 {
		return b.exact[at].bytes(b.arena)
	}
	n := b.named[at&^inNamed]
	return b.arena[n.id : n.id+n.length]
}

// idSet finds repeated ids while rules are added. It takes four to eight bytes for each rule; the
// bytes of ids stay in the builder's arena.
type idSet struct {
	seed  maphash.Seed
	table []uint32 // open addressing: rule plus 1; 0: free
	count int
}

func newIDSet() *idSet {
	return &idSet{seed: maphash.MakeSeed(), table: make([]uint32, 64)}
}

// find returns the rule with id, or else the free place for id. idOf gives the id of a rule in the
// set.
func (s *idSet) find(id []byte, idOf func(rule uint32) []byte) (rule uint32, at int, ok bool) {
	mask := len(s.table) - 1
	at = int(maphash.Bytes(s.seed, id)) & mask
	for s.table[at] != 0 {
		if string(idOf(s.table[at]-1)) == string(id) {
			return s.table[at] - 1, at, true
		}
		at = (at + 1) & mask
	}
	return 0, at, false
}

// put puts rule into the free place that find gave for the rule's id.
func (s *idSet) put(at int, rule uint32, idOf func(rule uint32) []byte) {
	s.table[at] = rule + 1
	s.count++
	s.grow(1, idOf)
}

// grow makes room for n more rules.
func (s *idSet) grow(n int, idOf func(rule uint32) []byte) {
	size := len(s.table)
	for s.count+n > size/4*3 {
		size *= 2
	}
	if size == len(s.table) {
		return
	}
	old := s.table
	s.table = make([]uint32, size)
	for _, r := range old {
		if r != 0 {
			_, at, _ := s.find(idOf(r-1), idOf)
			s.table[at] = r
		}
	}
}
