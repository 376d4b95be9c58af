package results

// Encoder: result frames of texts and lines, in the format of the request.

import (
	"trawl/edge/mask"
	"trawl/edge/match"
	"trawl/edge/wire"
)

// matchWants translates the wants of requests.
var matchWants = [wire.NumWants]match.Want{
	wire.WantMatches: match.WantMatches,
	wire.WantRules:   match.WantRules,
	wire.WantFirst:   match.WantFirst,
	wire.WantCount:   match.WantCount,
	wire.WantAny:     match.WantAny,
	wire.WantMasked:  match.WantMatches,
}

// MatchWant returns the want of the scan for a request with want w.
func MatchWant(w wire.Want) match.Want { return matchWants[w] }

// ruleNames gives the ids of rules: a [match.Pack], or a nameTable.
type ruleNames interface {
	// ID returns the id of a regex rule.
	ID(rule int) string
	// MatchID returns the id of the rule of m, a match in text.
	MatchID(m match.Match, text []byte) []byte
}

// Encoder writes the result frames of a request, all together within a budget of bytes. Reset
// prepares the Encoder for the next request. Not safe for concurrent use.
type Encoder struct {
	// Stop is asked now and then while groups are looked for; true ends that. May be nil.
	Stop func() bool
	// Tally counts the matches that results list. May be nil.
	Tally *Tally

	names  ruleNames
	pack   *match.Pack // names, for extra fields; nil: results are merged
	want   wire.Want
	fields wire.Fields
	packed *packer // nil: JSON
	spare  *packer // kept for the next request in the packed format
	left   int     // bytes left of the budget
	cut    bool    // a list was cut to the budget since Reset

	isFirst bool // no line has been written yet

	mask   mask.Style
	spans  []mask.Span // of the text at hand
	masked []byte      // the text at hand

	groups    match.GroupFinder
	lost      []uint32 // rules of which a match of the text or line at hand has no groups: given up
	linesLost []uint32 // the same, of all lines
	stopped   bool     // Stop ended the search for groups since Reset
}

// Reset prepares e for a request against pack. The results together get about budget bytes; a list
// over the budget is cut and marked as truncated.
func (e *Encoder) Reset(pack *match.Pack, h *wire.RequestHeader, budget int) {
	e.reset(pack, h, budget)
	e.pack = pack
}

func (e *Encoder) reset(names ruleNames, h *wire.RequestHeader, budget int) {
	e.names, e.pack, e.want, e.fields, e.left = names, nil, h.Want, h.Fields, budget
	e.mask = h.Mask
	e.packed, e.cut, e.stopped, e.linesLost = nil, false, false, e.linesLost[:0]
	if h.Format == wire.FormatPacked {
		if e.spare == nil {
			e.spare = new(packer)
		}
		e.packed = e.spare
	}
}

// Stopped reports whether Stop has ended a search for groups since Reset: they are not complete.
func (e *Encoder) Stopped() bool { return e.stopped }

// Full reports whether the budget is used up.
func (e *Encoder) Full() bool { return e.left <= 0 }

// Text appends the result of a text scanned as a whole.
func (e *Encoder) Text(dst, text []byte, r *match.Result) []byte { return e.text(dst, text, r, nil) }

// text is Text. For a merged result in JSON, raw holds the matches as objects; they are written
// unchanged.
func (e *Encoder) text(dst, text []byte, r *match.Result, raw [][]byte) []byte {
	start := len(dst)
	if e.packed != nil {
		dst = e.packed.begin(dst, e.want, false)
		dst = e.packedOutcome(dst, text, r)
	} else {
		o := wire.BeginObject(dst)
		e.jsonOutcome(&o, text, r, raw)
		dst = o.End()
	}
	e.left -= len(dst) - start
	return dst
}

// BeginLines begins the result of a text split into lines. Line follows for each line with a match,
// then EndLines.
func (e *Encoder) BeginLines(dst []byte) []byte {
	e.isFirst, e.linesLost = true, e.linesLost[:0]
	if e.packed != nil {
		return e.packed.begin(dst, e.want, true)
	}
	return append(dst, `{"lines":[`...)
}

// Line appends the result of a line; text is the line.
func (e *Encoder) Line(dst, text []byte, l *match.Line) []byte { return e.line(dst, text, l, nil) }

// line is Line; for raw see text.
func (e *Encoder) line(dst, text []byte, l *match.Line, raw [][]byte) []byte {
	start := len(dst)
	if e.packed != nil {
		dst = e.packed.line(dst, l)
		dst = e.packedOutcome(dst, text, &l.Result)
	} else {
		if !e.isFirst {
			dst = append(dst, ',')
		}
		o := wire.BeginObject(dst)
		o.Int("line", l.Number)
		o.Int("offset", l.Offset)
		e.jsonOutcome(&o, text, &l.Result, raw)
		dst = o.End()
	}
	e.isFirst = false
	e.left -= len(dst) - start
	return dst
}

// EndLines ends the result of a text split into lines; total is the result of ScanLines.
func (e *Encoder) EndLines(dst []byte, total *match.Result) []byte {
	if e.packed != nil {
		return e.packed.endLines(dst, e.names, total)
	}
	o := wire.ResumeObject(append(dst, ']'))
	e.flags(&o, total.Truncated, union(total.Incomplete, e.linesLost))
	return o.End()
}
