package results

// The packed format: varints in place of JSON.

import (
	"encoding/binary"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// packer writes packed results. The first use of a rule in a result frame is followed by the rule's
// id; later uses are a number, counted by first uses.
type packer struct {
	lastLine   int64
	lastOffset int64
	refs       refTable
}

func (p *packer) begin(dst []byte, want wire.Want, lines bool) []byte {
	p.lastLine, p.lastOffset = 0, 0
	p.refs.reset()
	split := byte(0)
	if lines {
		split = 1
	}
	return append(dst, wire.PackedVersion, byte(want), split)
}

func (p *packer) line(dst []byte, l *match.Line) []byte {
	dst = binary.AppendUvarint(dst, uint64(l.Number-p.lastLine))
	dst = binary.AppendUvarint(dst, uint64(l.Offset-p.lastOffset))
	p.lastLine, p.lastOffset = l.Number, l.Offset
	return dst
}

func (p *packer) endLines(dst []byte, names ruleNames, total *match.Result) []byte {
	dst = append(dst, 0)
	return p.flags(dst, names, total.Truncated, total.Incomplete)
}

// flags appends the flags, a single byte, and the list of incomplete rules.
func (p *packer) flags(dst []byte, names ruleNames, truncated bool, incomplete []uint32) []byte {
	var f byte
	if truncated {
		f |= wire.PackedTruncated
	}
	if len(incomplete) > 0 {
		f |= wire.PackedIncomplete
	}
	dst = append(dst, f)
	if len(incomplete) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(incomplete)))
		for _, rule := range incomplete {
			ref, known := p.refs.of(rule)
			if dst = binary.AppendUvarint(dst, uint64(ref)); !known {
				dst = appendID(dst, []byte(names.ID(int(rule))))
			}
		}
	}
	return dst
}

// packedOutcome appends the outcome for text.
func (e *Encoder) packedOutcome(dst, text []byte, r *match.Result) []byte {
	p, shape := e.packed, e.want.Shape()
	flagsAt, end := len(dst), len(dst)+e.left
	truncated, matches := r.Truncated, r.Matches
	if fits := max(0, e.left/8); len(matches) > fits { // most entries take fewer bytes
		matches, truncated, e.cut = matches[:fits], true, true
	}
	if shape == wire.ShapeMasked {
		return e.packedMasked(dst, text, r)
	}
	dst = p.flags(dst, e.names, truncated, r.Incomplete)
	switch shape {
	case wire.ShapeCount:
		return binary.AppendUvarint(dst, uint64(r.Count))
	case wire.ShapeAny:
		if r.Any {
			return append(dst, 1)
		}
		return append(dst, 0)
	}
	countAt := len(dst)
	dst = binary.AppendUvarint(dst, uint64(len(matches)))
	last := int64(0)
	for i := range matches {
		m := &matches[i]
		e.count(m.Rule)
		if shape == wire.ShapeMatches {
			dst = binary.AppendUvarint(dst, uint64(m.End-last))
			dst = binary.AppendUvarint(dst, uint64(m.End-m.Start))
			last = m.End
		}
		ref, known := p.refs.of(m.Rule)
		if dst = binary.AppendUvarint(dst, uint64(ref)); known {
			continue
		}
		dst = appendID(dst, e.names.MatchID(*m, text))
		if len(dst) > end && i+1 < len(matches) {
			e.cut = true
			return cutList(dst, flagsAt, countAt, i+1)
		}
	}
	return dst
}

// cutList corrects the head of an outcome after its list was cut to n entries. countAt is the place
// of the count, flagsAt the place of the flags.
func cutList(dst []byte, flagsAt, countAt, n int) []byte {
	dst[flagsAt] |= wire.PackedTruncated
	_, width := binary.Uvarint(dst[countAt:])
	entries := dst[countAt+width:]
	return append(binary.AppendUvarint(dst[:countAt], uint64(n)), entries...)
}

func appendID(dst, id []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(id))), id...)
}

// refTable numbers the rules of a result frame in the order of first uses. Most texts have few rules,
// again and again: recent holds the latest, and all holds every rule. Neither is cleared for the next
// frame, which is another round.
type refTable struct {
	round  uint32 // entries of other rounds are void
	count  uint32 // rules with a number in this round
	recent [1024]ruleRef
	all    map[uint32]ruleRef
}

type ruleRef struct{ rule, round, ref uint32 }

// maxKeptRefs bounds how many entries stay allocated from frame to frame.
const maxKeptRefs = 1 << 14

// reset forgets all rules.
func (t *refTable) reset() {
	t.count = 0
	if t.round++; t.round == 0 || t.all == nil || len(t.all) > maxKeptRefs {
		*t = refTable{round: 1, all: make(map[uint32]ruleRef)}
	}
}

// of returns the number of a rule, and whether the rule was used before.
func (t *refTable) of(rule uint32) (ref uint32, known bool) {
	recent := &t.recent[rule%uint32(len(t.recent))]
	if recent.rule == rule && recent.round == t.round {
		return recent.ref, true
	}
	r := t.all[rule]
	if known = r.round == t.round; !known {
		r = ruleRef{rule, t.round, t.count}
		t.count++
		t.all[rule] = r
	}
	*recent = r
	return r.ref, known
}
