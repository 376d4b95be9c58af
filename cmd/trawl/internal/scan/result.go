package scan

// A result frame of either format, read alike. Results are packed, unless matches carry extra
// fields: those come as JSON only.

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

// result reads a result frame. Of a frame in JSON the fields of the PackedReader are filled in.
type result struct {
	*wire.PackedReader
	extra [][]byte // of each match of the outcome at hand: members of a JSON object, a comma before each

	isJSON  bool
	left    []jsonResult // outcomes to come
	numbers map[string]int
	outcome wire.PackedOutcome
}

// jsonResult is a result in JSON, or one of its lines.
type jsonResult struct {
	Line       int64        `json:"line"`
	Offset     int64        `json:"offset"`
	Matches    []jsonMatch  `json:"matches"`
	Truncated  bool         `json:"truncated"`
	Incomplete []string     `json:"incomplete"`
	Lines      []jsonResult `json:"lines"`
}

// jsonMatch is a match with its extra fields.
type jsonMatch struct {
	Rule      string          `json:"rule"`
	Start     int64           `json:"start"`
	End       int64           `json:"end"`
	Groups    json.RawMessage `json:"groups"`
	GroupsB64 json.RawMessage `json:"groups_b64"`
	Tags      json.RawMessage `json:"tags"`
	Severity  json.RawMessage `json:"severity"`
	Message   json.RawMessage `json:"message"`
	Data      json.RawMessage `json:"data"`
}

var errJSON = errors.New("a result that is not what was asked for")

// newResult reads the beginning of a frame.
func newResult(o *Options, frame []byte) (*result, error) {
	if o.Fields == 0 {
		p, err := wire.NewPackedReader(frame)
		return &result{PackedReader: p}, err
	}
	var j jsonResult
	if json.Unmarshal(frame, &j) != nil || (j.Lines == nil) == (j.Matches == nil) {
		return nil, errJSON
	}
	r := &result{PackedReader: &wire.PackedReader{Want: wire.WantMatches, Lines: j.Lines != nil}, isJSON: true}
	r.numbers = make(map[string]int)
	if r.Lines {
		r.left = j.Lines
		r.Truncated, r.Incomplete = j.Truncated, r.refs(j.Incomplete)
	} else {
		r.left = []jsonResult{j}
	}
	return r, nil
}

// Next is as [wire.PackedReader.Next].
func (r *result) Next() (*wire.PackedOutcome, error) {
	if !r.isJSON {
		return r.PackedReader.Next()
	}
	if len(r.left) == 0 {
		return nil, nil
	}
	j := &r.left[0]
	r.left = r.left[1:]
	if j.Matches == nil {
		return nil, errJSON
	}
	o := &r.outcome
	*o = wire.PackedOutcome{Line: j.Line, Offset: j.Offset, Matches: o.Matches[:0], Truncated: j.Truncated, Incomplete: r.refs(j.Incomplete)}
	r.extra = r.extra[:0]
	for i := range j.Matches {
		m := &j.Matches[i]
		o.Matches = append(o.Matches, wire.PackedMatch{Start: m.Start, End: m.End, Rule: r.ref(m.Rule)})
		r.extra = append(r.extra, m.extra())
	}
	return o, nil
}

// ref is the place of a rule in r.Rules.
func (r *result) ref(id string) int {
	n, known := r.numbers[id]
	if !known {
		n = len(r.Rules)
		r.numbers[id] = n
		r.Rules = append(r.Rules, id)
	}
	return n
}

func (r *result) refs(ids []string) (refs []int) {
	for _, id := range ids {
		refs = append(refs, r.ref(id))
	}
	return refs
}

// extra returns the members of m that are printed as they came.
func (m *jsonMatch) extra() (b []byte) {
	for _, member := range []struct {
		key   string
		value json.RawMessage
	}{
		{"groups", m.Groups},
		{"groups_b64", m.GroupsB64},
		{"tags", m.Tags},
		{"severity", m.Severity},
		{"message", m.Message},
		{"data", m.Data},
	} {
		if len(member.value) > 0 {
			b = append(append(append(b, `,"`...), member.key...), `":`...)
			b = appendForeign(b, member.value)
		}
	}
	return b
}

// appendForeign appends JSON of a broker on one line and with escapes for all hidden characters,
// as [wire.AppendString] writes them.
func appendForeign(dst []byte, value json.RawMessage) []byte {
	hidden := func(r rune) bool { return r < ' ' || r >= 0x7f }
	if bytes.IndexFunc(value, hidden) < 0 {
		return append(dst, value...)
	}
	var line bytes.Buffer
	if json.Compact(&line, value) != nil { // it was unmarshalled before
		return append(dst, "null"...)
	}
	for b := line.Bytes(); len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		switch {
		case escape.Hidden(r):
			dst = escape.AppendJSONRune(dst, r)
		default:
			dst = utf8.AppendRune(dst, r) // U+FFFD for bytes that are not UTF-8
		}
		b = b[n:]
	}
	return dst
}
