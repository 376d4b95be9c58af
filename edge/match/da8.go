package match

// The engine da8: a double array with failure links, eight bytes a cell, for a single stream or
// four lanes. The engines with tables keep the double array for short texts and to tell the
// patterns ending in a state. DESIGN.md explains the automaton; build.go makes the double array.

import (
	"math"
	"math/bits"
)

// A cell, as a little-endian 64-bit word:
//
//	bits 0-7   check: the byte that leads here
//	bits 8-31  base: the child for byte c is cell base^c, if the check of that cell is c
//	bit 32     output: a pattern ends in this state
//	bit 33     suffix output: patterns end in states behind the failure link
//	bits 34-63 failure link: the cell to go on from when there is no child
const (
	baseShift       = 8
	baseMask        = 1<<24 - 1
	hasOutput       = 1 << 32
	hasSuffixOutput = 1 << 33
	failShift       = 34

	blockCells = 256     // cells whose numbers differ only in the last byte
	maxCells   = 1 << 24 // what a base can address
	rootCell   = 1       // lies in block 0, where no other state lies
	rootBase   = 256     // the root's children: block 1, every cell of which is a transition
	maxDepth   = 255     // bytes of a pattern lying in the automaton
)

// next moves c on to the next place up to limit where a pattern ends and sets c.atHit; if there is
// none it moves c to limit.
func (a *automaton) next(text []byte, c *cursor, limit int) {
	cells, text := a.cells, text[:limit]
	cell, pos := c.cell, c.pos
	entry := cells[cell]
	links := c.links + limit - pos
	atHit := false
	for pos < len(text) {
		char := uint32(text[pos])
		child := uint32(entry)>>baseShift ^ char
		e := cells[child]
		if uint32(e)&0xff != char {
			if fail := uint32(entry >> failShift); fail != rootCell {
				if links--; links < 0 {
					pos = len(text)
					break
				}
				cell, entry = fail, cells[fail]
				continue
			}
			child = rootBase ^ char
			e = cells[child]
		}
		cell, entry = child, e
		pos++
		if e&(hasOutput|hasSuffixOutput) != 0 {
			atHit = true
			break
		}
	}
	*c = cursor{pos, cell, atHit, links - (limit - pos)}
}

// da8LanesFrom is the number of bytes of text from which on lanes are faster than a single stream.
// On 32-bit machines they never are: the 64-bit words of four lanes are too many for the registers.
func da8LanesFrom() int {
	if bits.UintSize < 64 {
		return math.MaxInt
	}
	return 1 << 10
}

// cellStepper is the stepper on the double array alone. A step takes one byte or follows one link.
type cellStepper struct{ *automaton }

func (cellStepper) toCells([]hit) {}

func (k cellStepper) lockstep(text []byte, l *lanes) {
	cells, bytes := unchecked64s(k.automaton.cells), uncheckedBytes(text)
	l0, l1, l2, l3 := &l.lane[0], &l.lane[1], &l.lane[2], &l.lane[3]
	i0, i1, i2, i3 := l0.pos, l1.pos, l2.pos, l3.pos
	var entries [numLanes]uint64
	for i := range l.lane {
		entries[i] = k.automaton.cells[k.stateAt(text, l.lane[i].pos).cell]
	}
	e0, e1, e2, e3 := entries[0], entries[1], entries[2], entries[3]
	// Bytes and links; only in a damaged pack are there more.
	budget := 2*(l3.end-l3.pos) + maxDepth
	for budget > 0 {
		steps := min(l0.end-i0, l1.end-i1, l2.end-i2, l3.end-i3)
		if steps == 0 {
			break
		}
		budget -= steps
		for steps > 0 {
			var x0, x1, x2, x3 uint32
			var t0, t1, t2, t3 uint64
			for {
				c0 := uint32(bytes.byte(i0))
				x0 = uint32(e0)>>baseShift ^ c0
				t0 = cells.uint64(x0)
				f0 := cells.uint64(uint32(e0 >> failShift))
				m0 := isByte(t0, c0) // all ones where the child is there, else zero
				t0 &= m0
				e0 = t0 | f0&^m0
				i0 -= int(m0)
				c1 := uint32(bytes.byte(i1))
				x1 = uint32(e1)>>baseShift ^ c1
				t1 = cells.uint64(x1)
				f1 := cells.uint64(uint32(e1 >> failShift))
				m1 := isByte(t1, c1)
				t1 &= m1
				e1 = t1 | f1&^m1
				i1 -= int(m1)
				c2 := uint32(bytes.byte(i2))
				x2 = uint32(e2)>>baseShift ^ c2
				t2 = cells.uint64(x2)
				f2 := cells.uint64(uint32(e2 >> failShift))
				m2 := isByte(t2, c2)
				t2 &= m2
				e2 = t2 | f2&^m2
				i2 -= int(m2)
				c3 := uint32(bytes.byte(i3))
				x3 = uint32(e3)>>baseShift ^ c3
				t3 = cells.uint64(x3)
				f3 := cells.uint64(uint32(e3 >> failShift))
				m3 := isByte(t3, c3)
				t3 &= m3
				e3 = t3 | f3&^m3
				i3 -= int(m3)
				steps--
				if (t0|t1|t2|t3)&(hasOutput|hasSuffixOutput) != 0 || steps == 0 {
					break
				}
			}
			l0.note(i0-l.base, x0, endsIn(t0))
			l1.note(i1-l.base, x1, endsIn(t1))
			l2.note(i2-l.base, x2, endsIn(t2))
			l3.note(i3-l.base, x3, endsIn(t3))
		}
	}
	l0.pos, l1.pos, l2.pos, l3.pos = i0, i1, i2, i3
}

// isByte is all ones if the check of entry is char, else zero.
func isByte(entry uint64, char uint32) uint64 {
	return uint64(int64(uint64(uint32(entry)&0xff^char)-1) >> 63)
}

// endsIn is 1 if a pattern ends in a state or behind the links, else 0.
func endsIn(entry uint64) uint32 {
	flags := uint32(entry >> 32)
	return (flags | flags>>1) & 1
}

// da8Sections lays out the double array, the outputs, and the prefilter if there is one.
func da8Sections(a *builtAutomaton, first uint32, _ int64) []section {
	list := append([]section{{first + partCells, 8 * int64(len(a.edges)), func(w *packWriter) {
		for i := range a.edges {
			w.uint64(a.entry(uint32(i)))
		}
	}}}, a.outputSections(first)...)
	if a.grams != nil {
		list = append(list, a.grams.section(first))
	}
	return list
}

// loadDA8 takes the double array and the prefilter. It checks that every base and link leads to a
// cell, that the root has a transition for every byte, and that the flags agree with the bitmap.
func loadDA8(l *loader, first uint32, a *automaton) {
	a.cells = viewUint64s(l.take(first+partCells, 8*blockCells))
	a.grams = l.qgrams(first)
	n := uint32(len(a.cells))
	if l.err != nil || n == 0 || !l.checkCellCount(len(a.cells), a) {
		return
	}
	// The number of cells is a multiple of 256, so base|255 is a cell if base is.
	highest, bad := uint64(0), false
	highestBase := uint32(0)
	for i, word := range a.ends {
		var outputs uint64
		for _, entry := range a.cells[64*i : 64*i+64] {
			highest = max(highest, entry)
			highestBase = max(highestBase, uint32(entry))
			outputs = outputs>>1 | entry<<31&(1<<63)
		}
		bad = bad || outputs != word
	}
	bad = bad || highestBase>>baseShift >= n || uint32(highest>>failShift) >= n
	for c := range uint64(blockCells) {
		bad = bad || a.cells[rootBase^c]&0xff != c
	}
	if bad || uint32(a.cells[rootCell])>>baseShift != rootBase {
		l.damaged("cells")
	}
}
