package wire

// The packed format: results in varints in place of JSON, for large batches. PROTOCOL.md describes
// every byte. Package worker/results is the writer.

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// PackedVersion is the first byte of a packed result.
const PackedVersion = 1

// The flags of an outcome.
const (
	PackedTruncated  = 1 << 0
	PackedIncomplete = 1 << 1 // a list of rules follows
)

// PackedMatch is a match of a packed result. Rule indexes the reader's Rules, not the pack's.
type PackedMatch struct {
	Start, End int64
	Rule       int
}

// PackedOutcome is the outcome for a text or line. The request's want decides which fields are set.
type PackedOutcome struct {
	Line, Offset int64 // of a line; zero for a whole text
	Matches      []PackedMatch
	Rules        []int // rules wanted
	Count        int64
	Any          bool
	Masked       []byte // the masked text: a view into the frame
	Truncated    bool
	Incomplete   []int
}

// PackedReader reads a packed result frame and checks every byte: the frame may come from anywhere.
// Not safe for concurrent use.
type PackedReader struct {
	Want       Want
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

// NewPackedReader starts reading frame. The frame must not change while the reader is in use.
func NewPackedReader(frame []byte) (*PackedReader, error) {
	if len(frame) < 3 {
		return nil, errPacked
	}
	if frame[0] != PackedVersion {
		return nil, fmt.Errorf("wire: packed result of version %d, this trawl reads %d", frame[0], PackedVersion)
	}
	if frame[1] >= byte(NumWants) || frame[2] > 1 {
		return nil, errPacked
	}
	return &PackedReader{Want: Want(frame[1]), Lines: frame[2] == 1, rest: frame[3:]}, nil
}

// Next returns the next outcome: of the text, or of the next line with a match. The outcome belongs
// to the reader and is valid until the next call. Nil after the last outcome.
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
	switch r.Want.Shape() {
	case ShapeRules:
		o.Rules = r.ruleList(o.Rules, &err)
	case ShapeCount:
		o.Count = r.uvarint(&err)
	case ShapeAny:
		o.Any = r.uvarint(&err) == 1
	case ShapeMasked:
		if n := r.uvarint(&err); err == nil && n > int64(len(r.rest)) {
			err = errPacked
		} else if err == nil {
			o.Masked, r.rest = r.rest[:n:n], r.rest[n:]
		}
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
	if f&PackedIncomplete != 0 {
		incomplete = r.ruleList(nil, err)
	}
	return f&PackedTruncated != 0, incomplete
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

// uvarint reads a number below 2^62; the first error sticks.
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
