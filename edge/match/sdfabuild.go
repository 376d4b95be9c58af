package match

// From a double array to the sparse table of sdfa.

import (
	"maps"
	"math/bits"
	"slices"
)

// sdfaBuilder walks the states of an automaton, breadth first, so shallow states come first.
type sdfaBuilder struct {
	automaton *builtAutomaton
	classes   [256]uint8
	bytes     []byte // a byte of each class
	array     *doubleArray
	limit     int // number of deep transitions

	order  []uint32 // cells of the states, breadth first
	depth  []uint8  // of the states in order
	number []uint32 // per cell: the index of the state in order
	suffix []uint32 // of the states up to shallowDepth: the cell of the longest proper suffix

	// The deep transitions of all states, state by state in order.
	labels  []byte
	targets []uint32 // index in order
	firsts  []int    // of a state, and of the state that would follow the last
	bases   []uint32 // of the states in order
}

// build makes the table; false: the table would be larger than the limit.
func (b *sdfaBuilder) build() (*sdfa, bool) {
	// There are at least about as many deep transitions as states.
	if b.automaton.states > 2*b.limit || !b.walk() {
		return nil, false
	}
	b.array = newDoubleArray(len(b.labels))
	b.bases = make([]uint32, len(b.order))
	for i := range b.order {
		if labels := b.labels[b.firsts[i]:b.firsts[i+1]]; len(labels) > 0 {
			b.bases[i] = b.array.place(labels)
			for _, label := range labels {
				b.array.edges[b.bases[i]^uint32(label)] = uint32(label)
			}
		}
	}
	d := b.terminals()
	b.array.seal()
	if len(b.array.edges) > maxDeep {
		return nil, false
	}
	d.deep = make([]uint32, len(b.array.edges))
	for cell, edge := range b.array.edges {
		d.deep[cell] = edge & 0xff
	}
	for i := range b.order {
		for j := b.firsts[i]; j < b.firsts[i+1]; j++ {
			d.deep[b.bases[i]^uint32(b.labels[j])] = b.entry(b.targets[j]) | uint32(b.labels[j])
		}
	}
	d.shallow = b.shallow()
	return d, true
}

// walk lists the states and the deep transitions: the transitions to children and, for other bytes,
// the transitions of the state behind the failure link. The state behind the link is shallower and
// so has been walked before.
func (b *sdfaBuilder) walk() bool {
	a := b.automaton
	b.number = make([]uint32, len(a.edges))
	b.order = make([]uint32, 0, a.states)
	b.add(rootCell, rootCell, 0)
	for i := 0; i < len(b.order); i++ {
		b.firsts = append(b.firsts, len(b.labels))
		cell := b.order[i]
		base := a.edges[cell] >> baseShift
		inherited, end := 0, 0
		if i > 0 {
			link := b.number[a.links[cell]>>2]
			inherited, end = b.firsts[link], b.firsts[link+1]
		}
		for _, c := range b.bytes {
			child := base ^ uint32(c)
			if edge := a.edges[child]; byte(edge) != c || edge>>baseShift == rootBase { // no child, or a copy of the root
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
func (b *sdfaBuilder) inherit(i int) {
	b.labels = append(b.labels, b.labels[i])
	b.targets = append(b.targets, b.targets[i])
}

// child lists the transition by c from the i-th state to a child. A state without children has
// borrowed the base of a shallower state, whose children are listed.
func (b *sdfaBuilder) child(i int, c byte, cell uint32) {
	if b.number[cell] == 0 {
		suffix := uint32(rootCell)
		if i > 0 && b.depth[i] < shallowDepth {
			suffix = b.automaton.step(b.suffix[i], c)
		}
		b.add(cell, suffix, b.depth[i]+1)
	}
	if target := b.number[cell]; b.depth[target] > shallowDepth {
		b.labels = append(b.labels, c)
		b.targets = append(b.targets, target)
	}
}

func (b *sdfaBuilder) add(cell, suffix uint32, depth uint8) {
	b.number[cell] = uint32(len(b.order))
	b.order = append(b.order, cell)
	b.depth = append(b.depth, depth)
	if depth <= shallowDepth {
		b.suffix = append(b.suffix, suffix)
	}
}

func (b *sdfaBuilder) isHit(state uint32) bool {
	return b.automaton.entry(b.order[state])&(hasOutput|hasSuffixOutput) != 0
}

// terminals gives each state with a hit a base of its own, and lists the states with a hit by base.
func (b *sdfaBuilder) terminals() *sdfa {
	free := freeBases{array: b.array}
	byBase := map[uint32]uint32{} // cell of the state with a base
	for i := range b.order {
		if !b.isHit(uint32(i)) {
			continue
		}
		if b.bases[i] == 0 {
			b.bases[i] = free.take()
		}
		byBase[b.bases[i]] = b.order[i]
	}
	d := &sdfa{}
	for _, base := range slices.Sorted(maps.Keys(byBase)) {
		d.terminals = append(d.terminals, byBase[base])
	}
	return d
}

// freeBases hands out bases without transitions.
type freeBases struct {
	array *doubleArray
	next  uint32
}

// take leaves one base free in each block: seal needs a base that no state has.
func (f *freeBases) take() uint32 {
	for ; ; f.next++ {
		if int(f.next) == len(f.array.edges) {
			f.array.grow()
		}
		if hasBit(f.array.bases, f.next) {
			continue
		}
		if f.left(f.next/blockCells) < 2 {
			f.next |= blockCells - 1
			continue
		}
		setBit(f.array.bases, f.next)
		return f.next
	}
}

func (f *freeBases) left(block uint32) int {
	n := blockCells
	for _, word := range f.array.bases[block*blockCells/64:][:blockCells/64] {
		n -= bits.OnesCount64(word)
	}
	return n
}

// entry is an entry leading to a state, without the check.
func (b *sdfaBuilder) entry(state uint32) uint32 {
	e := b.bases[state] << sdfaShift
	if b.isHit(state) {
		e |= sdfaHit
	}
	return e
}

// shallow makes a row for each state that is less deep than shallowDepth.
func (b *sdfaBuilder) shallow() []uint64 {
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
