package match

// Laying out a double array: where the children of each state go.

import "math/bits"

// How hard place looks for a gap: blocks that refused so many states are not
// asked again, and only the last so many blocks are asked at all. More gives
// an array a few percent smaller, built in several times the time.
const (
	maxRefusals = 64
	openBlocks  = 48
)

// cells is a double array that grows by blocks. A child lies in slot
// base^label, so the children of one state all lie in one block.
type cells struct {
	cell     []uint32 // base<<8 | check
	used     []uint64 // bit per slot: taken
	bases    []uint64 // bit per slot: is the base of a state
	free     []uint16 // per block: slots not taken
	refusals []uint8  // per block: states that did not fit
	first    int      // blocks before it are not asked any more
}

// newCells has room for so many states, and two blocks of its own. Block 0 holds the root and is the base
// (0) of states without children: no check in it fits its slot. Block 1 holds
// the root's children.
func newCells(states int) *cells {
	blocks := blocksFor(states)
	t := &cells{
		cell:     make([]uint32, 0, blocks*blockSlots),
		used:     make([]uint64, 0, blocks*blockSlots/64),
		bases:    make([]uint64, 0, blocks*blockSlots/64),
		free:     make([]uint16, 0, blocks),
		refusals: make([]uint8, 0, blocks),
	}
	t.grow()
	t.grow()
	for i := range t.used {
		t.used[i] = ^uint64(0)
	}
	for i := range blockSlots / 64 {
		t.bases[i] = ^uint64(0)
	}
	setBit(t.bases, rootBase)
	t.free[0], t.free[1] = 0, 0
	t.first = 2
	for c := range uint32(blockSlots) {
		t.cell[c] = c ^ 0xff
		t.cell[rootBase^c] = c ^ 0xff
	}
	t.cell[rootSlot] |= rootBase << baseShift
	return t
}

// blocksFor is how many blocks so many states take as a rule: place leaves one
// slot in a hundred free. It costs nothing to have room for more.
func blocksFor(states int) int { return (states+states/32)/blockSlots + 4 }

func (t *cells) grow() {
	t.cell = append(t.cell, make([]uint32, blockSlots)...)
	t.used = append(t.used, make([]uint64, blockSlots/64)...)
	t.bases = append(t.bases, make([]uint64, blockSlots/64)...)
	t.free = append(t.free, blockSlots)
	t.refusals = append(t.refusals, 0)
}

func (t *cells) base(slot uint32) uint32 { return t.cell[slot] >> baseShift }

// child returns the child for label of a state with base. Before seal a slot
// that is not taken looks as if it were one for label 0.
func (t *cells) child(base uint32, label byte) (uint32, bool) {
	child := base ^ uint32(label)
	return child, byte(t.cell[child]) == label && hasBit(t.used, child)
}

// addChildren finds places for the children of slot and returns their base.
func (t *cells) addChildren(slot uint32, labels []byte) uint32 {
	base := uint32(rootBase)
	if slot != rootSlot {
		base = t.place(labels)
		t.cell[slot] = t.cell[slot]&0xff | base<<baseShift
	}
	for _, label := range labels {
		t.cell[base^uint32(label)] = uint32(label)
	}
	return base
}

// place takes slots for labels, all of one base that no other state has: a
// base shared by two states would give each the other's children.
func (t *cells) place(labels []byte) uint32 {
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

// fit looks for a base in block with which all labels fall on free slots. It
// tries 64 slots for the first label at once: those of the others are the same
// word, or another one of the block, with its bits permuted.
func (t *cells) fit(block int, labels []byte) (uint32, bool) {
	const words = blockSlots / 64
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

// seal gives the slots that are not taken a check that no base fits. There is
// one: a block has at most as many bases as taken slots.
func (t *cells) seal() {
	for slot := uint32(2 * blockSlots); slot < uint32(len(t.cell)); slot++ {
		if hasBit(t.used, slot) {
			continue
		}
		for label := range uint32(256) {
			if !hasBit(t.bases, slot^label) {
				t.cell[slot] = label
				break
			}
		}
	}
}

func hasBit(set []uint64, i uint32) bool { return set[i/64]>>(i%64)&1 != 0 }
func setBit(set []uint64, i uint32)      { set[i/64] |= 1 << (i % 64) }
