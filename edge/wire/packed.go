package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"trawl/edge/match"
)

// The packed format, for big batches: a result in varints instead of JSON.
// PROTOCOL.md describes it byte by byte; the writer here and PackedReader
// below are its two ends.

const packedVersion = 1

// Flags of an outcome.
const (
	packedTruncated  = 1 << 0
	packedIncomplete = 1 << 1
)

// packer writes packed results. A rule's id is written where it is first
// used in a result frame, later uses are its number in that order.
type packer struct {
	want       match.Want
	lastLine   int64
	lastOffset int64
	refs       refTable
}

func (p *packer) begin(dst []byte, want match.Want, lines bool) []byte {
	p.want, p.lastLine, p.lastOffset = want, 0, 0
	p.refs.reset()
	split := byte(0)
	if lines {
		split = 1
	}
	return append(dst, packedVersion, byte(want), split)
}

func (p *packer) line(dst []byte, l *match.Line) []byte {
	dst = binary.AppendUvarint(dst, uint64(l.Number-p.lastLine))
	dst = binary.AppendUvarint(dst, uint64(l.Offset-p.lastOffset))
	p.lastLine, p.lastOffset = l.Number, l.Offset
	return dst
}

func (p *packer) endLines(dst []byte, pack *match.Pack, total *match.Result) []byte {
	dst = append(dst, 0)
	return p.flags(dst, pack, total.Truncated, total.Incomplete)
}

func (p *packer) flags(dst []byte, pack *match.Pack, truncated bool, incomplete []uint32) []byte {
	var f byte
	if truncated {
		f |= packedTruncated
	}
	if len(incomplete) > 0 {
		f |= packedIncomplete
	}
	dst = append(dst, f)
	if len(incomplete) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(incomplete)))
		for _, rule := range incomplete {
			ref, known := p.refs.of(rule)
			if dst = binary.AppendUvarint(dst, uint64(ref)); !known {
				dst = appendID(dst, []byte(pack.ID(int(rule)))) // a regex: has one in the pack
			}
		}
	}
	return dst
}

// outcome writes what was found in text, in at most about left bytes.
func (p *packer) outcome(dst []byte, pack *match.Pack, text []byte, r *match.Result, left int) []byte {
	truncated := r.Truncated
	matches := r.Matches // for rules: one of each
	// A match takes at most 25 bytes and an id; a cut list is cut before it is counted.
	if most := max(0, left/8); len(matches) > most {
		matches, truncated = matches[:most], true
	}
	dst = p.flags(dst, pack, truncated, r.Incomplete)
	switch p.want {
	case match.WantRules:
		dst = binary.AppendUvarint(dst, uint64(len(matches)))
		for _, m := range matches {
			dst = p.rule(dst, pack, m, text)
		}
		return dst
	case match.WantCount:
		return binary.AppendUvarint(dst, uint64(r.Count))
	case match.WantAny:
		if r.Any {
			return append(dst, 1)
		}
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(matches)))
	last := int64(0)
	for i := range matches {
		m := &matches[i]
		dst = binary.AppendUvarint(dst, uint64(m.End-last))
		dst = binary.AppendUvarint(dst, uint64(m.End-m.Start))
		dst = p.rule(dst, pack, *m, text)
		last = m.End
	}
	return dst
}

// rule writes the rule of a match in text.
func (p *packer) rule(dst []byte, pack *match.Pack, m match.Match, text []byte) []byte {
	ref, known := p.refs.of(m.Rule)
	if dst = binary.AppendUvarint(dst, uint64(ref)); known {
		return dst
	}
	return appendID(dst, pack.MatchID(m, text))
}

func appendID(dst, id []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(id))), id...)
}

// PackedMatch is one match of a packed result. Rule indexes the reader's
// Rules, not the pack's.
type PackedMatch struct {
	Start, End int64
	Rule       int
}

// PackedOutcome is what was found in a text or line, as far as the request's
// want says it.
type PackedOutcome struct {
	Line, Offset int64 // of a line; zero for a whole text
	Matches      []PackedMatch
	Rules        []int // rules wanted
	Count        int64
	Any          bool
	Truncated    bool
	Incomplete   []int
}

// PackedReader reads one packed result frame. It checks everything it reads:
// the frame may come from anywhere. Not safe for concurrent use.
type PackedReader struct {
	Want       match.Want
	Lines      bool
	Rules      []string // ids in the order of first use, grows while reading
	Truncated  bool     // after the last line
	Incomplete []int    // after the last line

	rest      []byte
	outcome   PackedOutcome
	done      bool
	lastLine  int64
	lastStart int64
}

var errPacked = errors.New("wire: damaged packed result")

// NewPackedReader starts to read frame, which must stay unchanged meanwhile.
func NewPackedReader(frame []byte) (*PackedReader, error) {
	if len(frame) < 3 {
		return nil, errPacked
	}
	if frame[0] != packedVersion {
		return nil, fmt.Errorf("wire: packed result of version %d, this trawl reads %d", frame[0], packedVersion)
	}
	if frame[1] > byte(match.WantAny) || frame[2] > 1 {
		return nil, errPacked
	}
	return &PackedReader{Want: match.Want(frame[1]), Lines: frame[2] == 1, rest: frame[3:]}, nil
}

// Next returns the next outcome: of the text, or of each line that matched.
// It is the reader's and lasts until the next call. Nil after the last.
func (r *PackedReader) Next() (*PackedOutcome, error) {
	if r.done {
		return nil, nil
	}
	o := &r.outcome
	*o = PackedOutcome{Matches: o.Matches[:0], Rules: o.Rules[:0]}
	var err error
	if r.Lines {
		delta := r.uvarint(&err)
		if delta == 0 {
			r.done = true
			r.Truncated, r.Incomplete = r.flags(&err)
			return nil, r.end(err)
		}
		r.lastLine = add(r.lastLine, delta, &err)
		r.lastStart = add(r.lastStart, r.uvarint(&err), &err)
		o.Line, o.Offset = r.lastLine, r.lastStart
	}
	o.Truncated, o.Incomplete = r.flags(&err)
	switch r.Want {
	case match.WantRules:
		o.Rules = r.ruleList(o.Rules, &err)
	case match.WantCount:
		o.Count = r.uvarint(&err)
	case match.WantAny:
		o.Any = r.uvarint(&err) == 1
	default:
		r.matches(o, &err)
	}
	if err != nil {
		return nil, err
	}
	if !r.Lines {
		r.done = true
		return o, r.end(nil)
	}
	return o, nil
}

func (r *PackedReader) end(err error) error {
	if err == nil && len(r.rest) > 0 {
		return errPacked
	}
	return err
}

func (r *PackedReader) matches(o *PackedOutcome, err *error) {
	last := int64(0)
	for n := r.uvarint(err); n > 0 && *err == nil; n-- {
		last = add(last, r.uvarint(err), err)
		length := r.uvarint(err)
		if length > last {
			*err = errPacked
		}
		o.Matches = append(o.Matches, PackedMatch{Start: last - length, End: last, Rule: r.rule(err)})
	}
}

func (r *PackedReader) flags(err *error) (truncated bool, incomplete []int) {
	f := r.uvarint(err)
	if f&packedIncomplete != 0 {
		incomplete = r.ruleList(nil, err)
	}
	return f&packedTruncated != 0, incomplete
}

func (r *PackedReader) ruleList(to []int, err *error) []int {
	for n := r.uvarint(err); n > 0 && *err == nil; n-- {
		to = append(to, r.rule(err))
	}
	return to
}

func (r *PackedReader) rule(err *error) int {
	ref := r.uvarint(err)
	switch {
	case *err != nil || ref > int64(len(r.Rules)):
		*err = errPacked
		return 0
	case ref == int64(len(r.Rules)):
		n := r.uvarint(err)
		if *err != nil || n > int64(len(r.rest)) {
			*err = errPacked
			return 0
		}
		r.Rules = append(r.Rules, string(r.rest[:n]))
		r.rest = r.rest[n:]
	}
	return int(ref)
}

// add keeps sums of foreign numbers below 2^62.
func add(a, b int64, err *error) int64 {
	if a+b >= 1<<62 {
		*err = errPacked
		return 0
	}
	return a + b
}

// uvarint reads one number below 2^62; the first error sticks.
func (r *PackedReader) uvarint(err *error) int64 {
	if *err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v >= 1<<62 {
		*err = errPacked
		return 0
	}
	r.rest = r.rest[n:]
	return int64(v)
}
