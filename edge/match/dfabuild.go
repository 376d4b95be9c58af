package match

// From a double array to the table of a DFA.

// byteClasses puts each byte that occurs in a literal into a class of its own
// and all others into class 0; it returns how many classes there are.
func byteClasses(arena []byte, literals []literal) (classes [256]uint8, n int) {
	var used [256]bool
	for _, l := range literals {
		text := l.bytes(arena)
		for _, c := range text[:min(len(text), maxDepth)] {
			used[c] = true
		}
	}
	for _, u := range used {
		if !u {
			n = 1
		}
	}
	for c, u := range used {
		if u {
			classes[c] = uint8(n)
			n++
		}
	}
	return classes, n
}

// dfaBuilder walks the states of an automaton, breadth first.
type dfaBuilder struct {
	automaton *automaton
	classes   [256]uint8
	stride    int
	states    int
}

func newDFABuilder(b *automatonBuilder, a *automaton) *dfaBuilder {
	classes, n := byteClasses(b.arena, b.literals)
	return &dfaBuilder{automaton: a, classes: classes, stride: n, states: b.states}
}

// size of the table in bytes.
func (b *dfaBuilder) size() int64 { return 4 * int64(b.states) * int64(b.stride) }

// step is where the byte c leads from slot.
func (b *dfaBuilder) step(slot uint32, c byte) uint32 {
	slots := b.automaton.slots
	for {
		entry := slots[slot]
		child := uint32(entry)>>baseShift ^ uint32(c)
		e := slots[child]
		if byte(e) != c {
			slot = uint32(entry >> failShift)
			continue
		}
		if uint32(e)>>baseShift == rootBase { // a copy of the root
			return rootSlot
		}
		return child
	}
}

// build returns the sections: classes, table, slots of the states where
// something ends.
func (b *dfaBuilder) build(first uint32) []section {
	var bytes [256]byte // of each class one
	for c, class := range b.classes {
		bytes[class] = byte(c)
	}
	slots, targets := b.walk(bytes[:b.stride])
	var terminals []uint32
	row := make([]uint32, len(b.automaton.slots)) // by slot
	placed := uint32(0)
	for _, ends := range []bool{false, true} {
		for _, slot := range slots {
			if ends == (b.automaton.slots[slot]&(selfFlag|chainFlag) != 0) {
				row[slot] = placed
				placed += uint32(b.stride)
				if ends {
					terminals = append(terminals, slot)
				}
			}
		}
	}
	next := make([]uint32, len(targets))
	for i, slot := range slots {
		for c, target := range targets[i*b.stride : (i+1)*b.stride] {
			next[int(row[slot])+c] = row[target]
		}
	}
	return []section{
		{first + partClasses, b.classes[:]},
		uint32Section(first+partNext, next),
		uint32Section(first+partTerminals, terminals),
	}
}

// walk lists the states and, for each of them and each class, the next one.
func (b *dfaBuilder) walk(bytes []byte) (slots, targets []uint32) {
	seen := make([]uint64, len(b.automaton.ends))
	setBit(seen, rootSlot)
	slots = append(make([]uint32, 0, b.states), rootSlot)
	targets = make([]uint32, 0, b.states*b.stride)
	for i := 0; i < len(slots); i++ {
		for _, c := range bytes {
			target := b.step(slots[i], c)
			if !hasBit(seen, target) {
				setBit(seen, target)
				slots = append(slots, target)
			}
			targets = append(targets, target)
		}
	}
	return slots, targets
}
