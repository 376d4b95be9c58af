package results

// Reading results of other workers. Their rules are known by name only.

import (
	"encoding/json"
	"errors"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// errResult is the error about frames unfit as a result for the request.
var errResult = errors.New("results: not a result for what was asked")

// nameTable numbers the rules of results by name. Results to be merged share a table: equal numbers
// mean equal rules.
type nameTable struct {
	names   []string
	numbers map[string]uint32
}

// number returns the number of the rule called name.
func (t *nameTable) number(name string) uint32 {
	n, known := t.numbers[name]
	if !known {
		n = uint32(len(t.names))
		t.names = append(t.names, name)
		t.numbers[name] = n
	}
	return n
}

func (t *nameTable) list(names []string) (numbers []uint32) {
	for _, name := range names {
		numbers = append(numbers, t.number(name))
	}
	return numbers
}

// ID returns the name of a rule.
func (t *nameTable) ID(rule int) string { return t.names[rule] }

// MatchID returns the name of the rule of m.
func (t *nameTable) MatchID(m match.Match, _ []byte) []byte { return []byte(t.names[m.Rule]) }

// finding is the result for a text or a line. Rules are numbers of a nameTable.
type finding struct {
	match.Line          // Number and Offset are 0 for a text
	raw        [][]byte // JSON of each match, with all fields; nil in the packed format
}

// findings is a result frame, read.
type findings struct {
	each  []finding    // of the text, or of each line with a match
	total match.Result // of all lines: Truncated and Incomplete only
}

// read decodes a result frame for the request h.
func (t *nameTable) read(h *wire.RequestHeader, frame []byte) (*findings, error) {
	if h.Format == wire.FormatPacked {
		return t.readPacked(h, frame)
	}
	return t.readJSON(h, frame)
}

// jsonFinding is a result in JSON, or a line of a result.
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

func (t *nameTable) readJSON(h *wire.RequestHeader, frame []byte) (*findings, error) {
	var j jsonFinding
	if err := json.Unmarshal(frame, &j); err != nil {
		return nil, errResult
	}
	all := &findings{}
	if !h.Lines {
		f, err := t.finding(h, &j)
		all.each = append(all.each, f)
		return all, err
	}
	if j.Lines == nil {
		return nil, errResult
	}
	for i := range j.Lines {
		f, err := t.finding(h, &j.Lines[i])
		if err != nil {
			return nil, err
		}
		all.each = append(all.each, f)
	}
	all.total.Truncated, all.total.Incomplete = j.Truncated, t.list(j.Incomplete)
	return all, nil
}

func (t *nameTable) finding(h *wire.RequestHeader, j *jsonFinding) (f finding, err error) {
	f.Number, f.Offset = j.Line, j.Offset
	f.Truncated, f.Incomplete = j.Truncated, t.list(j.Incomplete)
	switch h.Want.Shape() {
	case wire.ShapeRules:
		if j.Rules == nil {
			return f, errResult
		}
		f.Matches = make([]match.Match, 0, len(j.Rules))
		for _, name := range j.Rules {
			f.Matches = append(f.Matches, match.Match{Rule: t.number(name)})
		}
	case wire.ShapeCount:
		if j.Count == nil {
			return f, errResult
		}
		f.Count = *j.Count
	case wire.ShapeAny:
		if j.Any == nil {
			return f, errResult
		}
		f.Any = *j.Any
	default:
		if j.Matches == nil {
			return f, errResult
		}
		f.Matches, f.raw = make([]match.Match, 0, len(j.Matches)), make([][]byte, 0, len(j.Matches))
		for _, raw := range j.Matches {
			var m struct {
				Rule       *string
				Start, End int64
			}
			if json.Unmarshal(raw, &m) != nil || m.Rule == nil {
				return f, errResult
			}
			f.Matches = append(f.Matches, match.Match{Start: m.Start, End: m.End, Rule: t.number(*m.Rule)})
			f.raw = append(f.raw, raw)
		}
	}
	return f, nil
}

func (t *nameTable) readPacked(h *wire.RequestHeader, frame []byte) (*findings, error) {
	r, err := wire.NewPackedReader(frame)
	if err != nil {
		return nil, err
	}
	if r.Want != h.Want || r.Lines != h.Lines {
		return nil, errResult
	}
	var numbers []uint32 // of r.Rules
	number := func(ref int) uint32 {
		for i := len(numbers); i <= ref; i++ {
			numbers = append(numbers, t.number(r.Rules[i]))
		}
		return numbers[ref]
	}
	list := func(refs []int) (rules []uint32) {
		for _, ref := range refs {
			rules = append(rules, number(ref))
		}
		return rules
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
		var f finding
		f.Number, f.Offset = o.Line, o.Offset
		f.Count, f.Any, f.Truncated, f.Incomplete = o.Count, o.Any, o.Truncated, list(o.Incomplete)
		f.Matches = make([]match.Match, 0, len(o.Matches)+len(o.Rules))
		for _, m := range o.Matches {
			f.Matches = append(f.Matches, match.Match{Start: m.Start, End: m.End, Rule: number(m.Rule)})
		}
		for _, ref := range o.Rules {
			f.Matches = append(f.Matches, match.Match{Rule: number(ref)})
		}
		all.each = append(all.each, f)
	}
	if h.Lines {
		all.total.Truncated, all.total.Incomplete = r.Truncated, list(r.Incomplete)
	}
	return all, nil
}
