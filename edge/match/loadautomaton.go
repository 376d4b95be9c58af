package match

// Opening a pack, continued: the arrays of an automaton, and that whatever
// they lead to is there.

import "slices"

// automaton takes the sections from first on; nil if there are none.
func (l *loader) automaton(first uint32, p *Pack, kind engineKind) *automaton {
	a := &automaton{outputs: outputs{
		ends:   viewUint64s(l.take(first+partEnds, 8)),
		rank:   viewUint32s(l.take(first+partRank, 4)),
		outs:   viewUint32s(l.take(first+partOuts, 4)),
		depths: l.take(first+partDepths, 1),
		lists:  viewUint32s(l.take(first+partLists, 4)),
	}}
	var slots []uint32
	if kind == kindDA4 {
		slots = viewUint32s(l.take(first+partTrie, 4*blockSlots))
	} else {
		a.slots = viewUint64s(l.take(first+partSlots, 8*blockSlots))
	}
	r := fieldReader{rest: l.take(first+partLong, 1)}
	for len(r.rest) > 0 {
		text := r.bytes()
		if len(text) <= maxDepth {
			l.damaged("long literals")
			return nil
		}
		a.long = append(a.long, newLongLiteral(text))
	}
	if l.err != nil || len(a.slots)+len(slots) == 0 {
		return nil
	}
	if kind == kindDA4 {
		l.checkTrie(a, slots)
	} else {
		l.checkSlots(a)
	}
	l.checkOutputs(a, &p.flags, p.required.atoms(), first == sectionFolded)
	if l.err != nil {
		return nil
	}
	for _, depth := range a.depths {
		a.deepest = max(a.deepest, int(depth))
	}
	if kind != kindDA4 { // the filter asks the slots
		a.grams = l.qgrams(first)
	}
	switch kind {
	case kindDA4:
		a.trie = newTrie(slots, a.ends)
	case kindDFA:
		a.dfa = l.dfa(first, a)
	case kindSDFA:
		a.sparse = l.sparse(first, a)
	}
	a.lanes, a.siftEffort = newLockstep(a), siftEffort(a)
	return a
}

// checkSlots: every base and link leads to a slot, the root has a transition
// for every byte, and the flags agree with the bitmap.
func (l *loader) checkSlots(a *automaton) {
	n := uint32(len(a.slots))
	if !l.checkSize(len(a.slots), a) {
		return
	}
	// The number of slots is a multiple of 256, so base|255 is a slot if base is.
	highest, bad := uint64(0), false
	highestBase := uint32(0)
	for i, word := range a.ends {
		var self uint64
		for _, entry := range a.slots[64*i : 64*i+64] {
			highest = max(highest, entry)
			highestBase = max(highestBase, uint32(entry))
			self = self>>1 | entry<<31&(1<<63)
		}
		bad = bad || self != word
	}
	bad = bad || highestBase>>baseShift >= n || uint32(highest>>failShift) >= n
	for c := range uint64(blockSlots) {
		bad = bad || a.slots[rootBase^c]&0xff != c
	}
	if bad || uint32(a.slots[rootSlot])>>baseShift != rootBase {
		l.damaged("slots")
	}
}

// checkTrie: every base leads to a slot.
func (l *loader) checkTrie(a *automaton, slots []uint32) {
	if !l.checkSize(len(slots), a) {
		return
	}
	bad := slots[rootSlot]>>baseShift != rootBase
	for _, entry := range slots {
		bad = bad || entry>>baseShift|(blockSlots-1) >= uint32(len(slots))
	}
	if bad {
		l.damaged("slots")
	}
}

func (l *loader) checkSize(slots int, a *automaton) bool {
	if slots < 2*blockSlots || slots > maxSlots || len(a.ends) != slots/64 {
		l.damaged("%d slots", slots)
		return false
	}
	return true
}

// checkOutputs: ranks count the bitmap, output words lead to rules and lists
// that end. Either automaton may report atoms, numbered behind the rules.
func (l *loader) checkOutputs(a *automaton, flags *flagTable, atoms int, folded bool) {
	total := l.ranks(a.ends, a.rank)
	if len(a.outs) != total || len(a.depths) != total {
		l.damaged("%d outputs of %d states", len(a.outs), total)
		return
	}
	l.patterns += total + len(a.lists)
	isRule := func(rule uint32) bool {
		if int(rule) >= flags.rules {
			return int(rule)-flags.rules < atoms
		}
		f := flags.of(rule)
		return f&ruleRegex == 0 && (f&ruleNoCase != 0) == folded
	}
	fine := uint32(0) // rules below it are
	if flags.mask == 0 && isRule(0) {
		fine = uint32(flags.rules)
	}
	for _, out := range a.outs {
		if out < fine {
			continue
		}
		if out&outList == 0 && !isRule(out) || out&outList != 0 && int(out&^outList) >= len(a.lists) {
			l.damaged("outputs")
			return
		}
	}
	a.plain = len(a.long) == 0 && atoms == 0 && !slices.ContainsFunc(flags.bytes, func(f byte) bool { return f&(ruleRegex|ruleWhole) != 0 })
	l.checkLists(a, isRule)
}

// checkLists walks all lists in one go; an output word that leads into the
// middle of one, or of an item, is caught too: starts are noted.
func (l *loader) checkLists(a *automaton, isRule func(uint32) bool) {
	starts := make([]uint64, len(a.lists)/64+1)
	for i, first := 0, true; i < len(a.lists); i++ {
		item := a.lists[i]
		if first {
			setBit(starts, uint32(i))
		}
		first = item&lastItem != 0
		if !isRule(item & ruleMask) {
			l.damaged("lists")
			return
		}
		if item&longItem != 0 {
			if i++; i == len(a.lists) || int(a.lists[i]) >= len(a.long) {
				l.damaged("lists")
				return
			}
		}
		if i == len(a.lists)-1 && !first {
			l.damaged("lists have no end")
			return
		}
	}
	for _, out := range a.outs {
		if out&outList != 0 && !hasBit(starts, out&^outList) {
			l.damaged("outputs")
			return
		}
	}
}
