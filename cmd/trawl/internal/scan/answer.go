package scan

// From answers to lines. A packed answer is read once, where it lies; one in JSON is decoded. An
// answer that the limits cut is used up to the cut; the rest is asked again.

import (
	"bytes"
	"context"
	"errors"

	"trawl/edge/wire"
)

// line is a line that matched, or the part of it that is at hand.
type line struct {
	file    *file
	number  int64  // from 1
	at      int64  // offset of text in the file
	base    int64  // offset of text in the line; not 0 only in pieces
	text    []byte // without its '\n'
	matches []wire.PackedMatch
	rules   []string // what the matches' Rule indexes
	extra   [][]byte // of each match, see result; empty: Options.Fields asks for none
}

var (
	errCount  = errors.New("not one result for each text")
	errKind   = errors.New("a result of another kind than asked for")
	errPlaces = errors.New("places outside of the text")
	errStuck  = errors.New("cut where it begins")
)

// batch prints what was found in b.
func (p *printer) batch(ctx context.Context, b *batch) error {
	if b.err != nil {
		return brokerError(b.name(), b.err)
	}
	for at := (position{}); at.text < len(b.texts); {
		next, err := p.answer(b, at)
		if err == nil {
			_, err = p.out.Write(nil) // sticky: have all writes succeeded?
		}
		if err != nil || next.text == len(b.texts) {
			return err
		}
		if next == at { // would be asked again for ever
			return answerError(b.texts[at.text].file.name, errStuck)
		}
		b.release()
		at = next
		if b.answer, err = p.asker.Do(ctx, b.request(p.o, at)); err != nil {
			return brokerError(b.texts[at.text].file.name, err)
		}
	}
	return nil
}

// answer prints what b.answer, to what lies behind from, says. The position
// returned is where it was cut, and beyond from, or the end.
func (p *printer) answer(b *batch, from position) (position, error) {
	var frames [][]byte
	if b.answer != nil {
		frames = b.answer.Results
	}
	for i := from.text; i < len(b.texts); i++ {
		t := &b.texts[i]
		at := 0
		if i == from.text {
			at = from.offset
		}
		if t.piece != nil && p.o.Mode == Mask {
			p.longMasked(t)
		} else if at < len(t.data) {
			if len(frames) == 0 {
				return from, answerError(t.file.name, errCount)
			}
			next, err := p.text(t, at, i == from.text, frames[0])
			if err != nil {
				return from, err
			}
			if next < len(t.data) {
				return position{text: i, offset: next}, nil
			}
			frames = frames[1:]
		}
		p.endText(t)
	}
	if len(frames) > 0 {
		return from, answerError("its end", errCount)
	}
	return position{text: len(b.texts)}, nil
}

// text prints the result of t's data from the offset at on. It returns where
// it was cut; the first text of an answer is not cut at its beginning.
func (p *printer) text(t *text, at int, first bool, frame []byte) (int, error) {
	if t.file.done.Load() {
		return len(t.data), nil
	}
	r, err := newResult(p.o, frame)
	want := p.o.want()
	if t.piece != nil {
		want = wantPiece
	}
	switch {
	case err != nil:
	case r.Lines != (t.piece == nil) || r.Want != want:
		err = errKind
	case t.piece != nil:
		return len(t.data), p.pieceResult(t, r)
	case p.o.Mode == Mask:
		return p.maskResult(t, at, first, r)
	default:
		return p.linesResult(t, at, first, r)
	}
	return 0, answerError(t.file.name, err)
}

func (p *printer) linesResult(t *text, from int, first bool, r *result) (int, error) {
	done := from // behind the last line dealt with
	lines := t.file.lines + int64(bytes.Count(t.data[:from], newline))
	l := line{file: t.file}
	for {
		o, err := r.Next()
		switch {
		case err != nil:
			return 0, answerError(t.file.name, err)
		case o == nil:
			return p.endLines(t, lines, done, first && done == from, r)
		}
		start := int64(from) + o.Offset
		if start < int64(done) || start >= int64(len(t.data)) {
			return 0, answerError(t.file.name, errPlaces)
		}
		l.number, l.at, l.text = lines+o.Line, t.at+start, untilNewline(t.data[start:])
		l.matches, l.rules, l.extra = o.Matches, r.Rules, r.extra
		if !inside(o.Matches, len(l.text)) {
			return 0, answerError(t.file.name, errPlaces)
		}
		if o.Truncated {
			if !first || start > int64(from) {
				return int(start), nil // it was not the first in the answer: there it may fit
			}
			p.cut(l.file, l.number)
		}
		p.incomplete(t.file, r.Rules, o.Incomplete)
		done = min(int(start)+len(l.text)+1, len(t.data))
		if o.Any || len(o.Matches) > 0 {
			if err := p.hit(&l); err != nil {
				return 0, err
			}
			if l.file.done.Load() {
				return len(t.data), nil
			}
		}
	}
}

// endLines deals with what a result says of all lines together: whether some
// are missing behind done.
func (p *printer) endLines(t *text, lines int64, done int, stuck bool, r *result) (int, error) {
	p.incomplete(t.file, r.Rules, r.Incomplete)
	if !r.Truncated {
		return len(t.data), nil
	}
	if stuck { // not even one line: asking again would not help
		p.cut(t.file, lines+1)
		return len(t.data), nil
	}
	return done, nil
}

// pieceResult takes the matches that are this piece's.
func (p *printer) pieceResult(t *text, r *result) error {
	o, err := r.Next()
	if err == nil && !inside(o.Matches, len(t.data)) {
		err = errPlaces
	}
	if err != nil {
		return answerError(t.file.name, err)
	}
	pc := t.piece
	l := line{file: t.file, number: t.file.lines + 1, at: t.at, base: pc.base, text: t.data, rules: r.Rules}
	l.matches, l.extra = o.Matches[:0], r.extra[:0]
	for i, m := range o.Matches {
		end := pc.base + m.End
		// Only a regex can match at the very beginning of a later piece; it
		// took a seam for the beginning of the line, or of a word.
		if pc.from < end && end <= pc.to && (m.Start > 0 || pc.base == 0) {
			l.matches = append(l.matches, m)
			if len(r.extra) > 0 {
				l.extra = append(l.extra, r.extra[i])
			}
		}
	}
	if o.Truncated {
		p.cut(l.file, l.number)
	}
	p.incomplete(t.file, r.Rules, o.Incomplete)
	return p.piece(&l, pc)
}

// inside checks foreign numbers before anything is cut by them.
func inside(matches []wire.PackedMatch, size int) bool {
	for i := range matches {
		if m := &matches[i]; m.Start < 0 || m.Start > m.End || m.End > int64(size) {
			return false
		}
	}
	return true
}

func untilNewline(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i]
	}
	return text
}
