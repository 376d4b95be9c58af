package match

// Formulas of required literals: putting them together, and making them fit for
// use: without what is too short or too common to be worth looking for,
// without what follows from the rest, and not too large.

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rarity is measured in bits: how much rarer than one place in the text.
const (
	minRarity    = 7  // of a string to be looked for at all: an '@', two letters
	minCondition = 12 // of one that is looked for besides a better one
	maxRequired  = 3  // parts of an AND
)

// clause is true of texts with one of the strings.
func clause(anyOf []string) *formula {
	if len(anyOf) == 0 || anyOf[0] == "" { // sorted: "" is the first
		return nil
	}
	return &formula{strings: anyOf}
}

// allOf is true if all of list are.
func allOf(list []*formula) *formula {
	var subs []*formula
	for _, f := range list {
		switch {
		case f == nil:
		case f.and:
			subs = append(subs, f.subs...)
		default:
			subs = append(subs, f)
		}
	}
	return single(&formula{and: true, subs: subs})
}

// anyOf is true if one of list is; nil if one of list is nil.
func anyOf(list []*formula) *formula {
	var strings []string
	var subs []*formula
	for _, f := range list {
		switch {
		case f == nil:
			return nil
		case f.strings != nil:
			strings = append(strings, f.strings...)
		case !f.and:
			subs = append(subs, f.subs...)
		default:
			subs = append(subs, f)
		}
	}
	if len(strings) > 0 {
		c := clause(sortedSet(strings))
		if c == nil {
			return nil
		}
		subs = append(subs, c)
	}
	return single(&formula{subs: subs})
}

// single is f without an operator that has nothing or one thing to work on.
func single(f *formula) *formula {
	switch {
	case f.strings == nil && len(f.subs) == 0:
		return nil
	case len(f.subs) == 1:
		return f.subs[0]
	}
	return f
}

// useful is what of f is worth looking for.
func (f *formula) useful() *formula {
	f = f.trimmed()
	if f != nil && f.size() > maxFormula {
		f = clause(f.trigger())
	}
	if f == nil || f.size() > maxFormula {
		return nil
	}
	return f
}

func (f *formula) trimmed() *formula {
	if f == nil {
		return nil
	}
	if f.strings != nil {
		return clause(trimStrings(f.strings))
	}
	subs := make([]*formula, 0, len(f.subs))
	for _, sub := range f.subs {
		sub = sub.trimmed()
		if sub == nil && !f.and {
			return nil
		}
		subs = append(subs, sub)
	}
	if !f.and {
		return anyOf(subs)
	}
	if f = allOf(subs); f != nil && f.and {
		return single(&formula{and: true, subs: rarest(f.subs)})
	}
	return f
}

// rarest picks the parts of an AND: the best one, and others that are good and
// do not follow from those.
func rarest(subs []*formula) []*formula {
	slices.SortStableFunc(subs, func(a, b *formula) int { return cmp.Compare(b.rarity(), a.rarity()) })
	var picked []*formula
	for _, sub := range subs {
		if len(picked) > 0 && (len(picked) == maxRequired || sub.rarity() < minCondition) {
			break
		}
		if !slices.ContainsFunc(picked, func(p *formula) bool { return p.implies(sub) }) {
			picked = append(picked, sub)
		}
	}
	return picked
}

// trimStrings shortens strings and leaves out those that contain another; nil
// if one of them is too common.
func trimStrings(list []string) []string {
	short := make([]string, 0, len(list))
	for _, s := range list {
		if s = firstBytes(s); rarity(s) < minRarity {
			return nil
		}
		short = append(short, s)
	}
	short = sortedSet(short)
	if len(short) > maxExact {
		return short // comparing all would take long
	}
	return slices.DeleteFunc(slices.Clone(short), func(s string) bool {
		return slices.ContainsFunc(short, func(other string) bool { return other != s && strings.Contains(s, other) })
	})
}

// firstBytes is s, or the beginning of it that may be looked for.
func firstBytes(s string) string {
	if len(s) <= maxHintBytes {
		return s
	}
	n := maxHintBytes
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// implies says whether other is true wherever f is; false may mean that it
// would take long to find out.
func (f *formula) implies(other *formula) bool {
	if f.strings == nil || other.strings == nil || len(f.strings)*len(other.strings) > maxExact*maxExact {
		return false
	}
	for _, s := range f.strings {
		if !slices.ContainsFunc(other.strings, func(o string) bool { return strings.Contains(s, o) }) {
			return false
		}
	}
	return true
}

// rarity of a formula is that of its most common string, less for each
// doubling of their number.
func (f *formula) rarity() int {
	if f.strings != nil {
		least := rarity(f.strings[0])
		for _, s := range f.strings[1:] {
			least = min(least, rarity(s))
		}
		return least - bits.Len(uint(len(f.strings)-1))
	}
	value := f.subs[0].rarity()
	for _, sub := range f.subs[1:] {
		if r := sub.rarity(); f.and {
			value = max(value, r)
		} else {
			value = min(value, r)
		}
	}
	if !f.and {
		value -= bits.Len(uint(len(f.subs) - 1))
	}
	return value
}

// rarity is about how rare a string is in texts and logs.
func rarity(s string) int {
	n := 0
	for i := range len(s) {
		n += byteRarity(s[i])
	}
	return n
}

func byteRarity(c byte) int {
	switch {
	case c == ' ':
		return 2
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c >= 0x80:
		return 4
	case 'A' <= c && c <= 'Z':
		return 5
	case strings.IndexByte(".,:-/()[]=", c) >= 0:
		return 4
	}
	return 7
}

// size counts strings.
func (f *formula) size() int {
	n := len(f.strings)
	for _, sub := range f.subs {
		n += sub.size()
	}
	return n
}

// trigger is a part of f of strings only, one of which is in every text of
// which f is true: the rarest such.
func (f *formula) trigger() []string {
	if f.strings != nil {
		return f.strings
	}
	if f.and {
		return slices.MaxFunc(f.subs, func(a, b *formula) int { return cmp.Compare(a.rarity(), b.rarity()) }).trigger()
	}
	var all []string
	for _, sub := range f.subs {
		all = append(all, sub.trigger()...)
	}
	return sortedSet(all)
}

// String writes f for people.
func (f *formula) String() string {
	var b strings.Builder
	f.write(&b)
	return b.String()
}

func (f *formula) write(b *strings.Builder) {
	operator := " | "
	if f.and {
		operator = " & "
	}
	n := len(f.strings) + len(f.subs)
	if n > 1 {
		b.WriteByte('(')
	}
	for i := range n {
		if i > 0 {
			b.WriteString(operator)
		}
		if i < len(f.strings) {
			b.WriteString(strconv.Quote(f.strings[i]))
		} else {
			f.subs[i-len(f.strings)].write(b)
		}
	}
	if n > 1 {
		b.WriteByte(')')
	}
}
