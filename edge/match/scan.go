package match

// Scanning one text, or each line of a block.

import "bytes"

// windowSize is how much of a block is prepared at once, in bytes: whole lines of about this size.
const windowSize = 256 << 10

// Scan looks for the rules in text. The result lies in s and holds until s is used again.
func (p *Pack) Scan(s *Scratch, text []byte, q Query) Result {
	if !p.Supports(q.Want) {
		return Result{Unsupported: true}
	}
	s.use(p, q)
	s.results.reset(q.Want, minLimit(q.Limit, q.Total))
	p.matcher.scan(s, text)
	s.regexes.deliver(&p.programs)
	return s.finish()
}

// ScanLines looks for the rules in each line of block. A line is a text of its own: it ends before
// the '\n' and keeps a '\r' before the '\n'; the last line needs no '\n'. ScanLines calls each for
// every line with a match, in order, and goes on while each returns true. The result sums the lines
// up, without Matches and Rules; Incomplete is about all lines, with a match or without.
func (p *Pack) ScanLines(s *Scratch, block []byte, q Query, each func(l *Line) bool) Result {
	if !p.Supports(q.Want) {
		return Result{Unsupported: true}
	}
	s.use(p, q)
	w := lineScan{pack: p, scratch: s, each: each, left: q.Total, number: 1}
	if q.Want == WantAny || q.Want == WantCount {
		w.left = 0
	}
	for start := 0; start < len(block) && !w.done && !s.stopped; {
		end := lineEnd(block, min(start+windowSize, len(block)))
		w.scan(block[start:min(end+1, len(block))], start)
		start = end + 1
	}
	s.regexes.deliver(&p.programs)
	w.total.Stopped = s.stopped
	w.total.Incomplete = s.regexes.gaveUp
	return w.total
}

// lineScan is the state of one ScanLines.
type lineScan struct {
	pack    *Pack
	scratch *Scratch
	each    func(l *Line) bool // callback of ScanLines
	// eachText is the callback of ScanTexts; number is then the number of a text.
	eachText func(i int, r *Result) bool
	total    Result
	left     int   // what is left of Query.Total; 0: no limit
	number   int64 // of the next line
	full     bool  // Query.Total is reached: one more match is looked for, to know that there is more
	done     bool
}

// scan goes through the lines of a window, which begins at offset in the block.
func (w *lineScan) scan(window []byte, offset int) {
	e, s := w.pack.matcher, w.scratch
	e.begin(s, window)
	pos := 0
	for pos < len(window) && !w.done && !s.stopped {
		found := e.seek(s, window, pos)
		if found < 0 {
			break
		}
		start := pos + bytes.LastIndexByte(window[pos:found], '\n') + 1
		end := lineEnd(window, found)
		w.number += int64(bytes.Count(window[pos:start], newline))
		w.line(window, start, end, offset)
		w.number++
		pos = end + 1
	}
	if pos < len(window) {
		w.number += int64(bytes.Count(window[pos:], newline))
	}
}

var newline = []byte{'\n'}

// lineEnd is the end of the line that byte at of block is in: the place of the '\n', or the end of
// the block.
func lineEnd(block []byte, at int) int {
	if n := bytes.IndexByte(block[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(block)
}

// line scans one line and hands its result out.
func (w *lineScan) line(window []byte, start, end, offset int) {
	w.reset()
	w.pack.matcher.scanLine(w.scratch, window, start, end)
	w.handOut(offset+start, end-start)
}

// reset makes the scratch ready for a line or a text.
func (w *lineScan) reset() {
	want := w.scratch.query.Want
	if w.full {
		want = WantAny
	}
	w.scratch.results.reset(want, minLimit(w.scratch.query.Limit, w.left))
}

// handOut finishes a line and hands the result out if the line has a match.
func (w *lineScan) handOut(offset, length int) {
	s := w.scratch
	s.line = Line{w.number, int64(offset), int64(length), s.finish()}
	r := &s.line.Result
	if !r.Any {
		switch {
		case len(r.Incomplete) == 0:
		case w.eachText != nil:
			w.done = !w.eachText(int(w.number), r)
		case s.query.GivenUp:
			w.done = !w.each(&s.line)
		}
		return
	}
	if w.full {
		w.total.Truncated, w.done = true, true
		return
	}
	w.total.Any = true
	w.total.Count += r.Count
	w.total.Truncated = w.total.Truncated || r.Truncated
	if w.left > 0 {
		w.left -= int(r.Count)
		w.full = w.left == 0
	}
	if w.eachText != nil {
		w.done = !w.eachText(int(w.number), r)
	} else {
		w.done = !w.each(&s.line)
	}
}

// minLimit is the lower of two limits, where 0 means no limit.
func minLimit(a, b int) int {
	if a <= 0 || b > 0 && b < a {
		return max(b, 0)
	}
	return a
}
