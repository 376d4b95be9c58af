package match

// The double-array automaton: eight bytes a slot, one stream. DESIGN.md
// explains it; trie.go builds it; loadautomaton.go checks what
// these loops rely on; lockstep.go is the same for four places at once.

// A slot, as a little-endian 64-bit word:
//
//	bits 0-7   check: the byte that leads here
//	bits 8-31  base: the child for byte c is slot base^c, if its check is c
//	bit 32     self: a pattern ends in this state
//	bit 33     chain: patterns end in states behind the failure link
//	bits 34-63 failure link: the slot to go on from when there is no child
const (
	baseShift = 8
	baseMask  = 1<<24 - 1
	selfFlag  = 1 << 32
	chainFlag = 1 << 33
	failShift = 34

	blockSlots = 256     // slots that differ only in the last byte of the number
	maxSlots   = 1 << 24 // what a base can address
	rootSlot   = 1       // lies in block 0, where nothing else does
	rootBase   = 256     // the root's children: block 1, every slot of it a transition
	maxDepth   = 255     // bytes of a pattern that lie in the automaton
)

// automaton finds patterns in one pass over a text. Its slices lie in the
// pack and are never written.
type automaton struct {
	outputs
	slots []uint64 // nil with engine da4
	trie  *trie    // engine da4 only
	lanes lockstep // when and how four places are scanned at once

	grams *qgrams // nil: no filter

	siftEffort int // of the filter; see there

	// Tables that lanes run on; nil: they use the slots.
	dfa    *dfa
	sparse *sparse
}

// cursor is a place in a text and the state there.
type cursor struct {
	pos  int
	slot uint32
	hit  bool // a pattern ends at pos and was not yet looked at
	// links is how many more failure links can be followed: one per byte, as
	// each leads up and no byte leads down by more than one. Only in a damaged
	// pack, where they may go round, are there ever more.
	links int
}

// unknownSlot is that of a cursor whose state has to be found from the text
// before it.
const unknownSlot = 0

// at is a cursor in the root state.
func at(pos int) cursor { return cursor{pos: pos, slot: rootSlot} }

// next moves c on to the next place up to limit where a pattern ends and sets
// c.hit; without one it moves to limit.
func (a *automaton) next(text []byte, c *cursor, limit int) {
	slots, text := a.slots, text[:limit]
	slot, pos := c.slot, c.pos
	entry := slots[slot]
	links := c.links + limit - pos
	hit := false
	for pos < len(text) {
		char := uint32(text[pos])
		child := uint32(entry)>>baseShift ^ char
		e := slots[child]
		if uint32(e)&0xff != char {
			if fail := uint32(entry >> failShift); fail != rootSlot {
				if links--; links < 0 {
					pos = len(text)
					break
				}
				slot, entry = fail, slots[fail]
				continue
			}
			child = rootBase ^ char
			e = slots[child]
		}
		slot, entry = child, e
		pos++
		if e&(selfFlag|chainFlag) != 0 {
			hit = true
			break
		}
	}
	*c = cursor{pos, slot, hit, links - (limit - pos)}
}

// entry is a state's slot. Those that the trie leads to report only what ends in
// themselves.
func (a *automaton) entry(slot uint32) uint64 {
	if a.slots == nil {
		return selfFlag
	}
	return a.slots[slot]
}

// cell is the lower half of a slot: base and check.
func (a *automaton) cell(slot uint32) uint32 {
	if a.slots == nil {
		return a.trie.slots[slot]
	}
	return uint32(a.slots[slot])
}
