package required

// The formula of a regex as callers of package match see it.

import (
	"slices"
	"strconv"
	"strings"
)

// Requirement is true of a text or not. Exactly one field is set.
type Requirement struct {
	Literal string         // true if the text has the literal
	All     []*Requirement // true if all are
	Any     []*Requirement // true if one of them is
}

// Requirement converts f, which is not nil.
func (f *Formula) Requirement() *Requirement {
	parts := make([]*Requirement, 0, len(f.Strings)+len(f.Subs))
	for _, s := range f.Strings {
		parts = append(parts, &Requirement{Literal: s})
	}
	for _, sub := range f.Subs {
		parts = append(parts, sub.Requirement())
	}
	switch {
	case len(parts) == 1:
		return parts[0]
	case f.And:
		return &Requirement{All: parts}
	}
	return &Requirement{Any: parts}
}

// Literals returns all literals of r, each once, sorted.
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

// Holds says whether r is true of a text; has says whether a literal occurs in it.
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

// Short is String with at most limit parts of each AND and OR; 0: all parts.
func (r *Requirement) Short(limit int) string {
	var b strings.Builder
	r.write(&b, limit, false)
	return b.String()
}

func (r *Requirement) write(b *strings.Builder, limit int, within bool) {
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
		if limit > 0 && i == limit && len(parts) > limit+1 {
			b.WriteString("… (" + strconv.Itoa(len(parts)-i) + " more)")
			break
		}
		part.write(b, limit, true)
	}
	if within {
		b.WriteByte(')')
	}
}
