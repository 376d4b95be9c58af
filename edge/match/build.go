package match

// From sorted literals to an automaton. The trie is walked level by level, and a state is a range
// of the sorted list, so no tree is ever built.

import (
	"bytes"
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// literal is a pattern whose bytes lie in an arena, end to end.
type literal struct{ offset, length, rule uint32 }

func (l literal) bytes(arena []byte) []byte {
	return arena[l.offset : l.offset+l.length : l.offset+l.length]
}

// sortLiterals orders literals by bytes, then by rule, and merges literals equal in both.
func sortLiterals(arena []byte, literals []literal) []literal {
	order := func(a, b literal) int {
		if c := bytes.Compare(a.bytes(arena), b.bytes(arena)); c != 0 {
			return c
		}
		return cmp.Compare(a.rule, b.rule)
	}
	if !slices.IsSortedFunc(literals, order) {
		slices.SortFunc(literals, order)
	}
	return slices.CompactFunc(literals, func(a, b literal) bool { return order(a, b) == 0 })
}

// state is a trie node of the current depth. Its subtree is literals[low:high] of the sorted list:
// all literals sharing the node's prefix.
type state struct{ low, high, cell, parent uint32 }

// automatonBuilder holds what building an automaton needs.
type automatonBuilder struct {
	arena    []byte
	literals []literal // the first of those ending in a state turns into the ending
	array    *doubleArray
	fail     []uint32 // per cell: the longest proper suffix that is a state, and number of children << failBits
	links    []uint32 // per cell: fail, shortened, <<2 | suffix output | output
	lists    []uint32
	long     []literal
	used     [256]bool // bytes leading to a state

	labels []byte // of the current state
}

// A cell's number takes 24 bits, which leaves room for a count.
const (
	failBits   = 24
	failMask   = 1<<failBits - 1
	maxCounted = 255 // so many children or more
)

// builtAutomaton is an automaton as building leaves it: what sections are written from.
type builtAutomaton struct {
	edges  []uint32 // per cell: the lower half
	links  []uint32 // per cell: the upper half
	ends   []uint64
	rank   []uint32
	outs   []uint32
	depths []uint8
	lists  []uint32

	grams     *qgrams // nil: q-grams are of no use
	arena     []byte  // of long
	long      []literal
	used      [256]bool // bytes leading to a state
	states    int
	reporting int // states that report patterns of the state or of states behind a link
}

// entry is the content of a cell.
func (b *builtAutomaton) entry(i uint32) uint64 { return uint64(b.edges[i]) | uint64(b.links[i])<<32 }

// step is the state that the byte c leads to from a state, links followed.
func (a *builtAutomaton) step(cell uint32, c byte) uint32 {
	for {
		entry := a.entry(cell)
		child := uint32(entry)>>baseShift ^ uint32(c)
		e := a.entry(child)
		if byte(e) != c {
			cell = uint32(entry >> failShift)
			continue
		}
		if uint32(e)>>baseShift == rootBase { // a copy of the root
			return rootCell
		}
		return child
	}
}

// buildAutomaton takes sorted literals and uses them up: afterwards the list holds no literals any
// more. It gives up at more than limit cells.
func buildAutomaton(arena []byte, literals []literal, limit int) (*builtAutomaton, error) {
	grams := buildQgrams(arena, literals)
	levels := countStates(arena, literals)
	states, widest := 0, [2]int{}
	for depth, n := range levels {
		states += n
		widest[depth%2] = max(widest[depth%2], n)
	}
	if states > limit {
		return nil, tooManyStates(states, limit)
	}
	cells := blocksFor(states) * blockCells
	b := &automatonBuilder{
		arena: arena, literals: literals, array: newDoubleArray(states),
		fail: make([]uint32, 0, cells), links: make([]uint32, 0, cells),
	}
	level, next := make([]state, 0, widest[0]), make([]state, 0, widest[1])
	b.growLinks()
	b.fail[rootCell] = rootCell
	level = append(level, state{0, uint32(len(literals)), rootCell, rootCell})
	for depth := 0; len(level) > 0; depth++ {
		next = next[:0]
		for _, s := range level {
			next = b.expand(s, depth, next)
		}
		if len(b.array.edges) > limit {
			return nil, tooManyStates(states, limit)
		}
		b.linkFailures(next)
		level, next = next, level
	}
	b.array.seal()
	b.fillRoot()
	a := b.finish(states)
	a.grams = grams
	return a, nil
}

func tooManyStates(states, limit int) error {
	return fmt.Errorf("%w: its automaton has %d states and more than %d cells", ErrTooLarge, states, limit)
}

// countStates counts the states of each depth. A literal adds the states behind what it has in
// common with the literal before.
func countStates(arena []byte, literals []literal) (levels [maxDepth + 1]int) {
	var begin, end [maxDepth + 2]int // the states that literals add begin and end at these depths
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

// expand records the literals ending in s and appends the children of s to next.
func (b *automatonBuilder) expand(s state, depth int, next []state) []state {
	rest := s.low
	for rest < s.high && (depth == maxDepth || int(b.literals[rest].length) == depth) {
		rest++
	}
	if rest > s.low {
		b.end(s.cell, depth, b.literals[s.low:rest])
	}
	b.labels = b.labels[:0]
	first := len(next)
	for rest < s.high {
		label := b.labelAt(rest, depth)
		end := b.lastWith(label, rest, s.high, depth)
		b.labels = append(b.labels, label)
		b.used[label] = true
		next = append(next, state{low: rest, high: end, parent: s.cell})
		rest = end
	}
	if len(b.labels) > 0 {
		base := b.array.addChildren(s.cell, b.labels)
		for i, label := range b.labels {
			next[first+i].cell = base ^ uint32(label)
		}
	}
	b.growLinks()
	b.fail[s.cell] |= uint32(min(len(b.labels), maxCounted)) << failBits
	b.shortenLink(s.cell)
	return next
}

func (b *automatonBuilder) labelAt(i uint32, depth int) byte {
	return b.arena[int(b.literals[i].offset)+depth]
}

// lastWith returns the end of the run of literals from low on with label at depth. The search
// doubles the steps, then halves them.
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

// end makes cell a terminal state reporting literals. Nobody looks at these literals again, so the
// ending takes the place of the first literal in the list, and the others are cleared. That saves
// 12 bytes for each literal.
func (b *automatonBuilder) end(cell uint32, depth int, literals []literal) {
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
	literals[0] = endingOf(cell, depth, out)
	b.growLinks()
	b.links[cell] |= hasOutput >> 32
}

// endingOf is a terminal state kept in the place of a literal; ending takes it apart.
func endingOf(cell uint32, depth int, out uint32) literal {
	return literal{offset: cell, length: uint32(depth), rule: out}
}

func (l literal) ending() (cell uint32, depth uint8, out uint32, ok bool) {
	return l.offset, uint8(l.length), l.rule, l.length > 0
}

func (b *automatonBuilder) growLinks() {
	if missing := len(b.array.edges) - len(b.links); missing > 0 {
		b.links = append(b.links, make([]uint32, missing)...)
		b.fail = append(b.fail, make([]uint32, missing)...)
	}
}

// linkFailures finds the failure link of each state of a new level: it follows the links of the
// parent until a state has the same child.
func (b *automatonBuilder) linkFailures(level []state) {
	for _, s := range level {
		b.fail[s.cell] = rootCell
		if s.parent == rootCell {
			continue
		}
		label := byte(b.array.edges[s.cell])
		for f := s.parent; f != rootCell; {
			f = b.fail[f] & failMask
			if child, ok := b.array.child(b.array.base(f), label); ok {
				b.fail[s.cell] = child
				break
			}
		}
	}
}

// shortenLink completes a state after the children, b.labels, have been placed. If the state behind
// the failure link can only fail, too, shortenLink replaces the link by the next link. A state
// without children borrows the children of the state behind the failure link.
func (b *automatonBuilder) shortenLink(cell uint32) {
	f := b.fail[cell] & failMask
	flags := b.links[cell] & (hasOutput >> 32)
	if cell != rootCell && b.links[f]&((hasOutput|hasSuffixOutput)>>32) != 0 {
		flags |= hasSuffixOutput >> 32
	}
	isSilent := func(f uint32) bool { return f != rootCell && b.links[f]&(hasOutput>>32) == 0 }
	if len(b.labels) == 0 {
		if isSilent(f) {
			b.array.edges[cell] |= b.array.base(f) << baseShift
			f = b.links[f] >> 2
		}
	} else {
		for isSilent(f) && b.addsNothing(f) {
			f = b.links[f] >> 2
		}
	}
	b.links[cell] = f<<2 | flags
}

// addsNothing says whether every child of the state f is among b.labels, the children of the
// current state.
func (b *automatonBuilder) addsNothing(f uint32) bool {
	count := int(b.fail[f] >> failBits)
	if count > len(b.labels) || count == maxCounted {
		return false
	}
	base := b.array.base(f)
	for _, label := range b.labels {
		if _, ok := b.array.child(base, label); ok {
			count--
		}
	}
	return count == 0
}

// fillRoot completes the root, from which every byte leads somewhere: to a child or, by a copy of
// the root in the child's place, to the root.
func (b *automatonBuilder) fillRoot() {
	b.growLinks()
	for c := range uint32(blockCells) {
		if cell := rootBase ^ c; byte(b.array.edges[cell]) != byte(c) {
			b.array.edges[cell], b.links[cell] = c|rootBase<<baseShift, rootCell<<2
		}
	}
}

// finish puts the terminal states in order.
func (b *automatonBuilder) finish(states int) *builtAutomaton {
	n := len(b.array.edges)
	a := &builtAutomaton{
		edges: b.array.edges, links: b.links, ends: make([]uint64, n/64), lists: b.lists,
		arena: b.arena, long: b.long, used: b.used, states: states,
	}
	b.array, b.fail, b.links = nil, nil, nil
	terminals := 0
	for _, l := range b.literals {
		if cell, _, _, ok := l.ending(); ok {
			setBit(a.ends, cell)
			terminals++
		}
	}
	a.rank, a.outs, a.depths = rankOf(a.ends), make([]uint32, terminals), make([]uint8, terminals)
	for _, l := range b.literals {
		if cell, depth, out, ok := l.ending(); ok {
			n := a.rank[cell/64] + uint32(bits.OnesCount64(a.ends[cell/64]&(1<<(cell%64)-1)))
			a.outs[n], a.depths[n] = out, depth
		}
	}
	for _, links := range a.links {
		if links&((hasOutput|hasSuffixOutput)>>32) != 0 {
			a.reporting++
		}
	}
	return a
}
