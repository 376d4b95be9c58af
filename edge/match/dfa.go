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
}

// stateAt is the row at pos, from as many bytes before as a state is deep.
func (d *dfa) stateAt(text []byte, pos, deepest int) uint32 {
	row := uint32(0)
	for _, c := range text[max(0, pos-deepest):pos] {
		row = d.next[row+uint32(d.classes[c])]
	}
	return row
}

// inLockstep takes four lanes of one length to their ends.
func (d *dfa) inLockstep(text []byte, l *lanes, base, deepest int) {
	next, classes, ending := d.next, d.classes, d.ending
	size := l[0].end - l[0].pos
	var rows [numLanes]uint32
	for i := range l {
		rows[i] = d.stateAt(text, l[i].pos, deepest)
	}
	r0, r1, r2, r3 := rows[0], rows[1], rows[2], rows[3]
	t0, t1, t2, t3 := text[l[0].pos:][:size], text[l[1].pos:][:size], text[l[2].pos:][:size], text[l[3].pos:][:size]
	for i := range t0 {
		r0 = next[r0+uint32(classes[t0[i]])]
		r1 = next[r1+uint32(classes[t1[i]])]
		r2 = next[r2+uint32(classes[t2[i]])]
		r3 = next[r3+uint32(classes[t3[i]])]
		if r0 >= ending || r1 >= ending || r2 >= ending || r3 >= ending {
			at := i + 1 - base
			d.note(l, 0, at+l[0].pos, r0)
			d.note(l, 1, at+l[1].pos, r1)
			d.note(l, 2, at+l[2].pos, r2)
			d.note(l, 3, at+l[3].pos, r3)
		}
	}
	for i := range l {
		l[i].pos += size
	}
}

func (d *dfa) note(l *lanes, lane, pos int, row uint32) {
	if row >= d.ending {
		slot := d.terminals[(row-d.ending)/d.stride]
		l[lane].hits = append(l[lane].hits, place{uint32(pos), slot})
	}
}
