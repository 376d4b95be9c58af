package results

// Want masked: the text with each match replaced. A text of which not all matches are known, or that
// does not fit the budget, is replaced as a whole.

import (
	"encoding/binary"

	"trawl/edge/mask"
	"trawl/edge/match"
	"trawl/edge/wire"
)

// maskText returns the masked text, which is e's until the next call. whole is false if another text
// stands for it.
func (e *Encoder) maskText(text []byte, r *match.Result) (masked []byte, whole bool) {
	if r.Truncated || len(r.Incomplete) > 0 {
		return []byte(mask.Incomplete), false
	}
	e.spans = e.spans[:0]
	for _, m := range r.Matches {
		s := mask.Span{Start: m.Start, End: m.End}
		if e.mask == mask.Rule {
			s.Rule = string(e.names.MatchID(m, text))
		}
		e.spans = append(e.spans, s)
	}
	const keep = 1 << 20 // bytes that stay allocated, and spans by their size
	if cap(e.masked) > keep {
		e.masked = nil
	}
	e.masked = mask.Append(e.masked[:0], text, e.spans, e.mask)
	if cap(e.spans) > keep/32 {
		e.spans = nil
	}
	return e.masked, true
}

// jsonMasked appends the masked text. It reports whether the text is not whole because of limits.
func (e *Encoder) jsonMasked(o *wire.Object, text []byte, r *match.Result) (truncated bool) {
	masked, whole := e.maskText(text, r)
	e.countMasked(r, whole)
	before, start := *o, len(o.Dst)
	if appendText(o, "masked", masked); whole && len(o.Dst)-start > e.left {
		before.Dst, e.cut = o.Dst[:start], true
		*o = before
		appendText(o, "masked", []byte(mask.Incomplete))
		return true
	}
	return r.Truncated
}

// packedMasked is jsonMasked for the packed format, with the flags before.
func (e *Encoder) packedMasked(dst, text []byte, r *match.Result) []byte {
	masked, whole := e.maskText(text, r)
	e.countMasked(r, whole)
	truncated := r.Truncated
	if whole && len(masked) > e.left {
		masked, truncated, e.cut = []byte(mask.Incomplete), true, true
	}
	dst = e.packed.flags(dst, e.names, truncated, r.Incomplete)
	dst = binary.AppendUvarint(dst, uint64(len(masked)))
	return append(dst, masked...)
}

// countMasked counts the matches that have been replaced.
func (e *Encoder) countMasked(r *match.Result, whole bool) {
	if whole {
		for i := range r.Matches {
			e.count(r.Matches[i].Rule)
		}
	}
}
