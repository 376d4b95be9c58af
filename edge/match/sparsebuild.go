package match

// From a double array to the sparse table.

import (
	"maps"
	"math/bits"
	"slices"
)

// sparseBuilder walks the states of an automaton, breadth first: so the
// shallow ones come first.
type sparseBuilder struct {
	automaton *builtAutomaton
	classes   [256]uint8
	bytes     []byte // of each class one
	cells     *cells
	limit     int // of deep transitions

	order  []uint32 // slots of the states
	depth  []uint8  // of the states in order
	number []uint32 // per slot: the place of the state in order
	suffix []uint32 // of the states up to shallowDepth: the slot of the longest proper suffix

	// The deep transitions of all states, state by state in order.
	labels  []byte
	targets []uint32 // place in order
	firsts  []int    // of a state, and of the one that would follow the last
	bases   []uint32 // of the states in order
}

// sparseSections are those of the double array and those of the tables.
func sparseSections(a *builtAutomaton, first uint32, limit int64) []section {
	b := &sparseBuilder{automaton: a, limit: int(min(limit/4, maxSparse/2))}
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

// sparseHeap is what the bases of states with hits take.
func sparseHeap(sections []section) (size int64) {
	for _, s := range sections {
		if s.kind%(sectionFolded-sectionExact) == partDeep {
			size += s.size / 4 / 64 * (8 + 4)
		}
	}
	return size
}

// build makes the table; false: it would be larger than the limit.
func (b *sparseBuilder) build() (*sparse, bool) {
	// There are about as many deep transitions as states, or more.
	if b.automaton.states > 2*b.limit || !b.walk() {
		return nil, false
	}
	b.cells = newCells(len(b.labels))
	b.bases = make([]uint32, len(b.order))
	for i := range b.order {
		if labels := b.labels[b.firsts[i]:b.firsts[i+1]]; len(labels) > 0 {
			b.bases[i] = b.cells.place(labels)
			for _, label := range labels {
				b.cells.cell[b.bases[i]^uint32(label)] = uint32(label)
			}
		}
	}
	d := b.terminals()
	b.cells.seal()
	if len(b.cells.cell) > maxSparse {
		return nil, false
	}
	d.deep = make([]uint32, len(b.cells.cell))
	for slot, cell := range b.cells.cell {
		d.deep[slot] = cell & 0xff
	}
	for i := range b.order {
		for j := b.firsts[i]; j < b.firsts[i+1]; j++ {
			d.deep[b.bases[i]^uint32(b.labels[j])] = b.entry(b.targets[j]) | uint32(b.labels[j])
		}
	}
	d.shallow = b.shallow()
	return d, true
}

// walk lists the states and their deep transitions: those to their own
// children and, for other bytes, those of the state behind the failure link, which
// has had its turn, being shallower.
func (b *sparseBuilder) walk() bool {
	a := b.automaton
	b.number = make([]uint32, len(a.cell))
	b.order = make([]uint32, 0, a.states)
	b.add(rootSlot, rootSlot, 0)
	for i := 0; i < len(b.order); i++ {
		b.firsts = append(b.firsts, len(b.labels))
		slot := b.order[i]
		base := a.cell[slot] >> baseShift
		inherited, end := 0, 0
		if i > 0 {
			link := b.number[a.link[slot]>>2]
			inherited, end = b.firsts[link], b.firsts[link+1]
		}
		for _, c := range b.bytes {
			child := base ^ uint32(c)
			if cell := a.cell[child]; byte(cell) != c || cell>>baseShift == rootBase { // none, or a copy of the root
				continue
			}
			for inherited < end && b.labels[inherited] < c {
				b.inherit(inherited)
				inherited++
			}
			if inherited < end && b.labels[inherited] == c {
				inherited++
			}
			b.child(i, c, child)
		}
		for ; inherited < end; inherited++ {
			b.inherit(inherited)
		}
		if len(b.labels) > b.limit {
			return false
		}
	}
	b.firsts = append(b.firsts, len(b.labels))
	return true
}

// inherit copies a deep transition.
func (b *sparseBuilder) inherit(i int) {
	b.labels = append(b.labels, b.labels[i])
	b.targets = append(b.targets, b.targets[i])
}

// child lists the transition by c from the i-th state to a child. A state
// without children has a base from a shallower one, whose are listed.
func (b *sparseBuilder) child(i int, c byte, slot uint32) {
	if b.number[slot] == 0 {
		suffix := uint32(rootSlot)
		if i > 0 && b.depth[i] < shallowDepth {
			suffix = b.automaton.step(b.suffix[i], c)
		}
		b.add(slot, suffix, b.depth[i]+1)
	}
	if target := b.number[slot]; b.depth[target] > shallowDepth {
		b.labels = append(b.labels, c)
		b.targets = append(b.targets, target)
	}
}

func (b *sparseBuilder) add(slot, suffix uint32, depth uint8) {
	b.number[slot] = uint32(len(b.order))
	b.order = append(b.order, slot)
	b.depth = append(b.depth, depth)
	if depth <= shallowDepth {
		b.suffix = append(b.suffix, suffix)
	}
}

func (b *sparseBuilder) isHit(state uint32) bool {
	return b.automaton.slot(b.order[state])&(selfFlag|chainFlag) != 0
}

// terminals gives each state with a hit a base that no other has, and lists
// them by base.
func (b *sparseBuilder) terminals() *sparse {
	free := freeBases{cells: b.cells}
	bySlot := map[uint32]uint32{} // base to slot
	for i := range b.order {
		if !b.isHit(uint32(i)) {
			continue
		}
		if b.bases[i] == 0 {
			b.bases[i] = free.take()
		}
		bySlot[b.bases[i]] = b.order[i]
	}
	d := &sparse{}
	for _, base := range slices.Sorted(maps.Keys(bySlot)) {
		d.terminals = append(d.terminals, bySlot[base])
	}
	return d
}

// freeBases hands out bases without transitions.
type freeBases struct {
	cells *cells
	next  uint32
}

// take leaves each block one base that nobody has: seal needs it.
func (f *freeBases) take() uint32 {
	for ; ; f.next++ {
		if int(f.next) == len(f.cells.cell) {
			f.cells.grow()
		}
		if hasBit(f.cells.bases, f.next) {
			continue
		}
		if f.left(f.next/blockSlots) < 2 {
			f.next |= blockSlots - 1
			continue
		}
		setBit(f.cells.bases, f.next)
		return f.next
	}
}

func (f *freeBases) left(block uint32) int {
	n := blockSlots
	for _, word := range f.cells.bases[block*blockSlots/64:][:blockSlots/64] {
		n -= bits.OnesCount64(word)
	}
	return n
}

// entry is what leads to a state, but for its check.
func (b *sparseBuilder) entry(state uint32) uint32 {
	e := b.bases[state] << sparseShift
	if b.isHit(state) {
		e |= sparseHit
	}
	return e
}

// shallow has a row for each state of less than shallowDepth.
func (b *sparseBuilder) shallow() []uint64 {
	var table []uint64
	stride := uint32(len(b.bytes))
	for i := 0; i < len(b.order) && b.depth[i] < shallowDepth; i++ {
		for _, c := range b.bytes {
			target := b.number[b.automaton.step(b.order[i], c)]
			row := target
			if b.depth[row] == shallowDepth {
				row = b.number[b.suffix[row]]
			}
			table = append(table, uint64(row*stride)<<32|uint64(b.entry(target)))
		}
	}
	return table
}
