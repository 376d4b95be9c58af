package wire

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"

	"trawl/edge/match"
)

// Two results of one text become one: a worker has matched it against its own rules,
// and another, which it has asked, against more.

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

// MergeResults makes one result frame of two, both for the request h, and appends
// it to dst, about budget bytes at most. Matches are in the order of end and start; of
// those that are equal in both, first's come first. What is in both counts once, but
// for want count, which adds.
//
// With h.Lines second's lines are some of those that first lists: its line n, from 1,
// is first's line lines[n-1], from 0.
//
// The error says that one of them is no result for h; dst is returned as it was.
func MergeResults(dst []byte, h *RequestHeader, first, second []byte, lines []int, budget int) ([]byte, error) {
	a, err := readFinding(h, first)
	if err != nil {
		return dst, err
	}
	b, err := readFinding(h, second)
	if err != nil {
		return dst, err
	}
	for i := range b.each {
		to := i
		if h.Lines {
			n := b.each[i].line - 1
			if n < 0 || n >= int64(len(lines)) || lines[n] >= len(a.each) {
				return dst, errResult
			}
			to = lines[n]
		}
		a.each[to].merge(h, &b.each[i])
	}
	a.total.merge(h, &b.total)
	if h.Format == FormatPacked {
		return a.appendPacked(dst, h, budget), nil
	}
	return a.appendJSON(dst, h, budget), nil
}

// merge adds what b has to a.
func (a *finding) merge(h *RequestHeader, b *finding) {
	a.count += b.count
	a.any = a.any || b.any
	a.truncated = a.truncated || b.truncated
	a.incomplete = union(a.incomplete, b.incomplete)
	a.rules = union(a.rules, b.rules)
	known := len(a.matches)
	seen := make(map[findingKey]struct{}, known)
	for i := range a.matches {
		seen[a.matches[i].key()] = struct{}{}
	}
	for _, m := range b.matches {
		if _, ok := seen[m.key()]; !ok {
			a.matches = append(a.matches, m)
		}
	}
	slices.SortStableFunc(a.matches, func(x, y findingMatch) int {
		return cmp.Or(cmp.Compare(x.end, y.end), cmp.Compare(x.start, y.start))
	})
	limit := h.Limit
	if h.Want == match.WantFirst {
		limit = 1
	}
	if limit == 0 {
		return
	}
	if len(a.matches) > limit {
		a.matches = a.matches[:limit]
		a.truncated = a.truncated || h.Want != match.WantFirst
	}
	if len(a.rules) > limit {
		a.rules, a.truncated = a.rules[:limit], true
	}
}

type findingKey struct {
	start, end int64
	rule       string
}

func (m *findingMatch) key() findingKey { return findingKey{m.start, m.end, m.rule} }

func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	seen := make(map[string]struct{}, len(a)+len(b))
	for _, s := range a {
		seen[s] = struct{}{}
	}
	for _, s := range b {
		if _, ok := seen[s]; !ok {
			seen[s] = struct{}{}
			a = append(a, s)
		}
	}
	return a
}

// ---- reading ----

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

// ---- writing ----

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
