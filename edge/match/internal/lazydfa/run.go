package lazydfa

// Running a machine over a text: the loops reading bytes. They follow rows as long as the cache
// serves the machine well, and compute state set after state set from then on. Every loop returns
// ok false if the steps ran out, or Poll stopped the search, before the answer was certain.

// Forward searches text from pos on for the leftmost-first match and returns where the match ends,
// -1 if there is none. With earliest the search ends as soon as any match does, and end is there.
func (r *Runner) Forward(m *Machine, text []byte, pos int, earliest bool) (end int, ok bool) {
	p := m.Program
	if p.anchored && pos > 0 {
		return -1, true
	}
	before := p.contextBefore(text, pos)
	row, cached := r.start(m, before)
	if !cached || m.slow > 0 {
		r.next = r.initialSet(m)
		return r.forwardUncached(m, text, pos, before, earliest)
	}
	end = -1
	for i := pos; ; {
		rows, from := r.cache.rows, i
		limit := i + r.stretch(len(text)-i)
		for i < limit {
			class := uint32(p.ascii[text[i]])
			next := rows[row+class]
			if int32(next) > rowDead {
				row = next
				i++
				continue
			}
			width := 1
			if class == classMultibyte {
				class, width = p.decode(text[i:])
				next = rows[row+class]
			}
			if next == rowUnknown {
				next, cached = r.step(m, row, class)
				rows = r.cache.rows
			}
			if next&rowMatch == rowMatch {
				if end = i; earliest {
					break
				}
			}
			i += width
			for next&rowRun == rowRun && cached {
				next, i, cached = r.passRun(m, next&rowMask, text, i)
				rows = r.cache.rows
			}
			if row = next & rowMask; row == rowDead || !cached || r.steps < 0 {
				break
			}
		}
		r.charge(m, i-from)
		switch {
		case row == rowDead || end >= 0 && earliest:
			return end, true
		case !cached:
			last, ok := r.forwardUncached(m, text, i, p.contextBefore(text, i), earliest)
			return max(last, end), ok
		case i == len(text):
			return max(end, r.atEnd(m, row, i)), true
		case r.mustStop():
			return end, false
		}
	}
}

// atEnd returns i, the end of the text, if a match ends there, else -1.
func (r *Runner) atEnd(m *Machine, row uint32, i int) int {
	next := r.cache.rows[row+classEnd]
	if next == rowUnknown {
		next, _ = r.step(m, row, classEnd)
	}
	if next&rowMatch == rowMatch {
		return i
	}
	return -1
}

// forwardUncached is Forward from the state set r.next on, without rows.
func (r *Runner) forwardUncached(m *Machine, text []byte, pos int, before context, earliest bool) (end int, ok bool) {
	p := m.Program
	end = -1
	for i := pos; ; {
		from, limit := i, i+r.stretch(len(text)-i)
		for i < limit && len(r.next) > 0 {
			class, width := p.decode(text[i:])
			if r.advanceNext(m, before, class) {
				if end = i; earliest {
					return end, true
				}
			}
			before = p.contexts[class]
			i += width
			if r.steps < 0 {
				break
			}
		}
		r.charge(m, i-from)
		switch {
		case len(r.next) == 0:
			return end, true
		case i == len(text):
			if r.advanceNext(m, before, classEnd) {
				end = i
			}
			return end, true
		case r.mustStop():
			return end, false
		}
	}
}

// Backward returns where the longest match ending at end begins, no earlier than low; -1 if there
// is no such match. m is a machine of the reversed regex. Assertions look at the text before low
// and behind end.
func (r *Runner) Backward(m *Machine, text []byte, low, end int) (start int, ok bool) {
	p := m.Program
	after := p.contextAfter(text, end)
	row, cached := r.start(m, after)
	if !cached || m.slow > 0 {
		r.next = r.initialSet(m)
		return r.backwardUncached(m, text, low, end, after)
	}
	start = -1
	for i := end; ; {
		rows, from := r.cache.rows, i
		limit := i - r.stretch(i-low)
		for i > limit {
			class, width := uint32(p.ascii[text[i-1]]), 1
			next := rows[row+class]
			if int32(next) > rowDead {
				row = next
				i--
				continue
			}
			if class == classMultibyte {
				class, width = p.decodeLast(text[:i])
				next = rows[row+class]
			}
			if next == rowUnknown {
				next, cached = r.step(m, row, class)
				rows = r.cache.rows
			}
			if next&rowMatch == rowMatch {
				start = i
			}
			row = next & rowMask
			i -= width
			if row == rowDead || !cached || r.steps < 0 {
				break
			}
		}
		r.charge(m, from-i)
		switch {
		case row == rowDead:
			return start, true
		case !cached:
			first, ok := r.backwardUncached(m, text, low, i, p.contextAfter(text, i))
			if first < 0 {
				first = start
			}
			return first, ok
		case i == low:
			return r.atLow(m, text, row, low, start), true
		case r.mustStop():
			return start, false
		}
	}
}

// atLow returns low if a match begins there, given the rune before low or the beginning of the
// text; else it returns start.
func (r *Runner) atLow(m *Machine, text []byte, row uint32, low, start int) int {
	class := uint32(classEnd)
	if low > 0 {
		class, _ = m.Program.decodeLast(text[:low])
	}
	next := r.cache.rows[row+class]
	if next == rowUnknown {
		next, _ = r.step(m, row, class)
	}
	if next&rowMatch == rowMatch {
		return low
	}
	return start
}

// backwardUncached is Backward from the state set r.next on, without rows.
func (r *Runner) backwardUncached(m *Machine, text []byte, low, end int, after context) (start int, ok bool) {
	p := m.Program
	start = -1
	for i := end; ; {
		from, limit := i, i-r.stretch(i-low)
		for i > limit && len(r.next) > 0 {
			class, width := p.decodeLast(text[:i])
			if r.advanceNext(m, after, class) {
				start = i
			}
			after = p.contexts[class]
			i -= width
			if r.steps < 0 {
				break
			}
		}
		r.charge(m, from-i)
		switch {
		case len(r.next) == 0:
			return start, true
		case i == low:
			class := uint32(classEnd)
			if low > 0 {
				class, _ = p.decodeLast(text[:low])
			}
			if r.advanceNext(m, after, class) {
				start = low
			}
			return start, true
		case r.mustStop():
			return start, false
		}
	}
}

// All finds out which regexes of m's program match anywhere in text and leaves their numbers in
// r.Matched. ok is false, too, if the cache does not serve m well.
func (r *Runner) All(m *Machine, text []byte) (ok bool) {
	p := m.Program
	r.Matched = r.Matched[:0]
	row, cached := r.start(m, contextEdge)
	if !cached || m.slow > 0 {
		r.charge(m, len(text))
		return false
	}
	for i := 0; ; {
		rows, from := r.cache.rows, i
		limit := i + r.stretch(len(text)-i)
		for i < limit {
			class, width := uint32(p.ascii[text[i]]), 1
			next := rows[row+class]
			if int32(next) > rowDead {
				row = next
				i++
				continue
			}
			if class == classMultibyte {
				class, width = p.decode(text[i:])
				next = rows[row+class]
			}
			if next, cached = r.report(m, row, class, next); !cached {
				return false
			}
			rows = r.cache.rows
			row = next
			i += width
			if next == rowDead || r.steps < 0 {
				break
			}
		}
		r.charge(m, i-from)
		switch {
		case row == rowDead:
			return true
		case i == len(text):
			_, cached = r.report(m, row, classEnd, r.cache.rows[row+classEnd])
			return cached
		case r.mustStop():
			return false
		}
	}
}

// report builds the transition if there is none yet, and adds the matching regexes to r.Matched.
func (r *Runner) report(m *Machine, row, class, next uint32) (value uint32, cached bool) {
	if next == rowUnknown {
		if next, cached = r.step(m, row, class); !cached {
			return 0, false
		}
	}
	if next&rowMatch != rowMatch {
		return next, true
	}
	next &= rowMask
	r.Matched = append(r.Matched, r.cache.matches(r.cache.state(next))...)
	return next, true
}
