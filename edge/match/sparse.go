package match

// The sparse table of middle-sized sets: a DFA of which only the transitions to
// deep states are stored, because where all the others lead can be told from the
// last few bytes of the text.

import "math/bits"

// shallowDepth is how deep a state can be that is found from the last bytes
// alone. Where it is 2, three times the transitions are deep; where it is 4, the
// shallow table is six times as large.
const shallowDepth = 3

// Deep and shallow entries have these low 32 bits:
//
//	bits 0-7   check: the byte that leads here (void in a shallow one)
//	bit 8      hit: a pattern ends in this state, or behind its links
//	bits 9-31  base: the transition for byte c is deep[base^c], if its check is c
const (
	sparseHit   = 1 << 8
	sparseShift = 9
	maxSparse   = 1 << 23 // what a base can address
)

// sparse is the table of an automaton. The state of a lane is 64 bits:
// the entry that led there, and above it the row of its longest suffix that is
// no deeper than shallowDepth-1.
type sparse struct {
	classes *[256]uint8
	shallow []uint64 // row + class of a byte: the next state, if no deep transition says otherwise
	deep    []uint32 // transitions to states deeper than shallowDepth
	stride  uint32   // length of a row: the number of classes

	// Which state of the automaton one with a hit is: its base has a bit in
	// hits, and its slot stands in terminals by rank.
	hits      []uint64
	rank      []uint32
	terminals []uint32
	deepest   int
}

// step is the state after the byte c.
func (d *sparse) step(state uint64, c byte) uint64 {
	deep := d.deep[uint32(state)>>sparseShift^uint32(c)]
	shallow := d.shallow[uint32(state>>32)+uint32(d.classes[c])]
	return shallow ^ (uint64(deep)^shallow)&isCheck(deep, c)
}

// isCheck is all ones in its low half if the check of a deep entry is c, else
// zero; the high half is zero.
func isCheck(entry uint32, c byte) uint64 {
	return uint64(uint32(int32(uint32(byte(entry)^c)-1) >> 31))
}

// stateAt is the state at pos, from as many bytes before as a state is deep.
func (d *sparse) stateAt(text []byte, pos int) uint64 {
	state := uint64(0)
	for _, c := range text[max(0, pos-d.deepest):pos] {
		state = d.step(state, c)
	}
	return state
}

// lockstep takes the lanes as far as the first goes.
func (d *sparse) lockstep(text []byte, l *lanes) {
	size := l.lane[0].end - l.lane[0].pos
	var states [numLanes]uint64
	for i := range states {
		states[i] = d.stateAt(text, l.lane[i].pos)
	}
	for at := 0; at < size; {
		at += d.run(text, l.base+at, size-at, size, &states)
		for i, state := range states {
			l.lane[i].note(at+i*size, uint32(state), uint32(state)/sparseHit&1)
		}
	}
	l.advance(size)
}

// run is as that of dfa.
//
//go:noinline
func (d *sparse) run(text []byte, pos, most, size int, states *[numLanes]uint64) int {
	deep, shallow, classes := unchecked32s(d.deep), unchecked64s(d.shallow), d.classes
	s0, s1, s2, s3 := states[0], states[1], states[2], states[3]
	at := uncheckedBytes(text[pos:])
	size2, size3 := 2*size, 3*size
	left := most
	for {
		c0 := at.byte(0)
		e0, d0 := deep.uint32(uint32(s0)>>sparseShift^uint32(c0)), shallow.uint64(uint32(s0>>32)+uint32(classes[c0]))
		s0 = d0 ^ (uint64(e0)^d0)&isCheck(e0, c0)
		c1 := at.byte(size)
		e1, d1 := deep.uint32(uint32(s1)>>sparseShift^uint32(c1)), shallow.uint64(uint32(s1>>32)+uint32(classes[c1]))
		s1 = d1 ^ (uint64(e1)^d1)&isCheck(e1, c1)
		c2 := at.byte(size2)
		e2, d2 := deep.uint32(uint32(s2)>>sparseShift^uint32(c2)), shallow.uint64(uint32(s2>>32)+uint32(classes[c2]))
		s2 = d2 ^ (uint64(e2)^d2)&isCheck(e2, c2)
		c3 := at.byte(size3)
		e3, d3 := deep.uint32(uint32(s3)>>sparseShift^uint32(c3)), shallow.uint64(uint32(s3>>32)+uint32(classes[c3]))
		s3 = d3 ^ (uint64(e3)^d3)&isCheck(e3, c3)
		left--
		if (s0|s1|s2|s3)&sparseHit != 0 || left == 0 {
			break
		}
		at = at.after(1)
	}
	states[0], states[1], states[2], states[3] = s0, s1, s2, s3
	return most - left
}

func (d *sparse) slots(places []place) {
	for i := range places {
		p := &places[i]
		base := p.state >> sparseShift
		below := d.hits[base/64] & (1<<(base%64) - 1)
		p.state = d.terminals[d.rank[base/64]+uint32(bits.OnesCount64(below))]
	}
}
