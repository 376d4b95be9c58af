package match

// The engine made of automata and regexes: the way of a scan. DESIGN.md tells
// it in words.

// automata is the engine: literals and atoms of the text as it is, those of the
// folded text, and the regexes that atoms trigger.
type automata struct {
	exact    *automaton // nil: no such literals
	folded   *automaton // nil: no such literals
	flags    *flagTable // of rules
	measured []Speed
	programs *programs
	required prefilter
}

func (e *automata) supports(Want) bool { return true }

func (e *automata) scan(s *Scratch, text []byte) {
	e.forget(s)
	if e.exact != nil {
		s.exactAt.start(0)
		e.run(s, source{automaton: e.exact, text: text, original: text, tracked: s.tracked[0]}, &s.exactAt)
	}
	if e.folded != nil && !s.satisfied() {
		s.folded.set(text)
		s.foldedAt.start(0)
		e.run(s, source{
			automaton: e.folded, text: s.folded.bytes,
			original: text, shifts: s.folded.shifts, tracked: s.tracked[1],
		}, &s.foldedAt)
	}
	e.runRegexes(s, text, e.group(s, text))
}

// forget makes s ready for another text.
func (e *automata) forget(s *Scratch) {
	s.scans++
	s.regexes.begin()
}

// source is an automaton with what it runs over.
type source struct {
	*automaton
	text     []byte // folded, or as it is; ends with the text at hand
	from     int    // where in it the text at hand begins
	original []byte // the text at hand, as it is
	offset   int    // where that lies in what was folded
	shifts   shiftList
	tracked  []tracker
}

// run takes the matches from where f is on into s.
func (e *automata) run(s *Scratch, src source, f *finder) {
	first := len(s.matches)
	for f.seek(s, src.automaton, src.text) {
		if f.taken && s.endless() {
			e.reportAll(s, &src, f)
			continue
		}
		f.hit = false
		e.report(s, &src, f.pos, f.slot)
		if s.enough(first) {
			return
		}
	}
}

// reportAll reports what f knows of the text ahead, nothing of which is too much.
func (e *automata) reportAll(s *Scratch, src *source, f *finder) {
	plain := src.plain && len(src.shifts) == 0 && s.want == WantMatches
	for f.next--; f.next < len(f.ahead); f.next++ {
		p := f.ahead[f.next]
		pos := f.base + int(p.pos)
		if pos > len(src.text) {
			break
		}
		f.pos, f.slot = pos, p.state
		if plain {
			s.matches = src.appendMatches(s.matches, pos, p.state)
		} else {
			e.report(s, src, pos, p.state)
		}
	}
	f.hit = false
	s.any = s.any || len(s.matches) > 0
}

// appendMatches is report for automata of which all that ends is a match.
func (src *source) appendMatches(matches []Match, end int, slot uint32) []Match {
	for range maxDepth + 1 {
		entry := src.entry(slot)
		if entry&selfFlag != 0 {
			n := src.number(slot)
			start, out := end-int(src.depths[n]), src.outs[n]
			m := Match{int64(start - src.offset), int64(end - src.offset), out}
			switch {
			case start < src.from: // in the line before
			case out&outList == 0:
				matches = append(matches, m)
			default:
				for i := out &^ outList; ; i++ {
					m.Rule = src.lists[i] & ruleMask
					matches = append(matches, m)
					if src.lists[i]&lastItem != 0 {
						break
					}
				}
			}
		}
		if entry&chainFlag == 0 {
			break
		}
		slot = uint32(entry >> failShift)
	}
	return matches
}

// report goes through the patterns that end at pos in the state slot, longest
// first: those of its own, then those behind its failure links.
func (e *automata) report(s *Scratch, src *source, pos int, slot uint32) {
	for range maxDepth + 1 {
		entry := src.entry(slot)
		if entry&selfFlag != 0 {
			s.hits = src.appendEnds(s.hits[:0], slot)
			for _, h := range s.hits {
				e.reportHit(s, src, pos, h)
			}
		}
		if entry&chainFlag == 0 {
			return
		}
		slot = uint32(entry >> failShift)
	}
}

func (e *automata) reportHit(s *Scratch, src *source, end int, h hit) {
	if atom := int(h.rule) - e.flags.rules; atom >= 0 {
		s.regexes.see(uint32(atom))
		return
	}
	flags := e.flags.of(h.rule)
	start := end - h.length
	if start < src.from { // in the line before
		return
	}
	if h.long >= 0 {
		l := &src.long[h.long]
		if !l.matchesAt(src.text, start, &src.tracked[h.long], s.scans) {
			return
		}
		end = start + len(l.text)
	}
	start, end = src.shifts.original(start)-src.offset, src.shifts.original(end)-src.offset
	if flags&ruleWhole != 0 && !isWhole(src.original, start, end) {
		return
	}
	m := Match{int64(start), int64(end), h.rule}
	if h.long >= 0 {
		s.addLate(m)
	} else {
		s.add(m)
	}
}

// runRegexes runs those whose formulas are true of the text, and those of
// grouped.
func (e *automata) runRegexes(s *Scratch, text []byte, grouped []uint32) {
	r := &s.regexes
	r.candidates = append(append(r.candidates[:0], e.programs.alone...), grouped...)
	r.require(&e.required)
	r.runner.stopped = s.stopped
	for _, i := range r.candidates {
		if s.satisfied() {
			return
		}
		e.runCounted(s, i, text)
	}
}

// group looks for regexes without triggers in text.
func (e *automata) group(s *Scratch, text []byte) []uint32 {
	if len(e.programs.groups) == 0 || s.satisfied() {
		return nil
	}
	s.regexes.group(e.programs, text)
	return s.regexes.grouped
}

// begin looks at the block once for all its lines.
func (e *automata) begin(s *Scratch, block []byte) {
	s.exactAt.start(0)
	s.foldedAt.start(0)
	if e.folded != nil {
		s.folded.set(block)
	}
	s.regexes.examined, s.regexes.at = 0, -1
}

func (e *automata) seek(s *Scratch, block []byte, pos int) int {
	end := len(block) + 1
	if e.exact != nil && s.exactAt.seek(s, e.exact, block) {
		end = s.exactAt.pos
	}
	if e.folded != nil && s.foldedAt.seek(s, e.folded, s.folded.bytes) {
		end = min(end, s.folded.shifts.original(s.foldedAt.pos))
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

// seekGrouped returns where the first line from pos to limit begins that the
// groups have to do with; -1: there is none, or the scan was stopped.
func (e *automata) seekGrouped(s *Scratch, block []byte, pos, limit int) int {
	r := &s.regexes
	for line := pos; line <= limit && line < len(block) && !s.stopped; line = r.examined {
		if line != r.at {
			end := lineEnd(block, line)
			r.group(e.programs, block[line:end])
			r.at, r.examined = line, end+1
		}
		if len(r.grouped) > 0 || len(e.programs.alone) > 0 {
			return line
		}
	}
	return -1
}

// scanLine goes on from the hits that seek found; where there is none in the
// line, that automaton has nothing to say about it.
func (e *automata) scanLine(s *Scratch, block []byte, start, end int) {
	line := block[start:end]
	e.forget(s)
	if at := &s.exactAt; at.hit && at.pos <= end+1 {
		src := source{automaton: e.exact, text: block[:end], from: start, original: line, offset: start, tracked: s.tracked[0]}
		e.runLine(s, src, at)
	}
	if at := &s.foldedAt; at.hit && s.folded.shifts.original(at.pos) <= end+1 {
		shifts := s.folded.shifts
		src := source{
			automaton: e.folded, text: s.folded.bytes[:shifts.folded(end)], from: shifts.folded(start),
			original: line, offset: start, shifts: shifts, tracked: s.tracked[1],
		}
		e.runLine(s, src, at)
	}
	var grouped []uint32
	if s.regexes.at == start { // else there are no groups
		grouped = s.regexes.grouped
	}
	e.runRegexes(s, line, grouped)
}

// runLine runs to the end of a line, which src.text ends with, and leaves f at
// the beginning of the next.
func (e *automata) runLine(s *Scratch, src source, f *finder) {
	if f.pos <= len(src.text) && !s.satisfied() {
		e.run(s, src, f)
	}
	f.skip(len(src.text) + 1)
}
