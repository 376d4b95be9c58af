package match

// From sorted literals to an automaton: the trie is walked level by level, a
// state being a range of the sorted list, so that no tree is ever built.

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
)

// literal is a pattern whose bytes lie in an arena.
type literal struct{ offset, length, rule uint32 }

func (l literal) bytes(arena []byte) []byte {
	return arena[l.offset : l.offset+l.length : l.offset+l.length]
}

// sortLiterals orders by bytes, then by rule, and merges those that are
// the same in both.
func sortLiterals(arena []byte, literals []literal) []literal {
	order := func(a, b literal) int {
		if c := bytes.Compare(a.bytes(arena), b.bytes(arena)); c != 0 {
			return c
		}
		return int(a.rule) - int(b.rule)
	}
	if !slices.IsSortedFunc(literals, order) {
		slices.SortFunc(literals, order)
	}
	return slices.CompactFunc(literals, func(a, b literal) bool { return order(a, b) == 0 })
}

// state is a state of the level being built: the literals low to high of the
// sorted list begin with its string.
type state struct{ low, high, slot, parent uint32 }

// automatonBuilder holds what is needed while an automaton is built.
type automatonBuilder struct {
	arena    []byte
	literals []literal
	cells    *cells
	fail     []uint32 // per slot: the longest proper suffix that is a state
	link     []uint32 // per slot: fail, shortened, <<2 | chain | self
	ends     []ending
	lists    []uint32
	long     []literal
	states   int

	labels []byte // of the state at hand
}

// ending is a terminal state.
type ending struct {
	slot, out uint32
	depth     uint8
}

// buildAutomaton takes sorted literals.
func buildAutomaton(arena []byte, literals []literal) (*automatonBuilder, error) {
	b := &automatonBuilder{arena: arena, literals: literals, cells: newCells()}
	level := []state{{0, uint32(len(literals)), rootSlot, rootSlot}}
	var next []state
	for depth := 0; len(level) > 0; depth++ {
		next = next[:0]
		for _, s := range level {
			next = b.expand(s, depth, next)
		}
		if len(b.cells.cell) > maxSlots {
			return nil, fmt.Errorf("%w: over %d automaton states", ErrTooLarge, maxSlots)
		}
		b.states += len(level)
		b.linkFailures(next)
		b.shortenLinks(level)
		level, next = next, level
	}
	b.cells.seal()
	b.fail = nil
	return b, nil
}

// expand records the literals that end in s and appends its children to next.
func (b *automatonBuilder) expand(s state, depth int, next []state) []state {
	rest := s.low
	for rest < s.high && (depth == maxDepth || int(b.literals[rest].length) == depth) {
		rest++
	}
	if rest > s.low {
		b.end(s.slot, depth, b.literals[s.low:rest])
	}
	b.labels = b.labels[:0]
	first := len(next)
	for rest < s.high {
		label := b.labelAt(rest, depth)
		end := b.lastWith(label, rest, s.high, depth)
		b.labels = append(b.labels, label)
		next = append(next, state{low: rest, high: end, parent: s.slot})
		rest = end
	}
	if len(b.labels) > 0 {
		base := b.cells.addChildren(s.slot, b.labels)
		for i, label := range b.labels {
			next[first+i].slot = base ^ uint32(label)
		}
	}
	return next
}

func (b *automatonBuilder) labelAt(i uint32, depth int) byte {
	return b.arena[int(b.literals[i].offset)+depth]
}

// lastWith returns the end of the run of literals from low on that have label
// at depth: steps that double, then halves.
func (b *automatonBuilder) lastWith(label byte, low, high uint32, depth int) uint32 {
	step := uint32(1)
	for low+step < high && b.labelAt(low+step, depth) == label {
		low += step
		step *= 2
	}
	high = min(high, low+step)
	for low+1 < high {
		if mid := low + (high-low)/2; b.labelAt(mid, depth) == label {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// end makes slot a terminal state that reports literals.
func (b *automatonBuilder) end(slot uint32, depth int, literals []literal) {
	e := ending{slot: slot, depth: uint8(depth), out: literals[0].rule}
	if len(literals) > 1 || literals[0].length > maxDepth {
		e.out = outList | uint32(len(b.lists))
		for i, l := range literals {
			item := l.rule
			if i == len(literals)-1 {
				item |= lastItem
			}
			if l.length <= maxDepth {
				b.lists = append(b.lists, item)
				continue
			}
			b.lists = append(b.lists, item|longItem, uint32(len(b.long)))
			b.long = append(b.long, l)
		}
	}
	b.ends = append(b.ends, e)
	b.growLinks()
	b.link[slot] |= selfFlag >> 32
}

func (b *automatonBuilder) growLinks() {
	if missing := len(b.cells.cell) - len(b.link); missing > 0 {
		b.link = append(b.link, make([]uint32, missing)...)
		b.fail = append(b.fail, make([]uint32, missing)...)
	}
}

// linkFailures finds the failure link of each state of a new level: the
// parent's, followed until a state has the same child.
func (b *automatonBuilder) linkFailures(level []state) {
	b.growLinks()
	b.fail[rootSlot] = rootSlot
	for _, s := range level {
		b.fail[s.slot] = rootSlot
		if s.parent == rootSlot {
			continue
		}
		label := byte(b.cells.cell[s.slot])
		for f := s.parent; f != rootSlot; {
			f = b.fail[f]
			if child, ok := b.cells.child(b.cells.base(f), label); ok {
				b.fail[s.slot] = child
				break
			}
		}
	}
}

// shortenLinks completes the states of a level whose children are known. A
// failure link that can only fail again is replaced by that state's own; a
// state without children borrows those of its failure link.
func (b *automatonBuilder) shortenLinks(level []state) {
	for _, s := range level {
		f := b.fail[s.slot]
		flags := b.link[s.slot] & (selfFlag >> 32)
		if s.slot != rootSlot && b.link[f]&((selfFlag|chainFlag)>>32) != 0 {
			flags |= chainFlag >> 32
		}
		isSilent := func(f uint32) bool { return f != rootSlot && b.link[f]&(selfFlag>>32) == 0 }
		if base := b.cells.base(s.slot); base == 0 {
			if isSilent(f) {
				b.cells.cell[s.slot] |= b.cells.base(f) << baseShift
				f = b.link[f] >> 2
			}
		} else {
			for isSilent(f) && b.addsNothing(f, base) {
				f = b.link[f] >> 2
			}
		}
		b.link[s.slot] = f<<2 | flags
	}
}

// addsNothing says whether the state f has no child that a state with base
// lacks.
func (b *automatonBuilder) addsNothing(f, base uint32) bool {
	other := b.cells.base(f)
	for label := range 256 {
		if _, ok := b.cells.child(other, byte(label)); ok {
			if _, ok := b.cells.child(base, byte(label)); !ok {
				return false
			}
		}
	}
	return true
}

// automaton assembles the arrays that scanning uses.
func (b *automatonBuilder) automaton() *automaton {
	n := len(b.cells.cell)
	b.growLinks()
	a := &automaton{
		slots:  make([]uint64, n),
		ends:   make([]uint64, n/64),
		rank:   make([]uint32, n/64),
		outs:   make([]uint32, len(b.ends)),
		depths: make([]uint8, len(b.ends)),
		lists:  b.lists,
	}
	for slot, cell := range b.cells.cell {
		a.slots[slot] = uint64(cell) | uint64(b.link[slot])<<32
	}
	// From the root every byte leads somewhere: to a child or, by a copy of
	// the root in the child's place, to the root.
	for c := range uint32(blockSlots) {
		if e := &a.slots[rootBase^c]; byte(*e) != byte(c) {
			*e = uint64(c) | rootBase<<baseShift | rootSlot<<failShift
		}
	}
	for _, e := range b.ends {
		setBit(a.ends, e.slot)
	}
	total := uint32(0)
	for i, word := range a.ends {
		a.rank[i] = total
		total += uint32(bits.OnesCount64(word))
	}
	for _, e := range b.ends {
		r := a.rank[e.slot/64] + uint32(bits.OnesCount64(a.ends[e.slot/64]&(1<<(e.slot%64)-1)))
		a.outs[r], a.depths[r] = e.out, e.depth
	}
	return a
}
