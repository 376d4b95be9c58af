package results

// The field groups: what the named groups of a match matched.

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// hasGroups reports whether matches carry groups.
func (e *Encoder) hasGroups() bool { return e.fields&wire.FieldGroups != 0 && e.pack != nil }

// endGroups ends the search for groups in a text.
func (e *Encoder) endGroups() {
	e.stopped = e.stopped || e.groups.Stopped()
	e.groups.End()
	e.linesLost = union(e.linesLost, e.lost)
}

// groupsOf appends the groups of m: those that are UTF-8 as groups, others as groups_b64 in base64.
// A match whose groups were given up has neither, and its rule is noted in e.lost.
func (e *Encoder) groupsOf(o *wire.Object, text []byte, m *match.Match) {
	groups, complete := e.groups.Find(*m)
	if !complete {
		if !slices.Contains(e.lost, m.Rule) {
			e.lost = append(e.lost, m.Rule)
		}
		return
	}
	isText := func(g *match.Group) bool { return utf8.Valid(text[g.Start:g.End]) }
	n := 0
	for i := range groups {
		if isText(&groups[i]) {
			n++
		}
	}
	if n > 0 {
		o.Key("groups")
		in := wire.BeginObject(o.Dst)
		for i := range groups {
			if g := &groups[i]; isText(g) {
				in.Key(g.Name)
				in.Dst = wire.AppendString(in.Dst, text[g.Start:g.End])
			}
		}
		o.Dst = in.End()
	}
	if n < len(groups) {
		o.Key("groups_b64")
		in := wire.BeginObject(o.Dst)
		for i := range groups {
			if g := &groups[i]; !isText(g) {
				in.Key(g.Name)
				in.Dst = append(in.Dst, '"')
				in.Dst = base64.StdEncoding.AppendEncode(in.Dst, text[g.Start:g.End])
				in.Dst = append(in.Dst, '"')
			}
		}
		o.Dst = in.End()
	}
}
