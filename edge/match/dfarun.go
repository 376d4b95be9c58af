package match

// Running a machine over a text: the loops that read its bytes. They use rows
// as long as the cache serves the machine well, kernels after that. All return
// ok false if the steps ran out, or the scan was stopped, before the answer was
// certain.

// forward looks from pos on for the leftmost-first match and returns where it
// ends, -1 without one; with earliest, where any match ends as soon as there is
// one.
func (r *dfaRunner) forward(m *machine, text []byte, pos int, earliest bool) (end int, ok bool) {
	p := m.program
	if p.anchored && pos > 0 {
		return -1, true
	}
	before := p.contextBefore(text, pos)
	row, cached := r.start(m, before)
	if !cached || m.slow > 0 {
		r.next = r.initial(m)
		return r.slowly(m, text, pos, before, earliest)
	}
	end = -1
	for i := pos; ; {
		rows, from := r.cache.rows, i
		limit := i + r.stretch(len(text)-i)
		for i < limit {
			column := uint32(p.ascii[text[i]])
			next := rows[row+column]
			if int32(next) > rowDead {
				row = next
				i++
				continue
			}
			width := 1
			if column == columnNone {
				column, width = p.decode(text[i:])
				next = rows[row+column]
			}
			if next == rowUnknown {
				next, cached = r.step(m, row, column)
				rows = r.cache.rows
			}
			if next&rowMatch == rowMatch {
				if end = i; earliest {
					break
				}
			}
			i += width
			for next&rowChain == rowChain && cached {
				next, i, cached = r.pass(m, next&rowMask, text, i)
				rows = r.cache.rows
			}
			if row = next & rowMask; row == rowDead || !cached || r.steps < 0 {
				break
			}
		}
		r.spend(m, i-from)
		switch {
		case row == rowDead || end >= 0 && earliest:
			return end, true
		case !cached:
			last, ok := r.slowly(m, text, i, p.contextBefore(text, i), earliest)
			return max(last, end), ok
		case i == len(text):
			return max(end, r.atEnd(m, row, i)), true
		case r.over():
			return end, false
		}
	}
}

// atEnd returns i if the end of the search, at i, ends a match.
func (r *dfaRunner) atEnd(m *machine, row uint32, i int) int {
	next := r.cache.rows[row+columnEnd]
	if next == rowUnknown {
		next, _ = r.step(m, row, columnEnd)
	}
	if next&rowMatch == rowMatch {
		return i
	}
	return -1
}

// slowly is forward from the kernel r.next on, without rows.
func (r *dfaRunner) slowly(m *machine, text []byte, pos int, before context, earliest bool) (end int, ok bool) {
	p := m.program
	end = -1
	for i := pos; ; {
		from, limit := i, i+r.stretch(len(text)-i)
		for i < limit && len(r.next) > 0 {
			column, width := p.decode(text[i:])
			if r.advanceNext(m, before, column) {
				if end = i; earliest {
					return end, true
				}
			}
			before = p.contexts[column]
			i += width
			if r.steps < 0 {
				break
			}
		}
		r.spend(m, i-from)
		switch {
		case len(r.next) == 0:
			return end, true
		case i == len(text):
			if r.advanceNext(m, before, columnEnd) {
				end = i
			}
			return end, true
		case r.over():
			return end, false
		}
	}
}

// advanceNext is advance from r.next.
func (r *dfaRunner) advanceNext(m *machine, before context, column uint32) bool {
	r.kernel, r.next = r.next, r.kernel
	return r.advance(m, r.kernel, before, column)
}

// backward returns where the longest match that ends at end begins, at low or
// behind; m is of the reversed regex. What precedes low and follows end are
// looked at by assertions.
func (r *dfaRunner) backward(m *machine, text []byte, low, end int) (start int, ok bool) {
	p := m.program
	after := p.contextAfter(text, end)
	row, cached := r.start(m, after)
	if !cached || m.slow > 0 {
		r.next = r.initial(m)
		return r.slowlyBackward(m, text, low, end, after)
	}
	start = -1
	for i := end; ; {
		rows, from := r.cache.rows, i
		limit := i - r.stretch(i-low)
		for i > limit {
			column, width := uint32(p.ascii[text[i-1]]), 1
			next := rows[row+column]
			if int32(next) > rowDead {
				row = next
				i--
				continue
			}
			if column == columnNone {
				column, width = p.decodeLast(text[:i])
				next = rows[row+column]
			}
			if next == rowUnknown {
				next, cached = r.step(m, row, column)
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
		r.spend(m, from-i)
		switch {
		case row == rowDead:
			return start, true
		case !cached:
			first, ok := r.slowlyBackward(m, text, low, i, p.contextAfter(text, i))
			if first < 0 {
				first = start
			}
			return first, ok
		case i == low:
			return r.atLow(m, text, row, low, start), true
		case r.over():
			return start, false
		}
	}
}

// atLow returns low if the rune before it, or that there is none, makes a
// match begin there, else start.
func (r *dfaRunner) atLow(m *machine, text []byte, row uint32, low, start int) int {
	column := uint32(columnEnd)
	if low > 0 {
		column, _ = m.program.decodeLast(text[:low])
	}
	next := r.cache.rows[row+column]
	if next == rowUnknown {
		next, _ = r.step(m, row, column)
	}
	if next&rowMatch == rowMatch {
		return low
	}
	return start
}

// slowlyBackward is backward from the kernel r.next on, without rows.
func (r *dfaRunner) slowlyBackward(m *machine, text []byte, low, end int, after context) (start int, ok bool) {
	p := m.program
	start = -1
	for i := end; ; {
		from, limit := i, i-r.stretch(i-low)
		for i > limit && len(r.next) > 0 {
			column, width := p.decodeLast(text[:i])
			if r.advanceNext(m, after, column) {
				start = i
			}
			after = p.contexts[column]
			i -= width
			if r.steps < 0 {
				break
			}
		}
		r.spend(m, from-i)
		switch {
		case len(r.next) == 0:
			return start, true
		case i == low:
			column := uint32(columnEnd)
			if low > 0 {
				column, _ = p.decodeLast(text[:low])
			}
			if r.advanceNext(m, after, column) {
				start = low
			}
			return start, true
		case r.over():
			return start, false
		}
	}
}

// all finds out which of several regexes match anywhere in text: r.found, some
// more than once. ok is also false if the cache does not serve m well.
func (r *dfaRunner) all(m *machine, text []byte) (ok bool) {
	p := m.program
	r.found = r.found[:0]
	row, cached := r.start(m, contextEdge)
	if !cached || m.slow > 0 {
		r.spend(m, len(text))
		return false
	}
	for i := 0; ; {
		rows, from := r.cache.rows, i
		limit := i + r.stretch(len(text)-i)
		for i < limit {
			column, width := uint32(p.ascii[text[i]]), 1
			next := rows[row+column]
			if int32(next) > rowDead {
				row = next
				i++
				continue
			}
			if column == columnNone {
				column, width = p.decode(text[i:])
				next = rows[row+column]
			}
			if next, cached = r.report(m, row, column, next); !cached {
				return false
			}
			rows = r.cache.rows
			row = next
			i += width
			if next == rowDead || r.steps < 0 {
				break
			}
		}
		r.spend(m, i-from)
		switch {
		case row == rowDead:
			return true
		case i == len(text):
			_, cached = r.report(m, row, columnEnd, r.cache.rows[row+columnEnd])
			return cached
		case r.over():
			return false
		}
	}
}

// report builds the transition if need be, and adds what matched to r.found.
func (r *dfaRunner) report(m *machine, row, column, next uint32) (value uint32, cached bool) {
	if next == rowUnknown {
		if next, cached = r.step(m, row, column); !cached {
			return 0, false
		}
	}
	if next&rowMatch != rowMatch {
		return next, true
	}
	next &= rowMask
	r.found = append(r.found, r.cache.matches(r.cache.state(next))...)
	return next, true
}
