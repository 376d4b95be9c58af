package match

// The engine made of automata and regexes: the way of a scan. DESIGN.md tells
// it in words.

import "bytes"

// automata is the engine: literals and hints of the text as it is, those of
// the folded text, and the regexes behind the hints.
type automata struct {
	exact    *automaton // nil: no such literals
	folded   *automaton // nil: no such literals and no hints
	flags    []byte     // of rules
	regexes  []*regexRule
	unhinted int // regexes that run on every text
}

func (e *automata) supports(Want) bool { return true }

func (e *automata) scan(s *Scratch, text []byte) {
	e.scanText(s, text, at(0), true)
}

// scanText scans a text from what is known: up to exact there is no exact
// literal, and with folded false the folded automaton finds nothing.
func (e *automata) scanText(s *Scratch, text []byte, exact cursor, folded bool) {
	s.scans++
	s.anyHinted = false
	clear(s.hinted)
	if e.exact != nil {
		e.run(s, source{automaton: e.exact, text: text, original: text, tracked: s.tracked[0]}, exact)
	}
	if s.want == WantAny && s.any || s.stopped {
		return
	}
	if e.folded != nil && folded {
		s.text.set(text)
		e.run(s, source{e.folded, s.text.bytes, text, s.text.shifts, s.tracked[1]}, at(0))
	}
	if e.unhinted > 0 || s.anyHinted {
		e.runRegexes(s, text)
	}
}

// source is an automaton with the text it runs over.
type source struct {
	*automaton
	text     []byte // folded, or as it is
	original []byte
	shifts   shiftList
	tracked  []tracker
}

// run takes the matches from c on into s.
func (e *automata) run(s *Scratch, src source, c cursor) {
	first := len(s.matches)
	for c.hit || src.seek(s, src.text, &c) {
		c.hit = false
		e.report(s, &src, c)
		if s.enough(first) {
			return
		}
	}
}

// report goes through the patterns that end at c, longest first: those of its
// own state, then those behind its failure links.
func (e *automata) report(s *Scratch, src *source, c cursor) {
	slot := c.slot
	for range maxDepth + 1 {
		entry := src.slots[slot]
		if entry&selfFlag != 0 {
			s.hits = src.appendEnds(s.hits[:0], slot)
			for _, h := range s.hits {
				e.reportHit(s, src, c.pos, h)
			}
		}
		if entry&chainFlag == 0 {
			return
		}
		slot = uint32(entry >> failShift)
	}
}

func (e *automata) reportHit(s *Scratch, src *source, end int, h hit) {
	flags := e.flags[h.rule]
	if flags&ruleRegex != 0 {
		s.hint(e, h.rule)
		return
	}
	start := end - h.length
	if start < 0 { // in the line before
		return
	}
	if h.long >= 0 {
		l := &src.long[h.long]
		if !l.matchesAt(src.text, start, &src.tracked[h.long], s.scans) {
			return
		}
		end = start + len(l.text)
	}
	start, end = src.shifts.original(start), src.shifts.original(end)
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

// hint notes that a regex may match.
func (s *Scratch) hint(e *automata, rule uint32) {
	if i, ok := findRegex(e.regexes, rule); ok {
		setBit(s.hinted, uint32(i))
		s.anyHinted = true
	}
}

// runRegexes runs those without hints and those of which one was seen.
func (e *automata) runRegexes(s *Scratch, text []byte) {
	for i, r := range e.regexes {
		if r.hinted && !hasBit(s.hinted, uint32(i)) {
			continue
		}
		if s.stop() || s.want == WantAny && s.any {
			return
		}
		r.run(s, text)
	}
}

// begin looks at the block once for all its lines; with a regex that runs on
// every line there is nothing to gain.
func (e *automata) begin(s *Scratch, block []byte) {
	s.exactAt, s.foldedAt = at(0), at(0)
	if e.folded != nil && e.unhinted == 0 {
		s.block.set(block)
	}
}

func (e *automata) seek(s *Scratch, block []byte, pos int) int {
	if e.unhinted > 0 && !s.stopped {
		return pos
	}
	end := len(block) + 1
	if e.exact != nil && e.exact.seek(s, block, &s.exactAt) {
		end = s.exactAt.pos
	}
	if e.folded != nil && e.folded.seek(s, s.block.bytes, &s.foldedAt) {
		end = min(end, s.block.shifts.original(s.foldedAt.pos))
	}
	if s.stopped || end > len(block) {
		return -1
	}
	return end - 1
}

// seek moves c to the next hit, if it is not at one, and says whether there is one.
func (a *automaton) seek(s *Scratch, text []byte, c *cursor) bool {
	for stop := s.stopped; !c.hit && c.pos < len(text) && !stop; {
		from := c.pos
		a.next(text, c, min(len(text), from+pollEvery))
		stop = s.spent(c.pos - from)
	}
	return c.hit
}

func (e *automata) scanLine(s *Scratch, block []byte, start, end int) {
	text := block[start:end]
	if e.unhinted > 0 {
		e.scan(s, text)
		return
	}
	exact := at(len(text))
	if s.exactAt.hit && s.exactAt.pos <= end {
		exact = s.exactAt
		exact.pos -= start
	}
	folded := s.foldedAt.hit && s.block.shifts.original(s.foldedAt.pos) <= end
	e.scanText(s, text, exact, folded)
	skipLine(&s.exactAt, block, end)
	if s.foldedAt.hit && s.block.shifts.original(s.foldedAt.pos) <= end+1 {
		// Folding leaves '\n' alone, and the hit's last byte is in this line
		// or is its '\n'.
		rest := s.foldedAt.pos - 1
		if n := bytes.IndexByte(s.block.bytes[rest:], '\n'); n >= 0 {
			s.foldedAt = at(rest + n + 1)
		} else {
			s.foldedAt = at(len(s.block.bytes))
		}
	}
}

// skipLine moves a cursor that is not beyond the line that ends at end to the
// beginning of the next.
func skipLine(c *cursor, block []byte, end int) {
	if c.hit && c.pos <= end+1 {
		*c = at(min(end+1, len(block)))
	}
}
