package match

// Collecting rules: everything is checked and copied into an arena when added;
// compile.go makes a pack of it.

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

const (
	maxRules = 1 << 30             // what an output word can name
	maxArena = math.MaxInt32 - 255 // bytes of ids and literals; offsets are 32 bits wide
)

// Builder collects rules for a pack. It is not safe for concurrent use.
type Builder struct {
	options Options
	engine  engineKind // asked for
	err     error      // returned by Add, Pack and Write
	made    *compiled  // once Pack or Write was called

	arena  []byte // literals, folded ones, ids that are no literal
	exact  []literal
	folded []literal
	flags  flagTable
	named  []namedRule
	places []uint32 // per rule: where its id is; see idOf
	ids    *idSet

	regexes []builtRegex
	metas   metaTable
	stats   Info
}

// namedRule is a rule whose id is not the text that it matches.
type namedRule struct{ rule, id, length uint32 }

type builtRegex struct {
	rule     uint32
	expr     string
	required *formula
	folded   bool // its strings are
	programs int  // bytes of its programs, about
}

// NewBuilder starts an empty rule set. An unknown engine is reported by the
// first Add, or by Pack or Write.
func NewBuilder(o Options) *Builder {
	b := &Builder{options: o, ids: newIDSet()}
	b.engine, b.err = engineByName(o.Engine)
	if b.err == nil && len(o.Name) > math.MaxUint16 {
		b.err = fmt.Errorf("%w: the rule set's name has %d bytes", ErrTooLarge, len(o.Name))
	}
	return b
}

// Grow makes room for so many rules like r, of one literal each that is their
// id, and of so many bytes together. It saves memory for those who know what is
// to come.
func (b *Builder) Grow(rules, bytes int, r *Rule) {
	if b.ids == nil || rules < 0 || bytes < 0 || rules > maxSlots || bytes > maxArena/2 {
		return // more than an automaton holds: Add or Pack refuses them
	}
	b.places = slices.Grow(b.places, rules)
	b.ids.grow(rules, b.idOf)
	if !r.NoCase {
		b.arena = slices.Grow(b.arena, bytes)
		b.exact = slices.Grow(b.exact, rules)
		return
	}
	b.arena = slices.Grow(b.arena, 2*bytes) // folded, and as an id
	b.folded = slices.Grow(b.folded, rules)
	b.named = slices.Grow(b.named, rules)
}

// Add takes one more rule and copies what it keeps of it. The rules are
// numbered from 0 in the order in which they are added. On an error, one of
// the package's Err values with the details, the builder is as before and can
// go on: so all errors of a file can be found in one go. After Pack or Write no
// rule can be added any more.
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
		required, folded, _ := requiredOf(tree)
		regex = builtRegex{uint32(b.flags.rules), r.Regex, required, folded, programMemory(tree)}
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

// addRule notes the rule, whose literals have been added, and its id, unless
// that is what it matches. The engine cloudflare does not know what it matches.
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
	if len(r.Literals) == 1 && !r.NoCase && string(id) == string(r.Literals[0]) && b.engine != kindCloudflare {
		b.places = append(b.places, uint32(len(b.exact)-1))
	} else {
		b.places = append(b.places, placeNamed|uint32(len(b.named)))
		b.named = append(b.named, namedRule{number, uint32(len(b.arena)), uint32(len(id))})
		b.arena = append(b.arena, id...)
	}
}

// placeNamed marks the place of an id: it is a number in named, else the number
// of the literal that is the id.
const placeNamed = 1 << 31

func (b *Builder) idOf(rule uint32) []byte {
	place := b.places[rule]
	if place&placeNamed == 0 {
		return b.exact[place].bytes(b.arena)
	}
	n := b.named[place&^placeNamed]
	return b.arena[n.id : n.id+n.length]
}
