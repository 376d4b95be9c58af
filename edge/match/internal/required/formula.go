package required

// Putting formulas together, and making formulas fit for use: without strings too short or too
// common to be worth a search, without parts implied by other parts, and not too large.

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rarities, in bits: a string of rarity n is expected at one place in 2^n of a text.
const (
	minRarity    = 7  // least rarity of a string looked for: an '@', two letters
	MinCondition = 12 // least rarity of a string looked for besides a better one
	maxRequired  = 3  // parts of an AND
)

// clause is true of texts with any of the strings, sorted.
func clause(anyOf []string) *Formula {
	if len(anyOf) == 0 || anyOf[0] == "" { // sorted: "" is the first
		return nil
	}
	return &Formula{Strings: anyOf}
}

// allOf is true if all formulas of list are.
func allOf(list []*Formula) *Formula {
	var subs []*Formula
	for _, f := range list {
		switch {
		case f == nil:
		case f.And:
			subs = append(subs, f.Subs...)
		default:
			subs = append(subs, f)
		}
	}
	return single(&Formula{And: true, Subs: subs})
}

// anyOf is true if any formula of list is; nil if any of list is nil.
func anyOf(list []*Formula) *Formula {
	var strings []string
	var subs []*Formula
	for _, f := range list {
		switch {
		case f == nil:
			return nil
		case f.Strings != nil:
			strings = append(strings, f.Strings...)
		case !f.And:
			subs = append(subs, f.Subs...)
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
	return single(&Formula{Subs: subs})
}

// single is f without operators of no operand or of a single operand.
func single(f *Formula) *Formula {
	switch {
	case f.Strings == nil && len(f.Subs) == 0:
		return nil
	case len(f.Subs) == 1:
		return f.Subs[0]
	}
	return f
}

// useful is the part of f that is worth looking for.
func (f *Formula) useful() *Formula {
	f = f.trimmed()
	if f != nil && f.size() > maxFormula {
		f = clause(f.Trigger())
	}
	if f == nil || f.size() > maxFormula {
		return nil
	}
	return f
}

func (f *Formula) trimmed() *Formula {
	if f == nil {
		return nil
	}
	if f.Strings != nil {
		return clause(trimStrings(f.Strings))
	}
	subs := make([]*Formula, 0, len(f.Subs))
	for _, sub := range f.Subs {
		sub = sub.trimmed()
		if sub == nil && !f.And {
			return nil
		}
		subs = append(subs, sub)
	}
	if !f.And {
		return anyOf(subs)
	}
	if f = allOf(subs); f != nil && f.And {
		return single(&Formula{And: true, Subs: rarest(f.Subs)})
	}
	return f
}

// rarest picks parts of an AND: the rarest part, and further rare parts not implied by the picked
// parts.
func rarest(subs []*Formula) []*Formula {
	slices.SortStableFunc(subs, func(a, b *Formula) int { return cmp.Compare(b.Rarity(), a.Rarity()) })
	var picked []*Formula
	for _, sub := range subs {
		if len(picked) > 0 && (len(picked) == maxRequired || sub.Rarity() < MinCondition) {
			break
		}
		if !slices.ContainsFunc(picked, func(p *Formula) bool { return p.implies(sub) }) {
			picked = append(picked, sub)
		}
	}
	return picked
}

// trimStrings shortens strings and drops each that contains another; nil if a string is too common.
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
		return short // comparing all of them would take long
	}
	return slices.DeleteFunc(slices.Clone(short), func(s string) bool {
		return slices.ContainsFunc(short, func(other string) bool { return other != s && strings.Contains(s, other) })
	})
}

// firstBytes is s, or the beginning of s that may be looked for.
func firstBytes(s string) string {
	if len(s) <= MaxLiteral {
		return s
	}
	n := MaxLiteral
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// implies says whether other is true wherever f is; false may mean that finding out would take
// long.
func (f *Formula) implies(other *Formula) bool {
	if f.Strings == nil || other.Strings == nil || len(f.Strings)*len(other.Strings) > maxExact*maxExact {
		return false
	}
	for _, s := range f.Strings {
		if !slices.ContainsFunc(other.Strings, func(o string) bool { return strings.Contains(s, o) }) {
			return false
		}
	}
	return true
}

// Rarity of a formula is the rarity of the most common string, one less for each doubling of the
// number of strings.
func (f *Formula) Rarity() int {
	if f.Strings != nil {
		lowest := rarity(f.Strings[0])
		for _, s := range f.Strings[1:] {
			lowest = min(lowest, rarity(s))
		}
		return lowest - bits.Len(uint(len(f.Strings)-1))
	}
	value := f.Subs[0].Rarity()
	for _, sub := range f.Subs[1:] {
		if r := sub.Rarity(); f.And {
			value = max(value, r)
		} else {
			value = min(value, r)
		}
	}
	if !f.And {
		value -= bits.Len(uint(len(f.Subs) - 1))
	}
	return value
}

// rarity is about how rare a string is in texts and logs, in bits.
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

// size is the number of strings in f.
func (f *Formula) size() int {
	n := len(f.Strings)
	for _, sub := range f.Subs {
		n += sub.size()
	}
	return n
}

// Trigger returns the rarest set of strings, at least one of which occurs in every text that f is
// true of.
func (f *Formula) Trigger() []string {
	if f.Strings != nil {
		return f.Strings
	}
	if f.And {
		return slices.MaxFunc(f.Subs, func(a, b *Formula) int { return cmp.Compare(a.Rarity(), b.Rarity()) }).Trigger()
	}
	var all []string
	for _, sub := range f.Subs {
		all = append(all, sub.Trigger()...)
	}
	return sortedSet(all)
}

// String writes f for people.
func (f *Formula) String() string {
	var b strings.Builder
	f.write(&b)
	return b.String()
}

func (f *Formula) write(b *strings.Builder) {
	operator := " | "
	if f.And {
		operator = " & "
	}
	n := len(f.Strings) + len(f.Subs)
	if n > 1 {
		b.WriteByte('(')
	}
	for i := range n {
		if i > 0 {
			b.WriteString(operator)
		}
		if i < len(f.Strings) {
			b.WriteString(strconv.Quote(f.Strings[i]))
		} else {
			f.Subs[i-len(f.Strings)].write(b)
		}
	}
	if n > 1 {
		b.WriteByte(')')
	}
}
