package match

// From sorted literals to an automaton: the trie is walked level by level, a
// state being a range of the sorted list, so that no tree is ever built.

import (
	"fmt"
	"math/bits"
)

// state is a state of the level being built: the literals low to high of the
// sorted list begin with its string.
type state struct{ low, high, slot, parent uint32 }

// automatonBuilder holds what is needed while an automaton is built.
type automatonBuilder struct {
	arena    []byte
	literals []literal // the first of those that end in a state turns into its ending
	cells    *cells
	fail     []uint32 // per slot: the longest proper suffix that is a state, and number of children << failBits
	link     []uint32 // per slot: fail, shortened, <<2 | chain | self
	lists    []uint32
	long     []literal
	used     [256]bool // bytes that lead to a state

	labels []byte // of the state at hand
}

// A slot's number takes 24 bits, which leaves room for a count.
const (
	failBits   = 24
	failMask   = 1<<failBits - 1
	maxCounted = 255 // that many children or more
)

// builtAutomaton is an automaton as it comes out of building: what its
// sections are written from.
type builtAutomaton struct {
	cell   []uint32 // per slot: the lower half
	link   []uint32 // per slot: the upper half
	ends   []uint64
	rank   []uint32
	outs   []uint32
	depths []uint8
	lists  []uint32

	grams     *qgrams // nil: none are of use
	arena     []byte  // of long
	long      []literal
	used      [256]bool // bytes that lead to a state
	states    int
	reporting int // states where something ends, their own or behind a link
}

// slot is the whole slot.
func (b *builtAutomaton) slot(i uint32) uint64 { return uint64(b.cell[i]) | uint64(b.link[i])<<32 }

// buildAutomaton takes sorted literals and uses them up: their list is no list
// of literals any more afterwards. Over most slots it gives up.
func buildAutomaton(arena []byte, literals []literal, most int) (*builtAutomaton, error) {
	grams := buildQgrams(arena, literals)
	levels := countStates(arena, literals)
	states, widest := 0, [2]int{}
	for depth, n := range levels {
		states += n
		widest[depth%2] = max(widest[depth%2], n)
	}
	if states > most {
		return nil, tooManyStates(states, most)
	}
	slots := blocksFor(states) * blockSlots
	b := &automatonBuilder{
		arena: arena, literals: literals, cells: newCells(states),
		fail: make([]uint32, 0, slots), link: make([]uint32, 0, slots),
	}
	level, next := make([]state, 0, widest[0]), make([]state, 0, widest[1])
	b.growLinks()
	b.fail[rootSlot] = rootSlot
	level = append(level, state{0, uint32(len(literals)), rootSlot, rootSlot})
	for depth := 0; len(level) > 0; depth++ {
		next = next[:0]
		for _, s := range level {
			next = b.expand(s, depth, next)
		}
		if len(b.cells.cell) > most {
			return nil, tooManyStates(states, most)
		}
		b.linkFailures(next)
		level, next = next, level
	}
	b.cells.seal()
	b.fillRoot()
	a := b.finish(states)
	a.grams = grams
	return a, nil
}

func tooManyStates(states, most int) error {
	return fmt.Errorf("%w: its automaton has %d states and more than %d slots", ErrTooLarge, states, most)
}

// countStates counts the states of each depth: a literal adds those behind
// what it has in common with the one before.
func countStates(arena []byte, literals []literal) (levels [maxDepth + 1]int) {
	var begin, end [maxDepth + 2]int // states that the literals add begin and end at these depths
	var last []byte
	for _, l := range literals {
		text := l.bytes(arena)
		text = text[:min(len(text), maxDepth)]
		common := commonPrefix(text[:min(len(text), len(last))], last)
		begin[common+1]++
		end[len(text)+1]++
		last = text
	}
	levels[0] = 1
	n := 0
	for depth := 1; depth <= maxDepth; depth++ {
		n += begin[depth] - end[depth]
		levels[depth] = n
	}
	return levels
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
		b.used[label] = true
		next = append(next, state{low: rest, high: end, parent: s.slot})
		rest = end
	}
	if len(b.labels) > 0 {
		base := b.cells.addChildren(s.slot, b.labels)
		for i, label := range b.labels {
			next[first+i].slot = base ^ uint32(label)
		}
	}
	b.growLinks()
	b.fail[s.slot] |= uint32(min(len(b.labels), maxCounted)) << failBits
	b.shortenLink(s.slot)
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

// end makes slot a terminal state that reports literals. They are not looked at
// again, so the place of the first takes the ending, and the others are
// cleared: 12 bytes for each literal less.
func (b *automatonBuilder) end(slot uint32, depth int, literals []literal) {
	out := literals[0].rule
	if len(literals) > 1 || literals[0].length > maxDepth {
		out = outList | uint32(len(b.lists))
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
	clear(literals)
	literals[0] = endingOf(slot, depth, out)
	b.growLinks()
	b.link[slot] |= selfFlag >> 32
}

// endingOf is a terminal state in the place of a literal; ending takes it apart.
func endingOf(slot uint32, depth int, out uint32) literal {
	return literal{offset: slot, length: uint32(depth), rule: out}
}

func (l literal) ending() (slot uint32, depth uint8, out uint32, ok bool) {
	return l.offset, uint8(l.length), l.rule, l.length > 0
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
	for _, s := range level {
		b.fail[s.slot] = rootSlot
		if s.parent == rootSlot {
			continue
		}
		label := byte(b.cells.cell[s.slot])
		for f := s.parent; f != rootSlot; {
			f = b.fail[f] & failMask
			if child, ok := b.cells.child(b.cells.base(f), label); ok {
				b.fail[s.slot] = child
				break
			}
		}
	}
}

// shortenLink completes a state whose children, b.labels, have just been placed. A
// failure link that can only fail again is replaced by that state's own; a
// state without children borrows those of its failure link.
func (b *automatonBuilder) shortenLink(slot uint32) {
	f := b.fail[slot] & failMask
	flags := b.link[slot] & (selfFlag >> 32)
	if slot != rootSlot && b.link[f]&((selfFlag|chainFlag)>>32) != 0 {
		flags |= chainFlag >> 32
	}
	isSilent := func(f uint32) bool { return f != rootSlot && b.link[f]&(selfFlag>>32) == 0 }
	if len(b.labels) == 0 {
		if isSilent(f) {
			b.cells.cell[slot] |= b.cells.base(f) << baseShift
			f = b.link[f] >> 2
		}
	} else {
		for isSilent(f) && b.addsNothing(f) {
			f = b.link[f] >> 2
		}
	}
	b.link[slot] = f<<2 | flags
}

// addsNothing says whether the state f has no child that the state at hand
// lacks: all it has are among b.labels.
func (b *automatonBuilder) addsNothing(f uint32) bool {
	count := int(b.fail[f] >> failBits)
	if count > len(b.labels) || count == maxCounted {
		return false
	}
	base := b.cells.base(f)
	for _, label := range b.labels {
		if _, ok := b.cells.child(base, label); ok {
			count--
		}
	}
	return count == 0
}

// fillRoot: from the root every byte leads somewhere, to a child or, by a copy
// of the root in the child's place, to the root.
func (b *automatonBuilder) fillRoot() {
	b.growLinks()
	for c := range uint32(blockSlots) {
		if slot := rootBase ^ c; byte(b.cells.cell[slot]) != byte(c) {
			b.cells.cell[slot], b.link[slot] = c|rootBase<<baseShift, rootSlot<<2
		}
	}
}

// finish puts the terminal states in order.
func (b *automatonBuilder) finish(states int) *builtAutomaton {
	n := len(b.cells.cell)
	a := &builtAutomaton{
		cell: b.cells.cell, link: b.link, ends: make([]uint64, n/64), lists: b.lists,
		arena: b.arena, long: b.long, used: b.used, states: states,
	}
	b.cells, b.fail, b.link = nil, nil, nil
	terminals := 0
	for _, l := range b.literals {
		if slot, _, _, ok := l.ending(); ok {
			setBit(a.ends, slot)
			terminals++
		}
	}
	a.rank, a.outs, a.depths = rankOf(a.ends), make([]uint32, terminals), make([]uint8, terminals)
	for _, l := range b.literals {
		if slot, depth, out, ok := l.ending(); ok {
			n := a.rank[slot/64] + uint32(bits.OnesCount64(a.ends[slot/64]&(1<<(slot%64)-1)))
			a.outs[n], a.depths[n] = out, depth
		}
	}
	for _, link := range a.link {
		if link&((selfFlag|chainFlag)>>32) != 0 {
			a.reporting++
		}
	}
	return a
}
