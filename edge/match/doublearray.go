package match

// The double array under construction: where the children of each state are placed.

import "math/bits"

// How hard place looks for a gap: a block is not asked again after maxRefusals refused states, and
// only the last openBlocks blocks are asked at all. Larger bounds make an array a few percent
// smaller, in several times the time.
const (
	maxRefusals = 64
	openBlocks  = 48
)

// doubleArray grows by blocks. A child lies in cell base^label, so all children of a state lie in
// one block.
type doubleArray struct {
	edges    []uint32 // base<<8 | check
	used     []uint64 // bit per cell: taken
	bases    []uint64 // bit per cell: is the base of a state
	free     []uint16 // per block: cells not taken
	refusals []uint8  // per block: states that did not fit
	first    int      // blocks before this one are not asked any more
}

// newDoubleArray makes room for a number of states and for two more blocks. Block 0 holds the root
// and is the base (0) of states without children: no check in block 0 fits the cell. Block 1 holds
// the root's children.
func newDoubleArray(states int) *doubleArray {
	blocks := blocksFor(states)
	t := &doubleArray{
		edges:    make([]uint32, 0, blocks*blockCells),
		used:     make([]uint64, 0, blocks*blockCells/64),
		bases:    make([]uint64, 0, blocks*blockCells/64),
		free:     make([]uint16, 0, blocks),
		refusals: make([]uint8, 0, blocks),
	}
	t.grow()
	t.grow()
	for i := range t.used {
		t.used[i] = ^uint64(0)
	}
	for i := range blockCells / 64 {
		t.bases[i] = ^uint64(0)
	}
	setBit(t.bases, rootBase)
	t.free[0], t.free[1] = 0, 0
	t.first = 2
	for c := range uint32(blockCells) {
		t.edges[c] = c ^ 0xff
		t.edges[rootBase^c] = c ^ 0xff
	}
	t.edges[rootCell] |= rootBase << baseShift
	return t
}

// blocksFor is how many blocks so many states take as a rule: place leaves one cell in a hundred
// free. Unused room costs nothing.
func blocksFor(states int) int { return (states+states/32)/blockCells + 4 }

func (t *doubleArray) grow() {
	t.edges = append(t.edges, make([]uint32, blockCells)...)
	t.used = append(t.used, make([]uint64, blockCells/64)...)
	t.bases = append(t.bases, make([]uint64, blockCells/64)...)
	t.free = append(t.free, blockCells)
	t.refusals = append(t.refusals, 0)
}

func (t *doubleArray) base(cell uint32) uint32 { return t.edges[cell] >> baseShift }

// child returns the child for label of a state with base. Before seal a free cell looks like a
// child for label 0.
func (t *doubleArray) child(base uint32, label byte) (uint32, bool) {
	child := base ^ uint32(label)
	return child, byte(t.edges[child]) == label && hasBit(t.used, child)
}

// addChildren places the children of a state and returns their base.
func (t *doubleArray) addChildren(cell uint32, labels []byte) uint32 {
	base := uint32(rootBase)
	if cell != rootCell {
		base = t.place(labels)
		t.edges[cell] = t.edges[cell]&0xff | base<<baseShift
	}
	for _, label := range labels {
		t.edges[base^uint32(label)] = uint32(label)
	}
	return base
}

// place takes cells for labels, all of a base that no state has yet. If two states shared a base,
// each would have the other's children.
func (t *doubleArray) place(labels []byte) uint32 {
	for t.first < len(t.free) && (t.free[t.first] == 0 || t.refusals[t.first] > maxRefusals) {
		t.first++
	}
	for block := max(t.first, len(t.free)-openBlocks); ; block++ {
		if block == len(t.free) {
			t.grow()
		}
		if int(t.free[block]) < len(labels) {
			continue
		}
		if base, ok := t.fit(block, labels); ok {
			setBit(t.bases, base)
			for _, label := range labels {
				setBit(t.used, base^uint32(label))
			}
			t.free[block] -= uint16(len(labels))
			return base
		}
		if t.refusals[block] <= maxRefusals {
			t.refusals[block]++
		}
	}
}

// fit looks for a base in block with which all labels fall on free cells. It tries 64 cells for the
// first label at once: the cells of another label are a word of the block, perhaps the first
// label's, with permuted bits.
func (t *doubleArray) fit(block int, labels []byte) (uint32, bool) {
	const words = blockCells / 64
	first := labels[0]
	for w := block * words; w < (block+1)*words; w++ {
		fits := ^t.used[w]
		if fits == 0 {
			continue
		}
		fits &^= exchanged(t.bases, w, first)
		for _, label := range labels[1:] {
			if fits == 0 {
				break
			}
			fits &^= exchanged(t.used, w, first^label)
		}
		if fits != 0 {
			return uint32(w*64+bits.TrailingZeros64(fits)) ^ uint32(first), true
		}
	}
	return 0, false
}

// exchanged returns 64 bits of set: bit i of the result is bit (64w + i) XOR by.
func exchanged(set []uint64, w int, by byte) uint64 {
	x := set[w^int(by>>6)]
	if by&1 != 0 {
		x = x>>1&0x5555555555555555 | x&0x5555555555555555<<1
	}
	if by&2 != 0 {
		x = x>>2&0x3333333333333333 | x&0x3333333333333333<<2
	}
	if by&4 != 0 {
		x = x>>4&0x0f0f0f0f0f0f0f0f | x&0x0f0f0f0f0f0f0f0f<<4
	}
	if by&8 != 0 {
		x = x>>8&0x00ff00ff00ff00ff | x&0x00ff00ff00ff00ff<<8
	}
	if by&16 != 0 {
		x = x>>16&0x0000ffff0000ffff | x&0x0000ffff0000ffff<<16
	}
	return bits.RotateLeft64(x, int(by&32))
}

// seal gives the free cells a check that fits no base. There always is one: a block has at most as
// many bases as taken cells.
func (t *doubleArray) seal() {
	for cell := uint32(2 * blockCells); cell < uint32(len(t.edges)); cell++ {
		if hasBit(t.used, cell) {
			continue
		}
		for label := range uint32(256) {
			if !hasBit(t.bases, cell^label) {
				t.edges[cell] = label
				break
			}
		}
	}
}

func hasBit(set []uint64, i uint32) bool { return set[i/64]>>(i%64)&1 != 0 }
func setBit(set []uint64, i uint32)      { set[i/64] |= 1 << (i % 64) }
