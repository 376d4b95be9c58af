package follow

// From bytes to records: lines, records of several lines, pieces of long ones.

import (
	"bytes"
	"regexp"
)

const (
	maxText  = 1 << 20 // bytes of a record, and of a piece of a longer line
	maxLines = 500     // of a record
	// maxOverlap leaves most of a piece to new bytes.
	maxOverlap = maxText / 4
)

// ending says whether more is expected behind the data.
type ending int

const (
	open  ending = iota // more may come
	idle                // no line has come for a while: a record of several lines is complete
	final               // nothing will come
)

// cutter finds records. All files of a source share a cutter.
type cutter struct {
	start   *regexp.Regexp // matches the first lines of records; nil: every line is a record
	overlap int
}

// place is the state of a cutter within a file. The zero value is the beginning of a file.
type place struct {
	overlap   int  // bytes at the beginning of the data that the last piece had, too
	continued bool // the record began earlier
	inLine    bool // the data begins within a line
	complete  int  // bytes of whole lines waiting for the rest of a record
}

// cut is a record in the data.
type cut struct {
	text      []byte
	overlap   int
	continued bool
	cut       bool
}

// next returns the record at the beginning of data, and the length of the data before the
// next one. ok is false if the record may go on behind the data. Data of more than maxText
// bytes always has one.
func (c *cutter) next(p *place, data []byte, end ending) (r cut, n int, ok bool) {
	p.complete = 0
	i := bytes.IndexByte(data[:min(len(data), maxText+1)], '\n')
	switch {
	case i >= 0 && c.start == nil:
		r, n = cut{text: data[:i]}, i+1
	case i >= 0:
		return c.several(p, data, i+1, end)
	case len(data) > maxText:
		return c.piece(p, data)
	case end == final && len(data) > p.overlap:
		r, n = cut{text: data, cut: true}, len(data)
	default:
		return cut{}, 0, false
	}
	r.overlap, r.continued = p.overlap, p.continued
	*p = place{continued: r.cut, inLine: r.cut}
	return r, n, true
}

// zeroRun is how many zero bytes at the end of a piece are taken for a hole in the file.
const zeroRun = 4096

// piece cuts a line over maxText. A hole in the middle of the line ends the piece.
func (c *cutter) piece(p *place, data []byte) (r cut, n int, ok bool) {
	r = cut{text: data[:maxText], overlap: p.overlap, continued: p.continued, cut: true}
	*p = place{overlap: c.overlap, continued: true, inLine: true}
	n = maxText - c.overlap
	if isZero(r.text[maxText-zeroRun:]) {
		if text := bytes.TrimRight(r.text, "\x00"); len(text) > r.overlap {
			r.text, n, p.overlap = text, len(text), 0
		}
	}
	return r, n, true
}

// several returns a record of lines, the first of which ends at size.
func (c *cutter) several(p *place, data []byte, size int, end ending) (r cut, n int, ok bool) {
	for lines := 1; ; lines++ {
		rest := data[size:]
		i := bytes.IndexByte(rest[:min(len(rest), maxText+1)], '\n')
		switch {
		case lines == maxLines || size+max(i+1, 0) > maxText:
			return c.lines(p, data, size, true)
		case i >= 0 && c.start.Match(rest[:i]):
			return c.lines(p, data, size, false)
		case i >= 0:
			size += i + 1
			continue
		case len(data) > maxText:
			return c.lines(p, data, size, true)
		case end == final && len(rest) > 0 && !c.start.Match(rest):
			r, _, ok = c.lines(p, data, size, true)
			r.text, r.cut, p.inLine = data, true, true
			return r, len(data), ok
		case end == final:
			return c.lines(p, data, size, false)
		case end == idle:
			return c.lines(p, data, size, true)
		}
		p.complete = size
		return cut{}, 0, false
	}
}

// lines makes a record of the first size bytes of data. The next record continues this one
// if goesOn, and if its first line does not begin a record.
func (c *cutter) lines(p *place, data []byte, size int, goesOn bool) (r cut, n int, ok bool) {
	r = cut{text: data[:size-1], overlap: p.overlap, continued: p.continued}
	if r.continued && !p.inLine {
		first, _, _ := bytes.Cut(data[:size], []byte{'\n'})
		r.continued = !c.start.Match(first)
	}
	*p = place{continued: goesOn}
	return r, size, true
}
