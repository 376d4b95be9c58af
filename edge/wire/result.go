package wire

import (
	"trawl/edge/match"
)

// Encoder writes the result frames of one request, in the request's format,
// and keeps them together within a budget of bytes. Not safe for concurrent
// use; Reset makes it ready for the next request.
type Encoder struct {
	pack   *match.Pack
	want   match.Want
	fields Fields
	packed *packer // nil: JSON
	spare  packer
	left   int // bytes that all results to come may still have

	firstLine bool
}

// Reset prepares e for a request against pack; all its results together may
// have about budget bytes, then they are cut and marked as truncated.
func (e *Encoder) Reset(pack *match.Pack, h *RequestHeader, budget int) {
	e.pack, e.want, e.fields, e.left = pack, h.Want, h.Fields, budget
	e.packed = nil
	if h.Format == FormatPacked {
		e.packed = &e.spare
	}
}

// Full reports whether the budget is used up: what follows would be cut.
func (e *Encoder) Full() bool { return e.left <= 0 }

// Text appends the result of a text that was scanned whole.
func (e *Encoder) Text(dst, text []byte, r *match.Result) []byte {
	start := len(dst)
	if e.packed != nil {
		dst = e.packed.begin(dst, e.want, false)
		dst = e.packed.outcome(dst, e.pack, text, r, e.left)
	} else {
		o := object{dst: append(dst, '{')}
		e.outcome(&o, text, r)
		dst = append(o.dst, '}')
	}
	e.left -= len(dst) - start
	return dst
}

// BeginLines starts the result of a text that is split into lines; Line
// follows for each line that matched, then EndLines.
func (e *Encoder) BeginLines(dst []byte) []byte {
	e.firstLine = true
	if e.packed != nil {
		return e.packed.begin(dst, e.want, true)
	}
	return append(dst, `{"lines":[`...)
}

// Line appends one line's result; text is the line's.
func (e *Encoder) Line(dst, text []byte, l *match.Line) []byte {
	start := len(dst)
	if e.packed != nil {
		dst = e.packed.line(dst, l)
		dst = e.packed.outcome(dst, e.pack, text, &l.Result, e.left)
	} else {
		if !e.firstLine {
			dst = append(dst, ',')
		}
		o := object{dst: append(dst, '{')}
		o.int("line", l.Number)
		o.int("offset", l.Offset)
		e.outcome(&o, text, &l.Result)
		dst = append(o.dst, '}')
	}
	e.firstLine = false
	e.left -= len(dst) - start
	return dst
}

// EndLines ends the result; total is what the scan of all lines returned.
func (e *Encoder) EndLines(dst []byte, total *match.Result) []byte {
	if e.packed != nil {
		return e.packed.endLines(dst, e.pack, total)
	}
	o := object{dst: append(dst, ']'), some: true}
	e.flags(&o, total.Truncated, total.Incomplete)
	return append(o.dst, '}')
}

// outcome appends the members that say what was found, for want.
func (e *Encoder) outcome(o *object, text []byte, r *match.Result) {
	truncated := r.Truncated
	switch e.want {
	case match.WantRules:
		o.key("rules")
		truncated = e.ruleList(o, text, r.Matches) || truncated
	case match.WantCount:
		o.int("count", r.Count)
	case match.WantAny:
		o.bool("any", r.Any)
	default:
		truncated = e.matches(o, text, r.Matches) || truncated
	}
	e.flags(o, truncated, r.Incomplete)
}

func (e *Encoder) flags(o *object, truncated bool, incomplete []uint32) {
	if truncated {
		o.bool("truncated", true)
	}
	if len(incomplete) > 0 {
		o.key("incomplete")
		o.dst = append(o.dst, '[')
		for i, rule := range incomplete {
			if i > 0 {
				o.dst = append(o.dst, ',')
			}
			o.dst = AppendString(o.dst, e.pack.ID(int(rule))) // a regex has one in the pack
		}
		o.dst = append(o.dst, ']')
	}
}

// ruleList appends the ids of matches in text, one of each rule.
func (e *Encoder) ruleList(o *object, text []byte, matches []match.Match) (cut bool) {
	end := len(o.dst) + e.left
	o.dst = append(o.dst, '[')
	for i, m := range matches {
		if len(o.dst) > end {
			cut = true
			break
		}
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = AppendString(o.dst, e.pack.MatchID(m, text))
	}
	o.dst = append(o.dst, ']')
	return cut
}

func (e *Encoder) matches(o *object, text []byte, matches []match.Match) (cut bool) {
	end := len(o.dst) + e.left
	o.key("matches")
	o.dst = append(o.dst, '[')
	for i := range matches {
		if len(o.dst) > end {
			cut = true
			break
		}
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		m := &matches[i]
		in := object{dst: append(o.dst, '{')}
		in.key("rule")
		in.dst = AppendString(in.dst, e.pack.MatchID(*m, text))
		in.int("start", m.Start)
		in.int("end", m.End)
		if e.fields != 0 {
			e.extra(&in, text[m.Start:m.End], m.Rule)
		}
		o.dst = append(in.dst, '}')
	}
	o.dst = append(o.dst, ']')
	return cut
}

// extra appends the fields asked for; a rule that has no tags, severity,
// message or data is without that key.
func (e *Encoder) extra(o *object, matched []byte, rule uint32) {
	if e.fields&FieldText != 0 {
		o.text("text", matched)
	}
	if e.fields&^FieldText == 0 {
		return
	}
	meta := e.pack.Meta(int(rule))
	if e.fields&FieldTags != 0 && len(meta.Tags) > 0 {
		o.strings("tags", meta.Tags)
	}
	if e.fields&FieldSeverity != 0 && meta.Severity != "" {
		o.string("severity", meta.Severity)
	}
	if e.fields&FieldMessage != 0 && meta.Message != "" {
		o.string("message", meta.Message)
	}
	if e.fields&FieldData != 0 && len(meta.Data) > 0 {
		o.raw("data", meta.Data)
	}
}
