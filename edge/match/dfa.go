package match

// The engine dfa: the table of small sets, which holds the next state for every state and class of
// bytes. There are no links to follow, so four lanes go through a text at several times the speed
// of the double array. The double array is kept and tells the patterns ending in a state.

import "slices"

// dfa numbers the states of an automaton by where their rows begin in next. The states in which a
// pattern ends come last.
type dfa struct {
	classes   *[256]uint8
	next      []uint32 // row + class of a byte: the next row
	terminals []uint32 // cells of the states in which a pattern ends, in the order of their rows
	stride    uint32   // length of a row: the number of classes
	ending    uint32   // first row of the terminals
	deepest   int
}

// stateAt is the row at pos, found from as many bytes before pos as a state is deep.
func (d *dfa) stateAt(text []byte, pos int) uint32 {
	row := uint32(0)
	for _, c := range text[max(0, pos-d.deepest):pos] {
		row = d.next[row+uint32(d.classes[c])]
	}
	return row
}

// lockstep takes the lanes as far as the first one goes.
func (d *dfa) lockstep(text []byte, l *lanes) {
	size, last := l.lane[0].end-l.lane[0].pos, d.ending-1
	var rows [numLanes]uint32
	for i := range rows {
		rows[i] = d.stateAt(text, l.lane[i].pos)
	}
	for at := 0; at < size; {
		at += d.run(text, l.base+at, size-at, size, &rows)
		for i, row := range rows {
			l.lane[i].note(at+i*size, row, (last-row)>>31)
		}
	}
	l.advance(size)
}

// run goes on to the next hit in any lane, or by limit bytes, and returns how many bytes that was.
// The lanes are size bytes apart. run is a function of its own to keep its variables in registers.
//
//go:noinline
func (d *dfa) run(text []byte, pos, limit, size int, rows *[numLanes]uint32) int {
	next, classes, last := unchecked32s(d.next), d.classes, d.ending-1
	r0, r1, r2, r3 := rows[0], rows[1], rows[2], rows[3]
	at := uncheckedBytes(text[pos:])
	size2, size3 := 2*size, 3*size
	left := limit
	for {
		r0 = next.uint32(r0 + uint32(classes[at.byte(0)]))
		r1 = next.uint32(r1 + uint32(classes[at.byte(size)]))
		r2 = next.uint32(r2 + uint32(classes[at.byte(size2)]))
		r3 = next.uint32(r3 + uint32(classes[at.byte(size3)]))
		left--
		if r0 > last || r1 > last || r2 > last || r3 > last || left == 0 {
			break
		}
		at = at.after(1)
	}
	rows[0], rows[1], rows[2], rows[3] = r0, r1, r2, r3
	return limit - left
}

func (d *dfa) toCells(hits []hit) {
	for i := range hits {
		h := &hits[i]
		h.state = d.terminals[(h.state-d.ending)/d.stride]
	}
}

// byteClasses puts each byte leading to a state into a class of its own and all other bytes into
// class 0. It also returns the number of classes.
func byteClasses(used *[256]bool) (classes [256]uint8, n int) {
	for _, u := range used {
		if !u {
			n = 1
		}
	}
	for c, u := range used {
		if u {
			classes[c] = uint8(n)
			n++
		}
	}
	return classes, n
}

// dfaBuilder walks the states of an automaton, breadth first.
type dfaBuilder struct {
	automaton *builtAutomaton
	classes   [256]uint8
	stride    int
}

// dfaSections adds the table to the double array. The table is built when it is written.
func dfaSections(a *builtAutomaton, first uint32, limit int64) []section {
	b := &dfaBuilder{automaton: a}
	b.classes, b.stride = byteClasses(&a.used)
	size := 4 * int64(a.states) * int64(b.stride)
	if size > limit {
		return nil
	}
	var terminals []uint32
	return append(da8Sections(a, first, 0),
		bytesSection(first+partClasses, b.classes[:]),
		section{first + partNext, size, func(w *packWriter) {
			var next []uint32
			next, terminals = b.build()
			uint32Section(0, next).write(w)
		}},
		section{first + partTerminals, 4 * int64(a.reporting), func(w *packWriter) {
			uint32Section(0, terminals).write(w)
		}})
}

// build returns the table and the cells of the states in which a pattern ends.
func (b *dfaBuilder) build() (next, terminals []uint32) {
	var bytes [256]byte // a byte of each class
	for c, class := range b.classes {
		bytes[class] = byte(c)
	}
	cells, targets := b.walk(bytes[:b.stride])
	row := make([]uint32, len(b.automaton.edges)) // by cell
	placed := uint32(0)
	for _, ends := range []bool{false, true} {
		for _, cell := range cells {
			if ends == (b.automaton.entry(cell)&(hasOutput|hasSuffixOutput) != 0) {
				row[cell] = placed
				placed += uint32(b.stride)
				if ends {
					terminals = append(terminals, cell)
				}
			}
		}
	}
	next = make([]uint32, len(targets))
	for i, cell := range cells {
		for c, target := range targets[i*b.stride : (i+1)*b.stride] {
			next[int(row[cell])+c] = row[target]
		}
	}
	return next, terminals
}

// walk lists the cells of all states and, for each state and class, the cell of the next state.
func (b *dfaBuilder) walk(bytes []byte) (cells, targets []uint32) {
	states := b.automaton.states
	seen := make([]uint64, len(b.automaton.ends))
	setBit(seen, rootCell)
	cells = append(make([]uint32, 0, states), rootCell)
	targets = make([]uint32, 0, states*b.stride)
	for i := 0; i < len(cells); i++ {
		for _, c := range bytes {
			target := b.automaton.step(cells[i], c)
			if !hasBit(seen, target) {
				setBit(seen, target)
				cells = append(cells, target)
			}
			targets = append(targets, target)
		}
	}
	return cells, targets
}

// loadDFA takes the double array and the table. Rows that lead into the middle of a row are not
// looked for: a scan then finds wrong matches, but reads nothing outside of the table.
func loadDFA(l *loader, first uint32, a *automaton) {
	if loadDA8(l, first, a); l.err != nil || a.cells == nil {
		return
	}
	classes := l.take(first+partClasses, blockCells)
	d := &dfa{
		deepest:   a.deepest,
		next:      viewUint32s(l.take(first+partNext, 4)),
		terminals: viewUint32s(l.take(first+partTerminals, 4)),
	}
	if len(classes) != blockCells {
		l.damaged("%d classes", len(classes))
		return
	}
	d.classes = (*[blockCells]uint8)(classes)
	d.stride = uint32(slices.Max(classes)) + 1
	ending := int64(len(d.next)) - int64(len(d.terminals))*int64(d.stride)
	if ending < int64(d.stride) || len(d.next)%int(d.stride) != 0 {
		l.damaged("%d transitions of %d classes", len(d.next), d.stride)
		return
	}
	d.ending = uint32(ending)
	if slices.Max(d.next) > uint32(len(d.next))-d.stride {
		l.damaged("transitions")
	}
	l.checkTerminals(d.terminals, a)
	a.table = d
}
