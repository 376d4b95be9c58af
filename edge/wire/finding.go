package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"trawl/edge/match"
)

// Results as they are between reading them and writing them again, in either format:
// by the names of rules, as their pack is somebody else's.

// finding is what a result says of a text, or of one line of it.
type finding struct {
	line, offset int64 // of a line
	matches      []findingMatch
	rules        []string
	count        int64
	any          bool
	truncated    bool
	incomplete   []string
}

type findingMatch struct {
	start, end int64
	rule       string
	raw        json.RawMessage // with its extra fields; nil if the result was packed
}

// findings is a result frame: one finding, or with Lines one for each line that
// matched, and the rest in total.
type findings struct {
	each  []finding
	total finding // truncated and incomplete only
}

var errResult = errors.New("wire: not a result for what was asked")

type findingKey struct {
	start, end int64
	rule       string
}

func (m *findingMatch) key() findingKey { return findingKey{m.start, m.end, m.rule} }

func readFinding(h *RequestHeader, frame []byte) (*findings, error) {
	if h.Format == FormatPacked {
		return readPacked(h, frame)
	}
	return readJSON(h, frame)
}

// jsonFinding is a result, or one of its lines, in JSON.
type jsonFinding struct {
	Line       int64             `json:"line"`
	Offset     int64             `json:"offset"`
	Matches    []json.RawMessage `json:"matches"`
	Rules      []string          `json:"rules"`
	Count      *int64            `json:"count"`
	Any        *bool             `json:"any"`
	Truncated  bool              `json:"truncated"`
	Incomplete []string          `json:"incomplete"`
	Lines      []jsonFinding     `json:"lines"`
}

func readJSON(h *RequestHeader, frame []byte) (*findings, error) {
	var j jsonFinding
	if err := json.Unmarshal(frame, &j); err != nil {
		return nil, errResult
	}
	all := &findings{}
	if !h.Lines {
		f, err := j.found(h)
		all.each = append(all.each, f)
		return all, err
	}
	if j.Lines == nil {
		return nil, errResult
	}
	for i := range j.Lines {
		f, err := j.Lines[i].found(h)
		if err != nil {
			return nil, err
		}
		all.each = append(all.each, f)
	}
	all.total.truncated, all.total.incomplete = j.Truncated, j.Incomplete
	return all, nil
}

func (j *jsonFinding) found(h *RequestHeader) (finding, error) {
	f := finding{line: j.Line, offset: j.Offset, rules: j.Rules, truncated: j.Truncated, incomplete: j.Incomplete}
	switch h.Want {
	case match.WantRules:
		if j.Rules == nil {
			return f, errResult
		}
	case match.WantCount:
		if j.Count == nil {
			return f, errResult
		}
		f.count = *j.Count
	case match.WantAny:
		if j.Any == nil {
			return f, errResult
		}
		f.any = *j.Any
	default:
		if j.Matches == nil {
			return f, errResult
		}
	}
	for _, raw := range j.Matches {
		var m struct {
			Rule       *string
			Start, End int64
		}
		if json.Unmarshal(raw, &m) != nil || m.Rule == nil {
			return f, errResult
		}
		f.matches = append(f.matches, findingMatch{start: m.Start, end: m.End, rule: *m.Rule, raw: raw})
	}
	return f, nil
}

func readPacked(h *RequestHeader, frame []byte) (*findings, error) {
	r, err := NewPackedReader(frame)
	if err != nil {
		return nil, err
	}
	if r.Want != h.Want || r.Lines != h.Lines {
		return nil, errResult
	}
	names := func(refs []int) (names []string) {
		for _, ref := range refs {
			names = append(names, r.Rules[ref])
		}
		return names
	}
	all := &findings{}
	for {
		o, err := r.Next()
		if err != nil {
			return nil, err
		}
		if o == nil {
			break
		}
		f := finding{
			line: o.Line, offset: o.Offset, count: o.Count, any: o.Any, truncated: o.Truncated,
			rules: names(o.Rules), incomplete: names(o.Incomplete),
		}
		for _, m := range o.Matches {
			f.matches = append(f.matches, findingMatch{start: m.Start, end: m.End, rule: r.Rules[m.Rule]})
		}
		all.each = append(all.each, f)
	}
	if h.Lines {
		all.total.truncated, all.total.incomplete = r.Truncated, names(r.Incomplete)
	}
	return all, nil
}

func (l *findings) appendJSON(dst []byte, h *RequestHeader, budget int) []byte {
	end := len(dst) + budget
	if !h.Lines {
		o := object{dst: append(dst, '{')}
		l.each[0].members(&o, h, end)
		return append(o.dst, '}')
	}
	dst = append(dst, `{"lines":[`...)
	for i := range l.each {
		if len(dst) > end {
			l.total.truncated = true
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		o := object{dst: append(dst, '{')}
		o.int("line", l.each[i].line)
		o.int("offset", l.each[i].offset)
		l.each[i].members(&o, h, end)
		l.total.truncated = l.total.truncated || l.each[i].truncated
		dst = append(o.dst, '}')
	}
	o := object{dst: append(dst, ']'), some: true}
	l.total.flags(&o)
	return append(o.dst, '}')
}

func (f *finding) members(o *object, h *RequestHeader, end int) {
	switch h.Want {
	case match.WantRules:
		f.cutRules(end - len(o.dst))
		o.strings("rules", f.rules)
	case match.WantCount:
		o.int("count", f.count)
	case match.WantAny:
		o.bool("any", f.any)
	default:
		o.key("matches")
		o.dst = append(o.dst, '[')
		for i := range f.matches {
			if len(o.dst) > end {
				f.truncated = true
				break
			}
			if i > 0 {
				o.dst = append(o.dst, ',')
			}
			o.dst = append(o.dst, f.matches[i].raw...)
		}
		o.dst = append(o.dst, ']')
	}
	f.flags(o)
}

// cutRules cuts the list of rules to about budget bytes.
func (f *finding) cutRules(budget int) {
	for i, rule := range f.rules {
		if budget -= len(rule) + len(`"",`); budget < 0 {
			f.rules, f.truncated = f.rules[:i], true
			return
		}
	}
}

func (f *finding) flags(o *object) {
	if f.truncated {
		o.bool("truncated", true)
	}
	if len(f.incomplete) > 0 {
		o.strings("incomplete", f.incomplete)
	}
}

// namePacker is packer for rules of which only the names are known.
type namePacker struct {
	dst  []byte
	refs map[string]int
}

func (l *findings) appendPacked(dst []byte, h *RequestHeader, budget int) []byte {
	end := len(dst) + budget
	split := byte(0)
	if h.Lines {
		split = 1
	}
	p := namePacker{dst: append(dst, packedVersion, byte(h.Want), split), refs: make(map[string]int)}
	if !h.Lines {
		p.found(h, &l.each[0], end)
		return p.dst
	}
	var last finding
	for i := range l.each {
		if len(p.dst) > end {
			l.total.truncated = true
			break
		}
		f := &l.each[i]
		p.uvarint(f.line - last.line)
		p.uvarint(f.offset - last.offset)
		last.line, last.offset = f.line, f.offset
		p.found(h, f, end)
		l.total.truncated = l.total.truncated || f.truncated
	}
	p.uvarint(0)
	p.flags(&l.total)
	return p.dst
}

func (p *namePacker) found(h *RequestHeader, f *finding, end int) {
	if most := max(0, end-len(p.dst)) / 8; len(f.matches) > most { // as packer does
		f.matches, f.truncated = f.matches[:most], true
	}
	f.cutRules(end - len(p.dst))
	p.flags(f)
	switch h.Want {
	case match.WantRules:
		p.list(f.rules)
	case match.WantCount:
		p.uvarint(f.count)
	case match.WantAny:
		if f.any {
			p.uvarint(1)
		} else {
			p.uvarint(0)
		}
	default:
		p.uvarint(int64(len(f.matches)))
		last := int64(0)
		for _, m := range f.matches {
			p.uvarint(m.end - last)
			p.uvarint(m.end - m.start)
			p.rule(m.rule)
			last = m.end
		}
	}
}

func (p *namePacker) flags(f *finding) {
	var flags int64
	if f.truncated {
		flags |= packedTruncated
	}
	if len(f.incomplete) > 0 {
		flags |= packedIncomplete
	}
	p.uvarint(flags)
	if len(f.incomplete) > 0 {
		p.list(f.incomplete)
	}
}

func (p *namePacker) list(names []string) {
	p.uvarint(int64(len(names)))
	for _, name := range names {
		p.rule(name)
	}
}

func (p *namePacker) rule(name string) {
	ref, known := p.refs[name]
	if !known {
		ref = len(p.refs)
		p.refs[name] = ref
	}
	if p.uvarint(int64(ref)); !known {
		p.dst = appendID(p.dst, []byte(name))
	}
}

func (p *namePacker) uvarint(v int64) { p.dst = binary.AppendUvarint(p.dst, uint64(v)) }
