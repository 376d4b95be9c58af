package match

// From hit to hit through a text: by one stream, or by lanes that look ahead.

// finder is a place in a text, and what is known of the text behind it.
type finder struct {
	cursor // while pos < end.pos, its slot is void unless it is at a hit

	// Up to end the lanes have been: of the places with hits those from next on
	// are still to come. Their positions count from base.
	ahead []place
	next  int
	base  int
	end   cursor
	taken bool // the hit that f is at is the one of ahead before next

	// The filter is not tried for so many bytes; and for how many it was not after
	// it last failed.
	unsifted, pause int
}

// start moves to pos of a new text, in the root state.
func (f *finder) start(pos int) {
	f.cursor, f.end = at(pos), cursor{}
	f.ahead, f.next = f.ahead[:0], 0
}

// seek moves to the next hit in text, if f is not at one, and says whether
// there is one. A later call may give a longer piece of the same text.
func (f *finder) seek(s *Scratch, a *automaton, text []byte) bool {
	// Where a hit ends the work on a line, the next lines may have some as well:
	// lanes would scan bytes that one stream skips. So first see that it is quiet.
	quiet := !s.brief()
	for !f.hit {
		if f.next < len(f.ahead) || f.pos < f.end.pos {
			if !f.take(len(text)) {
				return false
			}
			continue
		}
		if s.stopped || f.pos >= len(text) {
			return false
		}
		from := f.pos
		if a.grams != nil && len(text)-from >= siftLeast && f.sift(a, text) {
			s.spent(f.end.pos - from)
			continue
		}
		if a.trie != nil || quiet && len(text)-from >= a.lanes.least {
			if a.trie != nil {
				f.lookAround(s, a, text)
			} else {
				f.lookAhead(&s.lanes, a, text)
			}
			s.spent(f.end.pos - from)
			continue
		}
		piece := min(len(text)-from, pollEvery)
		if !quiet {
			piece, quiet = min(piece, a.lanes.least), true
		}
		if f.slot == unknownSlot {
			f.cursor = a.stateAt(text, from)
		}
		f.taken = false
		a.next(text, &f.cursor, from+piece)
		s.spent(f.pos - from)
	}
	return true
}

// take moves to the next place up to limit that is known, or to the end of
// what is known; false: that is beyond limit.
func (f *finder) take(limit int) bool {
	if f.next < len(f.ahead) {
		p := f.ahead[f.next]
		if pos := f.base + int(p.pos); pos <= limit {
			f.cursor = cursor{pos: pos, slot: p.state, hit: true, links: maxDepth}
			f.next++
			f.taken = true
			return true
		}
	} else if f.end.pos <= limit {
		f.cursor = f.end
		return true
	}
	f.pos = limit
	return false
}

// skip moves to pos, the beginning of a line, unless f is beyond it already.
func (f *finder) skip(pos int) {
	if f.pos > pos {
		return
	}
	if pos >= f.end.pos {
		f.start(pos)
		return
	}
	f.pos, f.hit = pos, false
	for f.next < len(f.ahead) && f.base+int(f.ahead[f.next].pos) <= pos {
		f.next++
	}
}
