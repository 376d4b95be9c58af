package match

// From hit to hit through a text: by a single stream, by lanes looking ahead, or by a prefilter.

// finder is a place in a text, and what is known of the text behind that place.
type finder struct {
	cursor // while pos < end.pos the cell is void, unless the finder is at a hit

	// The text up to end has been looked at. The hits of ahead from next on are still to come;
	// their positions count from base.
	ahead []hit
	next  int
	base  int
	end   cursor
	taken bool // the hit that the finder is at is the one of ahead before next

	// The prefilter is left alone for the next unfiltered bytes. pause is the value of unfiltered
	// after the prefilter last gave up; 0: the prefilter has been of use since.
	unfiltered, pause int
	spare             []hit // scratch memory of prefilters
}

// start moves to pos of a new text, in the root state.
func (f *finder) start(pos int) {
	f.cursor, f.end = at(pos), cursor{}
	f.ahead, f.next, f.taken = f.ahead[:0], 0, false
}

// seek moves to the next hit in text, unless the finder is at a hit, and says whether there is one.
// A later call may give a longer piece of the same text.
func (f *finder) seek(s *Scratch, a *automaton, text []byte) bool {
	// Where a hit ends the work on a line, the next lines may have hits as well: lanes would scan
	// bytes that a single stream skips. So a single stream has to find nothing for a while before
	// lanes start.
	quiet := !s.firstHitSuffices()
	for !f.atHit {
		// A hit at f.end has the state of the pattern that ends there, which may be less deep than
		// the state of the automaton there.
		if f.next < len(f.ahead) || f.pos < f.end.pos || f.taken && f.pos == f.end.pos {
			if !f.take(len(text)) {
				return false
			}
			continue
		}
		if s.stopped || f.pos >= len(text) {
			return false
		}
		from := f.pos
		if a.filter != nil && f.unfiltered <= 0 && len(text)-from >= minPrefilter && f.filterAhead(a, text) {
			s.charge(f.end.pos - from)
			continue
		}
		if a.da4 != nil || quiet && len(text)-from >= a.lanes.min {
			if a.da4 != nil {
				f.lookAheadDA4(&s.literals.da4, a, text)
			} else {
				f.lookAhead(&s.literals.lanes, a, text)
			}
			f.unfiltered -= f.end.pos - from
			s.charge(f.end.pos - from)
			continue
		}
		piece := min(len(text)-from, pollEvery)
		if !quiet {
			piece, quiet = min(piece, a.lanes.min), true
		}
		if f.cell == unknownCell {
			f.cursor = a.stateAt(text, from)
		}
		f.taken = false
		a.next(text, &f.cursor, from+piece)
		f.unfiltered -= f.pos - from
		s.charge(f.pos - from)
	}
	return true
}

// take moves to the next known hit up to limit, or to f.end if there is none; false: the hit or the
// end lies behind limit.
func (f *finder) take(limit int) bool {
	if f.next < len(f.ahead) {
		h := f.ahead[f.next]
		if pos := f.base + int(h.pos); pos <= limit {
			f.cursor = cursor{pos: pos, cell: h.state, atHit: true, links: maxDepth}
			f.next++
			f.taken = true
			return true
		}
	} else if f.end.pos <= limit {
		f.cursor, f.taken = f.end, false
		return true
	}
	f.pos = limit
	return false
}

// isNextHere says whether the next known hit is at the place of the finder. Only da4 has several
// hits at one place.
func (f *finder) isNextHere() bool {
	return f.next < len(f.ahead) && f.base+int(f.ahead[f.next].pos) == f.pos
}

// skip moves to pos, the beginning of a line, unless the finder is behind pos already.
func (f *finder) skip(pos int) {
	if f.pos > pos {
		return
	}
	if pos >= f.end.pos {
		f.start(pos)
		return
	}
	f.pos, f.atHit = pos, false
	for f.next < len(f.ahead) && f.base+int(f.ahead[f.next].pos) <= pos {
		f.next++
	}
}
