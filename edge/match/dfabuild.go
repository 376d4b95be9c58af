package match

// From a double array to the table of a DFA.

// byteClasses puts each byte that leads to a state into a class of its own
// and all others into class 0; it returns how many classes there are.
func byteClasses(used *[256]bool) (classes [256]uint8, n int) {
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
	automaton *builtAutomaton
	classes   [256]uint8
	stride    int
}

// dfaSections are those of the double array and those of the table, which is
// built when it is written.
func dfaSections(a *builtAutomaton, first uint32, limit int64) []section {
	b := &dfaBuilder{automaton: a}
	b.classes, b.stride = byteClasses(&a.used)
	size := 4 * int64(a.states) * int64(b.stride)
	if size > limit {
		return nil
	}
	var terminals []uint32
	return append(da8Sections(a, first, 0),
		bytesSection(first+partClasses, b.classes[:]),
		section{first + partNext, size, func(w *packWriter) {
			var next []uint32
			next, terminals = b.build()
			uint32Section(0, next).write(w)
		}},
		section{first + partTerminals, 4 * int64(a.reporting), func(w *packWriter) {
			uint32Section(0, terminals).write(w)
		}})
}

// step is where the byte c leads from slot, links followed.
func (a *builtAutomaton) step(slot uint32, c byte) uint32 {
	for {
		entry := a.slot(slot)
		child := uint32(entry)>>baseShift ^ uint32(c)
		e := a.slot(child)
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

// build returns the table and the slots of the states where something ends.
func (b *dfaBuilder) build() (next, terminals []uint32) {
	var bytes [256]byte // of each class one
	for c, class := range b.classes {
		bytes[class] = byte(c)
	}
	slots, targets := b.walk(bytes[:b.stride])
	row := make([]uint32, len(b.automaton.cell)) // by slot
	placed := uint32(0)
	for _, ends := range []bool{false, true} {
		for _, slot := range slots {
			if ends == (b.automaton.slot(slot)&(selfFlag|chainFlag) != 0) {
				row[slot] = placed
				placed += uint32(b.stride)
				if ends {
					terminals = append(terminals, slot)
				}
			}
		}
	}
	next = make([]uint32, len(targets))
	for i, slot := range slots {
		for c, target := range targets[i*b.stride : (i+1)*b.stride] {
			next[int(row[slot])+c] = row[target]
		}
	}
	return next, terminals
}

// walk lists the states and, for each of them and each class, the next one.
func (b *dfaBuilder) walk(bytes []byte) (slots, targets []uint32) {
	states := b.automaton.states
	seen := make([]uint64, len(b.automaton.ends))
	setBit(seen, rootSlot)
	slots = append(make([]uint32, 0, states), rootSlot)
	targets = make([]uint32, 0, states*b.stride)
	for i := 0; i < len(slots); i++ {
		for _, c := range bytes {
			target := b.automaton.step(slots[i], c)
			if !hasBit(seen, target) {
				setBit(seen, target)
				slots = append(slots, target)
			}
			targets = append(targets, target)
		}
	}
	return slots, targets
}
