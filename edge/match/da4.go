package match

// The trie alone, four bytes a slot: for when memory is the tightest. There are
// no failure links, so the text is tried from each of its places: up to as many
// steps a byte as the deepest state is deep, 255 at most.

import "slices"

// trie is a double array without links: a slot is the low half of one with
// them, and a leaf has base 0.
type trie struct {
	slots []uint32
	// pairs has a bit for each two bytes that a pattern begins with; all of one
	// that is a pattern itself. Most places of a text end here.
	pairs [1 << 16 / 64]uint64
}

func newTrie(slots []uint32, ends []uint64) *trie {
	t := &trie{slots: slots}
	for first := range uint32(256) {
		slot, ok := t.child(rootSlot, byte(first))
		if !ok {
			continue
		}
		for second := range uint32(256) {
			if _, ok := t.child(slot, byte(second)); ok || hasBit(ends, slot) {
				setBit(t.pairs[:], second<<8|first)
			}
		}
	}
	return t
}

// pairsSize is what the pairs take on the heap.
const pairsSize = 1 << 16 / 8

func da4Sections(a *builtAutomaton, first uint32, _ int64) []section {
	return append([]section{{first + partTrie, 4 * int64(len(a.cell)), func(w *packWriter) {
		for _, cell := range a.trie() {
			w.uint32(cell)
		}
	}}}, a.outputSections(first)...)
}

// trie makes the slots of a trie from those of a double array. Of the states with
// one base the first from the root has the children; the others borrowed it.
func (a *builtAutomaton) trie() []uint32 {
	slots := slices.Clone(a.cell)
	for c := range uint32(blockSlots) {
		if slots[rootBase^c]>>baseShift == rootBase { // a copy of the root
			slots[rootBase^c] = c ^ 0xff
		}
	}
	owned := make([]uint64, len(a.ends))
	queue := []uint32{rootSlot}
	for len(queue) > 0 {
		slot := queue[0]
		queue = queue[1:]
		base := slots[slot] >> baseShift
		if base == 0 {
			continue
		}
		if hasBit(owned, base) {
			slots[slot] &= 0xff
			continue
		}
		setBit(owned, base)
		for c := range uint32(blockSlots) {
			if byte(slots[base^c]) == byte(c) {
				queue = append(queue, base^c)
			}
		}
	}
	return slots
}

func (t *trie) child(slot uint32, c byte) (uint32, bool) {
	child := t.slots[slot]>>baseShift ^ uint32(c)
	return child, byte(t.slots[child]) == c
}

// trieLook is how many bytes are looked at before what was found is put in order.
const trieLook = 1 << 10

// lookAround finds the places with hits of a piece of text from f on: those of
// patterns that begin in it, or before it and end in it.
func (f *finder) lookAround(s *Scratch, a *automaton, text []byte) {
	from := f.pos
	to := from + min(len(text)-from, trieLook)
	f.base, f.next = from, 0
	s.found = s.found[:0]
	ordered := true
	last := uint32(0)
	for start := max(0, from-a.deepest+1); start < to; start++ {
		if start+1 < to {
			pair := uint32(text[start]) | uint32(text[start+1])<<8
			if !hasBit(a.trie.pairs[:], pair) {
				continue
			}
		}
		slot, ok := uint32(rootSlot), true
		for pos := start; pos < to; {
			if slot, ok = a.trie.child(slot, text[pos]); !ok {
				break
			}
			pos++
			if hasBit(a.ends, slot) && pos > from {
				p := place{uint32(pos - from), slot}
				ordered = ordered && p.pos >= last
				last = p.pos
				s.found = append(s.found, p)
			}
		}
	}
	if ordered {
		f.ahead = append(f.ahead[:0], s.found...)
	} else {
		f.ahead = byPos(f.ahead, s.found, &s.counts, to-from)
	}
	f.end = at(to)
}

// byPos puts places in order and leaves those of one position in the order
// they were found in. Positions are 1 to most.
func byPos(dst, places []place, counts *[trieLook + 2]uint32, most int) []place {
	clear(counts[:])
	for _, p := range places {
		counts[p.pos+1]++
	}
	for i := 1; i <= most; i++ {
		counts[i] += counts[i-1]
	}
	dst = append(dst[:0], places...)
	for _, p := range places {
		dst[counts[p.pos]] = p
		counts[p.pos]++
	}
	return dst
}
