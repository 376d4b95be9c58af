package match

// Four places of a text at once. One stream waits for memory at every byte:
// which slot comes next is known only when the last one is there. Four
// independent streams wait together, and without branches on what the text says
// nothing is mispredicted.

import (
	"math"
	"math/bits"
)

const numLanes = 4

// lockstep says when lanes pay and how far they look ahead, in bytes.
type lockstep struct{ least, most int }

// newLockstep: a lane begins with up to deepest bytes of the one before, and
// that has to be little against its length. The 64-bit words of lanes are too many
// for the registers of a 32-bit machine.
func newLockstep(deepest int) lockstep {
	if bits.UintSize < 64 {
		return lockstep{math.MaxInt, 0}
	}
	return lockstep{max(1<<10, 16*deepest), 32 << 10}
}

// newDFALockstep: a table needs few registers, and less to begin with.
func newDFALockstep(deepest int) lockstep { return lockstep{max(128, 16*deepest), 32 << 10} }

// lanes are four pieces of a text that follow each other.
type lanes [numLanes]lane

type lane struct {
	pos, end int     // where the scan is and where the piece ends
	hits     []place // before pos
}

// lookAhead finds the places with hits of a piece of text from f on.
func (f *finder) lookAhead(l *lanes, a *automaton, text []byte) {
	size := min(len(text)-f.pos, a.lockstep.most)
	f.base = f.pos
	for i := range l {
		lane := &l[i]
		lane.pos, lane.end = f.base+i*(size/numLanes), f.base+(i+1)*(size/numLanes)
		lane.hits = lane.hits[:0]
	}
	l[numLanes-1].end = f.base + size
	if a.dfa != nil {
		a.dfa.inLockstep(text, l, f.base, a.deepest)
	} else {
		a.inLockstep(text, l, f.base)
	}
	f.ahead, f.next = f.ahead[:0], 0
	for i := range l {
		lane := &l[i]
		if lane.pos < lane.end {
			a.finish(text, lane, f.base)
		}
		f.ahead = append(f.ahead, lane.hits...)
	}
	f.end = a.stateAt(text, f.base+size)
}

// stateAt is a cursor at pos in the state there: no state is longer than
// deepest, so the bytes before those do not matter.
func (a *automaton) stateAt(text []byte, pos int) cursor {
	c := at(max(0, pos-a.deepest))
	for c.pos < pos {
		a.next(text, &c, pos)
	}
	c.hit = false
	return c
}

// finish goes by one stream to the end of a lane that others have left behind.
func (a *automaton) finish(text []byte, l *lane, base int) {
	for c := a.stateAt(text, l.pos); c.pos < l.end; {
		if a.next(text, &c, l.end); c.hit {
			l.hits = append(l.hits, place{uint32(c.pos - base), c.slot})
		}
	}
}

// inLockstep moves all lanes on until one is at its end. A step takes one byte or
// follows one link.
func (a *automaton) inLockstep(text []byte, l *lanes, base int) {
	slots := a.slots
	i0, i1, i2, i3 := l[0].pos, l[1].pos, l[2].pos, l[3].pos
	var entries [numLanes]uint64
	for i := range l {
		entries[i] = slots[a.stateAt(text, l[i].pos).slot]
	}
	e0, e1, e2, e3 := entries[0], entries[1], entries[2], entries[3]
	// Bytes and links; only in a damaged pack are there more.
	budget := 2*(l[3].end-l[3].pos) + maxDepth
	for budget > 0 {
		steps := min(l[0].end-i0, l[1].end-i1, l[2].end-i2, l[3].end-i3)
		if steps == 0 {
			break
		}
		budget -= steps
		for range steps {
			c0, c1, c2, c3 := uint32(text[i0]), uint32(text[i1]), uint32(text[i2]), uint32(text[i3])
			x0, x1, x2, x3 := uint32(e0)>>baseShift^c0, uint32(e1)>>baseShift^c1, uint32(e2)>>baseShift^c2, uint32(e3)>>baseShift^c3
			t0, t1, t2, t3 := slots[x0], slots[x1], slots[x2], slots[x3]
			f0, f1, f2, f3 := slots[e0>>failShift], slots[e1>>failShift], slots[e2>>failShift], slots[e3>>failShift]
			// All ones where the child is there, else zero.
			m0, m1, m2, m3 := isByte(t0, c0), isByte(t1, c1), isByte(t2, c2), isByte(t3, c3)
			e0, e1, e2, e3 = f0^(t0^f0)&m0, f1^(t1^f1)&m1, f2^(t2^f2)&m2, f3^(t3^f3)&m3
			i0, i1, i2, i3 = i0-int(m0), i1-int(m1), i2-int(m2), i3-int(m3)
			if (t0&m0|t1&m1|t2&m2|t3&m3)&(selfFlag|chainFlag) != 0 {
				l.note(0, i0-base, x0, t0&m0)
				l.note(1, i1-base, x1, t1&m1)
				l.note(2, i2-base, x2, t2&m2)
				l.note(3, i3-base, x3, t3&m3)
			}
		}
	}
	l[0].pos, l[1].pos, l[2].pos, l[3].pos = i0, i1, i2, i3
}

// isByte is all ones if the check of entry is char, else zero.
func isByte(entry uint64, char uint32) uint64 {
	return uint64(int64(uint64(uint32(entry)&0xff^char)-1) >> 63)
}

// note adds a place to a lane if something ends in entry.
func (l *lanes) note(lane, pos int, slot uint32, entry uint64) {
	if entry&(selfFlag|chainFlag) != 0 {
		l[lane].hits = append(l[lane].hits, place{uint32(pos), slot})
	}
}
