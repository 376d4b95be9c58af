package match

// The engine sdfa: the sparse table of middle-sized sets. It is a DFA in which only the transitions
// to deep states are stored, because all other transitions follow from the last few bytes of the
// text.

import (
	"math/bits"
	"slices"
)

// shallowDepth is the depth of the deepest states found from the last bytes alone. With 2, three
// times as many transitions are deep; with 4, the shallow table is six times as large.
const shallowDepth = 3

// Deep and shallow entries have these low 32 bits:
//
//	bits 0-7   check: the byte that leads here (void in a shallow entry)
//	bit 8      hit: a pattern ends in this state or behind its links
//	bits 9-31  base: the transition for byte c is deep[base^c], if the check of that entry is c
const (
	sdfaHit   = 1 << 8
	sdfaShift = 9
	maxDeep   = 1 << 23 // what a base can address
)

// sdfa is the table of an automaton. The state of a lane is 64 bits: the entry that led to the
// state, and above the entry the row of the longest suffix no deeper than shallowDepth-1.
type sdfa struct {
	classes *[256]uint8
	shallow []uint64 // row + class of a byte: the next state, if no deep transition says otherwise
	deep    []uint32 // transitions to states deeper than shallowDepth
	stride  uint32   // length of a row: the number of classes

	// The state of the automaton that a state with a hit stands for: the base of the state has a
	// bit in hits, and terminals holds the cell by rank.
	hits      []uint64
	rank      []uint32
	terminals []uint32
	deepest   int
}

// step is the state after the byte c.
func (d *sdfa) step(state uint64, c byte) uint64 {
	deep := d.deep[uint32(state)>>sdfaShift^uint32(c)]
	shallow := d.shallow[uint32(state>>32)+uint32(d.classes[c])]
	return shallow ^ (uint64(deep)^shallow)&isCheck(deep, c)
}

// isCheck is all ones in the low half if the check of a deep entry is c, else zero. The high half
// is always zero.
func isCheck(entry uint32, c byte) uint64 {
	return uint64(uint32(int32(uint32(byte(entry)^c)-1) >> 31))
}

// stateAt is the state at pos, found from as many bytes before pos as a state is deep.
func (d *sdfa) stateAt(text []byte, pos int) uint64 {
	state := uint64(0)
	for _, c := range text[max(0, pos-d.deepest):pos] {
		state = d.step(state, c)
	}
	return state
}

// lockstep takes the lanes as far as the first one goes.
func (d *sdfa) lockstep(text []byte, l *lanes) {
	size := l.lane[0].end - l.lane[0].pos
	var states [numLanes]uint64
	for i := range states {
		states[i] = d.stateAt(text, l.lane[i].pos)
	}
	for at := 0; at < size; {
		at += d.run(text, l.base+at, size-at, size, &states)
		for i, state := range states {
			l.lane[i].note(at+i*size, uint32(state), uint32(state)/sdfaHit&1)
		}
	}
	l.advance(size)
}

// run goes on to the next hit in any lane, or by limit bytes, as that of dfa does.
//
//go:noinline
func (d *sdfa) run(text []byte, pos, limit, size int, states *[numLanes]uint64) int {
	deep, shallow, classes := unchecked32s(d.deep), unchecked64s(d.shallow), d.classes
	s0, s1, s2, s3 := states[0], states[1], states[2], states[3]
	at := uncheckedBytes(text[pos:])
	size2, size3 := 2*size, 3*size
	left := limit
	for {
		c0 := at.byte(0)
		e0, d0 := deep.uint32(uint32(s0)>>sdfaShift^uint32(c0)), shallow.uint64(uint32(s0>>32)+uint32(classes[c0]))
		s0 = d0 ^ (uint64(e0)^d0)&isCheck(e0, c0)
		c1 := at.byte(size)
		e1, d1 := deep.uint32(uint32(s1)>>sdfaShift^uint32(c1)), shallow.uint64(uint32(s1>>32)+uint32(classes[c1]))
		s1 = d1 ^ (uint64(e1)^d1)&isCheck(e1, c1)
		c2 := at.byte(size2)
		e2, d2 := deep.uint32(uint32(s2)>>sdfaShift^uint32(c2)), shallow.uint64(uint32(s2>>32)+uint32(classes[c2]))
		s2 = d2 ^ (uint64(e2)^d2)&isCheck(e2, c2)
		c3 := at.byte(size3)
		e3, d3 := deep.uint32(uint32(s3)>>sdfaShift^uint32(c3)), shallow.uint64(uint32(s3>>32)+uint32(classes[c3]))
		s3 = d3 ^ (uint64(e3)^d3)&isCheck(e3, c3)
		left--
		if (s0|s1|s2|s3)&sdfaHit != 0 || left == 0 {
			break
		}
		at = at.after(1)
	}
	states[0], states[1], states[2], states[3] = s0, s1, s2, s3
	return limit - left
}

func (d *sdfa) toCells(hits []hit) {
	for i := range hits {
		h := &hits[i]
		base := h.state >> sdfaShift
		below := d.hits[base/64] & (1<<(base%64) - 1)
		h.state = d.terminals[d.rank[base/64]+uint32(bits.OnesCount64(below))]
	}
}

// loadSDFA takes the double array and the sparse table. Whether the two agree is not checked: a
// table that does not agree finds something else than it should, but nothing outside of itself.
func loadSDFA(l *loader, first uint32, a *automaton) {
	if loadDA8(l, first, a); l.err != nil || a.cells == nil {
		return
	}
	classes := l.take(first+partClasses, blockCells)
	d := &sdfa{
		shallow:   viewUint64s(l.take(first+partShallow, 8)),
		deep:      viewUint32s(l.take(first+partDeep, 4*blockCells)),
		terminals: viewUint32s(l.take(first+partTerminals, 4)),
		deepest:   a.deepest,
	}
	if len(classes) != blockCells || len(d.deep) == 0 || len(d.deep) > maxDeep {
		l.damaged("%d classes, %d transitions", len(classes), len(d.deep))
		return
	}
	d.classes = (*[blockCells]uint8)(classes)
	d.stride = uint32(slices.Max(classes)) + 1
	if len(d.shallow) == 0 || len(d.shallow)%int(d.stride) != 0 {
		l.damaged("%d shallow transitions of %d classes", len(d.shallow), d.stride)
		return
	}
	d.hits, d.rank = make([]uint64, len(d.deep)/64), make([]uint32, len(d.deep)/64)
	ok := true
	for _, entry := range d.shallow {
		ok = ok && uint32(entry>>32) <= uint32(len(d.shallow))-d.stride && d.noteBase(uint32(entry))
	}
	for _, entry := range d.deep {
		ok = ok && d.noteBase(entry)
	}
	total := 0
	for i, word := range d.hits {
		d.rank[i] = uint32(total)
		total += bits.OnesCount64(word)
	}
	if !ok || total != len(d.terminals) {
		l.damaged("transitions")
		return
	}
	l.checkTerminals(d.terminals, a)
	a.table = d
}

// noteBase notes the base of a state with a hit; false: the entry leads outside of the table.
func (d *sdfa) noteBase(entry uint32) bool {
	base := entry >> sdfaShift
	if base|(blockCells-1) >= uint32(len(d.deep)) {
		return false
	}
	if entry&sdfaHit != 0 {
		setBit(d.hits, base)
	}
	return true
}

// sdfaHeap is the size of the bitmap of bases with hits and of its ranks.
func sdfaHeap(sections []section) (size int64) {
	for _, s := range sections {
		if s.kind%(sectionFolded-sectionExact) == partDeep {
			size += s.size / 4 / 64 * (8 + 4)
		}
	}
	return size
}

// sdfaSections adds the sparse table to the double array.
func sdfaSections(a *builtAutomaton, first uint32, limit int64) []section {
	b := &sdfaBuilder{automaton: a, limit: int(min(limit/4, maxDeep/2))}
	var stride int
	b.classes, stride = byteClasses(&a.used)
	b.bytes = make([]byte, stride)
	for c, class := range b.classes {
		b.bytes[class] = byte(c)
	}
	d, ok := b.build()
	if !ok {
		return nil
	}
	return append(da8Sections(a, first, 0),
		bytesSection(first+partClasses, b.classes[:]),
		uint64Section(first+partShallow, d.shallow),
		uint32Section(first+partDeep, d.deep),
		uint32Section(first+partTerminals, d.terminals))
}
