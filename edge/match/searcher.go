package match

// The path of a scan through a pack made of automata and regexes. DESIGN.md tells it in words.

import "trawl/edge/match/internal/fold"

// searcher runs a scan: the exact automaton over the text, the folded automaton over the
// case-folded text, then every regex whose required literals were seen.
type searcher struct {
	exact    *automaton // nil: no such literals
	folded   *automaton // nil: no such literals
	flags    *flagTable // of rules
	measured []Speed    // by Calibrate
	programs *programs
	triggers triggers
}

// openSearcher takes the automata of a pack.
func openSearcher(l *loader, p *Pack) matcher {
	return &searcher{
		flags: &p.flags, programs: &p.programs, triggers: p.triggers,
		exact: l.automaton(sectionExact, p), folded: l.automaton(sectionFolded, p),
	}
}

func (e *searcher) supports(Want) bool { return true }

func (e *searcher) scan(s *Scratch, text []byte) {
	e.nextText(s)
	t := &s.literals
	if e.exact != nil {
		t.exactAt.start(0)
		e.run(s, pass{automaton: e.exact, text: text, original: text, tracked: t.tracked[0]}, &t.exactAt)
	}
	if e.folded != nil && !s.done() {
		t.folded.set(text)
		t.foldedAt.start(0)
		e.run(s, pass{
			automaton: e.folded, text: t.folded.bytes,
			original: text, shifts: t.folded.shifts, tracked: t.tracked[1],
		}, &t.foldedAt)
	}
	e.runRegexes(s, text, e.group(s, text))
}

// nextText makes what s knows of the last text void.
func (e *searcher) nextText(s *Scratch) {
	s.literals.scans++
	s.regexes.nextText()
}

// pass is an automaton on the way over a text.
type pass struct {
	*automaton
	text     []byte // folded, or as it is; ends with the current text
	from     int    // where in text the current text begins
	original []byte // the current text as it is
	offset   int    // of the current text in the folded block
	shifts   fold.Shifts
	tracked  []tracker
}

// run reports the matches of a pass from f on.
func (e *searcher) run(s *Scratch, p pass, f *finder) {
	first := len(s.results.matches)
	for f.seek(s, p.automaton, p.text) {
		if f.taken && s.results.unlimited() {
			e.reportAhead(s, &p, f)
			continue
		}
		f.atHit = false
		e.report(s, &p, f.pos, f.cell)
		// Another hit of this place may be an atom, of a regex whose match comes before this one in
		// order.
		if s.passDone(first) && (s.done() || !f.isNextHere()) {
			return
		}
	}
}

// reportAhead reports all hits in f.ahead, in one loop. There must be no limit to exceed.
func (e *searcher) reportAhead(s *Scratch, p *pass, f *finder) {
	r := &s.results
	plain := p.plain && len(p.shifts) == 0 && r.want == WantMatches
	for f.next--; f.next < len(f.ahead); f.next++ {
		h := f.ahead[f.next]
		pos := f.base + int(h.pos)
		if pos > len(p.text) {
			break
		}
		f.pos, f.cell = pos, h.state
		if plain {
			r.matches = p.appendMatches(r.matches, pos, h.state)
		} else {
			e.report(s, p, pos, h.state)
		}
	}
	f.atHit = false
	r.any = r.any || len(r.matches) > 0
}

// appendMatches is report for automata of which every pattern that ends is a match.
func (p *pass) appendMatches(matches []Match, end int, cell uint32) []Match {
	for range maxDepth + 1 {
		entry := p.entry(cell)
		if entry&hasOutput != 0 {
			n := p.number(cell)
			start, out := end-int(p.depths[n]), p.outs[n]
			m := Match{int64(start - p.offset), int64(end - p.offset), out}
			switch {
			case start < p.from: // in the line before
			case out&outList == 0:
				matches = append(matches, m)
			default:
				for i := out &^ outList; ; i++ {
					m.Rule = p.lists[i] & ruleMask
					matches = append(matches, m)
					if p.lists[i]&lastItem != 0 {
						break
					}
				}
			}
		}
		if entry&hasSuffixOutput == 0 {
			break
		}
		cell = uint32(entry >> failShift)
	}
	return matches
}

// report goes through the patterns ending at pos in a state, longest first: the patterns of the
// state, then those of the states behind the failure links.
func (e *searcher) report(s *Scratch, p *pass, pos int, cell uint32) {
	t := &s.literals
	for range maxDepth + 1 {
		entry := p.entry(cell)
		if entry&hasOutput != 0 {
			t.patterns = p.appendPatterns(t.patterns[:0], cell)
			for _, found := range t.patterns {
				e.reportPattern(s, p, pos, found)
			}
		}
		if entry&hasSuffixOutput == 0 {
			return
		}
		cell = uint32(entry >> failShift)
	}
}

func (e *searcher) reportPattern(s *Scratch, p *pass, end int, found pattern) {
	if atom := int(found.rule) - e.flags.rules; atom >= 0 {
		s.regexes.see(uint32(atom))
		return
	}
	flags := e.flags.of(found.rule)
	start := end - found.length
	if start < p.from { // in the line before
		return
	}
	if found.long >= 0 {
		l := &p.long[found.long]
		if !l.matchesAt(p.text, start, &p.tracked[found.long], s.literals.scans) {
			return
		}
		end = start + len(l.text)
	}
	start, end = p.shifts.Original(start)-p.offset, p.shifts.Original(end)-p.offset
	if flags&ruleWhole != 0 && !isWhole(p.original, start, end) {
		return
	}
	m := Match{int64(start), int64(end), found.rule}
	if found.long >= 0 {
		s.results.addLong(m)
	} else {
		s.results.add(m)
	}
}

// runRegexes runs the regexes with a true formula, the regexes that run on every text, and the
// regexes of grouped.
func (e *searcher) runRegexes(s *Scratch, text []byte, grouped []uint32) {
	r := &s.regexes
	r.candidates = append(append(r.candidates[:0], e.programs.ungrouped...), grouped...)
	r.require(&e.triggers)
	r.runner.Stopped = s.stopped
	for _, i := range r.candidates {
		if s.done() {
			return
		}
		e.runCounted(s, i, text)
	}
}

// group returns the regexes without triggers that match in text, or may match, going by their
// groups.
func (e *searcher) group(s *Scratch, text []byte) []uint32 {
	if len(e.programs.groups) == 0 || s.done() {
		return nil
	}
	s.regexes.group(e.programs, text)
	return s.regexes.grouped
}

// begin looks at the block once for all lines.
func (e *searcher) begin(s *Scratch, block []byte) {
	t := &s.literals
	t.exactAt.start(0)
	t.foldedAt.start(0)
	if e.folded != nil {
		t.folded.set(block)
	}
	s.regexes.groupedUpTo, s.regexes.groupedLine = 0, -1
}

func (e *searcher) seek(s *Scratch, block []byte, pos int) int {
	t := &s.literals
	end := len(block) + 1
	if e.exact != nil && t.exactAt.seek(s, e.exact, block) {
		end = t.exactAt.pos
	}
	if e.folded != nil && t.foldedAt.seek(s, e.folded, t.folded.bytes) {
		end = min(end, t.folded.shifts.Original(t.foldedAt.pos))
	}
	if e.programs.unhinted > 0 && !s.stopped {
		if line := e.seekGrouped(s, block, pos, end-1); line >= 0 {
			return line
		}
	}
	if s.stopped || end > len(block) {
		return -1
	}
	return end - 1
}

// seekGrouped returns where the first line from pos to limit begins on which a regex without
// triggers has to run; -1: there is none, or the scan was stopped.
func (e *searcher) seekGrouped(s *Scratch, block []byte, pos, limit int) int {
	r := &s.regexes
	for line := pos; line <= limit && line < len(block) && !s.stopped; line = r.groupedUpTo {
		if line != r.groupedLine {
			end := lineEnd(block, line)
			r.group(e.programs, block[line:end])
			r.groupedLine, r.groupedUpTo = line, end+1
		}
		if len(r.grouped) > 0 || len(e.programs.ungrouped) > 0 {
			return line
		}
	}
	return -1
}

// scanLine goes on from the hits that seek found. An automaton without a hit in the line has
// nothing to say about the line.
func (e *searcher) scanLine(s *Scratch, block []byte, start, end int) {
	line := block[start:end]
	e.nextText(s)
	t := &s.literals
	if f := &t.exactAt; f.atHit && f.pos <= end+1 {
		p := pass{automaton: e.exact, text: block[:end], from: start, original: line, offset: start, tracked: t.tracked[0]}
		e.runLine(s, p, f)
	}
	if f := &t.foldedAt; f.atHit && t.folded.shifts.Original(f.pos) <= end+1 {
		shifts := t.folded.shifts
		p := pass{
			automaton: e.folded, text: t.folded.bytes[:shifts.Folded(end)], from: shifts.Folded(start),
			original: line, offset: start, shifts: shifts, tracked: t.tracked[1],
		}
		e.runLine(s, p, f)
	}
	var grouped []uint32
	if s.regexes.groupedLine == start { // else there are no groups
		grouped = s.regexes.grouped
	}
	e.runRegexes(s, line, grouped)
}

// runLine runs a pass to the end of a line, which the text ends with, and leaves f at the beginning
// of the next line.
func (e *searcher) runLine(s *Scratch, p pass, f *finder) {
	if f.pos <= len(p.text) && !s.done() {
		e.run(s, p, f)
	}
	f.skip(len(p.text) + 1)
}
