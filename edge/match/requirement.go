package match

// What a regex requires of a text, for those outside of the package.

import (
	"slices"
	"strconv"
	"strings"
)

// Requirement is true of a text or not: exactly one of its fields is set.
type Requirement struct {
	Literal string         // true if the text has it
	All     []*Requirement // true if all are
	Any     []*Requirement // true if one is
}

func (f *formula) requirement() *Requirement {
	parts := make([]*Requirement, 0, len(f.strings)+len(f.subs))
	for _, s := range f.strings {
		parts = append(parts, &Requirement{Literal: s})
	}
	for _, sub := range f.subs {
		parts = append(parts, sub.requirement())
	}
	switch {
	case len(parts) == 1:
		return parts[0]
	case f.and:
		return &Requirement{All: parts}
	}
	return &Requirement{Any: parts}
}

// Literals are all of r's, each once, sorted.
func (r *Requirement) Literals() []string {
	var list []string
	r.each(func(literal string) { list = append(list, literal) })
	return sortedSet(list)
}

func (r *Requirement) each(do func(literal string)) {
	if r.Literal != "" {
		do(r.Literal)
	}
	for _, part := range slices.Concat(r.All, r.Any) {
		part.each(do)
	}
}

// Holds says whether r is true where has says which literals occur.
func (r *Requirement) Holds(has func(literal string) bool) bool {
	holds := func(part *Requirement) bool { return part.Holds(has) }
	switch {
	case r.Literal != "":
		return has(r.Literal)
	case r.All != nil:
		return !slices.ContainsFunc(r.All, func(part *Requirement) bool { return !holds(part) })
	}
	return slices.ContainsFunc(r.Any, holds)
}

// String writes r for people: "error" AND ("lost" OR "timed out").
func (r *Requirement) String() string { return r.Short(0) }

// Short is String with no more than most parts of each AND and OR; 0: all.
func (r *Requirement) Short(most int) string {
	var b strings.Builder
	r.write(&b, most, false)
	return b.String()
}

func (r *Requirement) write(b *strings.Builder, most int, within bool) {
	parts, operator := r.All, " AND "
	switch {
	case r.Literal != "":
		b.WriteString(strconv.Quote(r.Literal))
		return
	case r.Any != nil:
		parts, operator = r.Any, " OR "
	}
	if within {
		b.WriteByte('(')
	}
	for i, part := range parts {
		if i > 0 {
			b.WriteString(operator)
		}
		if most > 0 && i == most && len(parts) > most+1 {
			b.WriteString("… (" + strconv.Itoa(len(parts)-i) + " more)")
			break
		}
		part.write(b, most, true)
	}
	if within {
		b.WriteByte(')')
	}
}
