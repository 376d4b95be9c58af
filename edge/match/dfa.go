package match

// The table of small sets: for every state and class of bytes the next state. No
// links to follow, so four lanes go through a text at several times the speed of
// the double array, which is still there and says what ends where.

// dfa has the states of an automaton under numbers of its own: each is the
// index of its row in next. The states where something ends come last.
type dfa struct {
	classes   *[256]uint8
	next      []uint32 // row + class of a byte: the next row
	terminals []uint32 // slots of the states where something ends, in order
	stride    uint32   // length of a row: the number of classes
	ending    uint32   // first row of the terminals
	deepest   int
}

// stateAt is the row at pos, from as many bytes before as a state is deep.
func (d *dfa) stateAt(text []byte, pos int) uint32 {
	row := uint32(0)
	for _, c := range text[max(0, pos-d.deepest):pos] {
		row = d.next[row+uint32(d.classes[c])]
	}
	return row
}

// lockstep takes the lanes as far as the first goes.
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

// run goes on to the next hit in a lane, by most bytes if there is none, and
// returns how far that was. The lanes are size apart. It is a function of its own
// because its variables then stay in registers.
//
//go:noinline
func (d *dfa) run(text []byte, pos, most, size int, rows *[numLanes]uint32) int {
	next, classes, last := unchecked32s(d.next), d.classes, d.ending-1
	r0, r1, r2, r3 := rows[0], rows[1], rows[2], rows[3]
	at := uncheckedBytes(text[pos:])
	size2, size3 := 2*size, 3*size
	left := most
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
	return most - left
}

func (d *dfa) slots(places []place) {
	for i := range places {
		p := &places[i]
		p.state = d.terminals[(p.state-d.ending)/d.stride]
	}
}
