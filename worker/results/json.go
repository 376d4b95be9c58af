package results

// The JSON format: a result is one object.

import (
	"encoding/base64"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// jsonOutcome appends the members with the outcome for text.
func (e *Encoder) jsonOutcome(o *wire.Object, text []byte, r *match.Result, raw [][]byte) {
	truncated := r.Truncated
	e.lost = e.lost[:0]
	switch e.want.Shape() {
	case wire.ShapeRules:
		truncated = e.ruleList(o, text, r.Matches) || truncated
	case wire.ShapeCount:
		o.Int("count", r.Count)
	case wire.ShapeAny:
		o.Bool("any", r.Any)
	case wire.ShapeMasked:
		truncated = e.jsonMasked(o, text, r)
	default:
		truncated = e.matchList(o, text, r.Matches, raw) || truncated
	}
	e.flags(o, truncated, union(r.Incomplete, e.lost))
}

func (e *Encoder) flags(o *wire.Object, truncated bool, incomplete []uint32) {
	if truncated {
		o.Bool("truncated", true)
	}
	if len(incomplete) > 0 {
		o.Key("incomplete")
		o.Dst = append(o.Dst, '[')
		for i, rule := range incomplete {
			if i > 0 {
				o.Dst = append(o.Dst, ',')
			}
			o.Dst = wire.AppendString(o.Dst, e.names.ID(int(rule)))
		}
		o.Dst = append(o.Dst, ']')
	}
}

// ruleList appends the ids of the rules of matches, a match of each rule in text. The result reports
// whether the list was cut.
func (e *Encoder) ruleList(o *wire.Object, text []byte, matches []match.Match) (cut bool) {
	o.Key("rules")
	end := len(o.Dst) + e.left
	o.Dst = append(o.Dst, '[')
	for i, m := range matches {
		if len(o.Dst) > end {
			cut, e.cut = true, true
			break
		}
		if i > 0 {
			o.Dst = append(o.Dst, ',')
		}
		o.Dst = wire.AppendString(o.Dst, e.names.MatchID(m, text))
		e.count(m.Rule)
	}
	o.Dst = append(o.Dst, ']')
	return cut
}

// matchList appends matches in text. The result reports whether the list was cut.
func (e *Encoder) matchList(o *wire.Object, text []byte, matches []match.Match, raw [][]byte) (cut bool) {
	end := len(o.Dst) + e.left
	if e.hasGroups() && len(matches) > 0 {
		e.groups.Begin(e.pack, text, e.Stop)
		defer e.endGroups()
	}
	o.Key("matches")
	o.Dst = append(o.Dst, '[')
	for i := range matches {
		if len(o.Dst) > end {
			cut, e.cut = true, true
			break
		}
		if i > 0 {
			o.Dst = append(o.Dst, ',')
		}
		if raw != nil {
			o.Dst = append(o.Dst, raw[i]...)
			continue
		}
		m := &matches[i]
		e.count(m.Rule)
		in := wire.BeginObject(o.Dst)
		in.Key("rule")
		in.Dst = wire.AppendString(in.Dst, e.names.MatchID(*m, text))
		in.Int("start", m.Start)
		in.Int("end", m.End)
		if e.fields != 0 {
			e.extra(&in, text, m)
		}
		o.Dst = in.End()
	}
	o.Dst = append(o.Dst, ']')
	return cut
}

// extra appends the fields of the request. For a rule without tags, severity, message or data the
// key is left out.
func (e *Encoder) extra(o *wire.Object, text []byte, m *match.Match) {
	if e.fields&wire.FieldText != 0 {
		appendText(o, "text", text[m.Start:m.End])
	}
	if e.fields&wire.FieldGroups != 0 {
		e.groupsOf(o, text, m)
	}
	if e.fields&^(wire.FieldText|wire.FieldGroups) == 0 {
		return
	}
	meta := e.pack.Meta(int(m.Rule))
	if e.fields&wire.FieldTags != 0 && len(meta.Tags) > 0 {
		o.Strings("tags", meta.Tags)
	}
	if e.fields&wire.FieldSeverity != 0 && meta.Severity != "" {
		o.String("severity", meta.Severity)
	}
	if e.fields&wire.FieldMessage != 0 && meta.Message != "" {
		o.String("message", meta.Message)
	}
	if e.fields&wire.FieldData != 0 && len(meta.Data) > 0 {
		o.Raw("data", meta.Data)
	}
}

// appendText appends matched text: UTF-8 as a string, other bytes as key_b64 in base64. A result is
// always valid UTF-8, and no byte is lost.
func appendText(o *wire.Object, key string, matched []byte) {
	if utf8.Valid(matched) {
		o.Key(key)
		o.Dst = wire.AppendString(o.Dst, matched)
		return
	}
	o.Key(key + "_b64")
	o.Dst = append(o.Dst, '"')
	o.Dst = base64.StdEncoding.AppendEncode(o.Dst, matched)
	o.Dst = append(o.Dst, '"')
}
