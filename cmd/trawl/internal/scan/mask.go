package scan

// The mode Mask: a filter. Lines without a match pass as they are, others as the broker masked them,
// all in the order of the input. A line of which not all matches are known passes as
// mask.Incomplete.

import (
	"bytes"
	"errors"

	"trawl/edge/mask"
)

// ErrNotMasked means that the scan went to its end, but mask.Incomplete stands for some lines.
var ErrNotMasked = errors.New("some lines could not be masked: " + mask.Incomplete + " stands for them")

// maskResult prints t's data from the offset from on, as r masks it. Parameters and results are those
// of linesResult.
func (p *printer) maskResult(t *text, from int, first bool, r *result) (int, error) {
	p.byteOrderMark(t)
	done := from // behind what has been printed
	for {
		o, err := r.Next()
		if err != nil {
			return 0, answerError(t.file.name, err)
		}
		if o == nil {
			break
		}
		start := int64(from) + o.Offset
		if start < int64(done) || start >= int64(len(t.data)) || start > 0 && t.data[start-1] != '\n' {
			return 0, answerError(t.file.name, errPlaces)
		}
		p.pass(t.file, t.data[done:start])
		done = int(start)
		if o.Truncated && (!first || done > from) {
			return done, nil // it was not the first in the answer: there it may fit
		}
		p.incomplete(t.file, r.Rules, o.Incomplete)
		line := untilNewline(t.data[done:])
		if o.Truncated || len(o.Incomplete) > 0 || t.file.foreign.name != "" {
			p.notMasked(t.file)
		} else {
			p.part(o.Masked, true)
		}
		p.matched = true
		p.countLine(t.file)
		if done += len(line); done < len(t.data) {
			p.out.WriteByte('\n')
			done++
		}
	}
	p.incomplete(t.file, r.Rules, r.Incomplete)
	switch {
	case !r.Truncated:
		p.pass(t.file, t.data[done:])
	case first && done == from: // not even one line: asking again would not help
		p.hide(t.file, t.data[done:])
	default:
		return done, nil
	}
	return len(t.data), nil
}

// pass prints lines that have no match.
func (p *printer) pass(f *file, data []byte) {
	switch {
	case f.foreign.name != "": // it has not been decoded, so what is in it is not known
		p.hide(f, data)
	case p.o.Terminal:
		p.eachLine(data, func(line []byte) { p.part(line, true) })
	default:
		p.out.Write(data)
	}
}

// hide prints mask.Incomplete for each line.
func (p *printer) hide(f *file, data []byte) {
	p.eachLine(data, func([]byte) { p.notMasked(f) })
}

func (p *printer) eachLine(data []byte, do func(line []byte)) {
	for line := range bytes.Lines(data) {
		text := bytes.TrimSuffix(line, newline)
		if do(text); len(text) < len(line) {
			p.out.WriteByte('\n')
		}
	}
}

func (p *printer) notMasked(f *file) {
	p.sum.NotMasked++
	p.out.WriteString(mask.Incomplete)
}

// longMasked prints what stands for a line that goes in pieces: regexes may miss matches there.
func (p *printer) longMasked(t *text) {
	p.byteOrderMark(t)
	if t.piece.last {
		p.notMasked(t.file)
		p.out.WriteByte('\n')
		p.matched = true
	}
}

// byteOrderMark prints the mark at a file's beginning, which is no part of its first line.
func (p *printer) byteOrderMark(t *text) {
	if t.file.marked && !p.o.Terminal {
		t.file.marked = false
		p.out.Write(bomUTF8)
	}
}
