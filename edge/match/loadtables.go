package match

// Opening a pack, continued: the tables that lanes run on.

import (
	"math/bits"
	"slices"
)

// dfa takes the table of an automaton. Rows that lead into the middle of a row
// find something else than they should, but nothing outside: so they are not
// looked for.
func (l *loader) dfa(first uint32, a *automaton) *dfa {
	classes := l.take(first+partClasses, blockSlots)
	d := &dfa{
		deepest:   a.deepest,
		next:      viewUint32s(l.take(first+partNext, 4)),
		terminals: viewUint32s(l.take(first+partTerminals, 4)),
	}
	if len(classes) != blockSlots {
		l.damaged("%d classes", len(classes))
		return nil
	}
	d.classes = (*[blockSlots]uint8)(classes)
	d.stride = uint32(slices.Max(classes)) + 1
	ending := int64(len(d.next)) - int64(len(d.terminals))*int64(d.stride)
	if ending < int64(d.stride) || len(d.next)%int(d.stride) != 0 {
		l.damaged("%d transitions of %d classes", len(d.next), d.stride)
		return nil
	}
	d.ending = uint32(ending)
	if slices.Max(d.next) > uint32(len(d.next))-d.stride {
		l.damaged("transitions")
	}
	l.checkTerminals(d.terminals, a)
	return d
}

// sparse takes the sparse table of an automaton. That it agrees with the slots is
// not looked for: what does not finds something else, nothing outside.
func (l *loader) sparse(first uint32, a *automaton) *sparse {
	classes := l.take(first+partClasses, blockSlots)
	d := &sparse{
		shallow:   viewUint64s(l.take(first+partShallow, 8)),
		deep:      viewUint32s(l.take(first+partDeep, 4*blockSlots)),
		terminals: viewUint32s(l.take(first+partTerminals, 4)),
		deepest:   a.deepest,
	}
	if len(classes) != blockSlots || len(d.deep) == 0 || len(d.deep) > maxSparse {
		l.damaged("%d classes, %d transitions", len(classes), len(d.deep))
		return nil
	}
	d.classes = (*[blockSlots]uint8)(classes)
	d.stride = uint32(slices.Max(classes)) + 1
	if len(d.shallow) == 0 || len(d.shallow)%int(d.stride) != 0 {
		l.damaged("%d shallow transitions of %d classes", len(d.shallow), d.stride)
		return nil
	}
	d.hits, d.rank = make([]uint64, len(d.deep)/64), make([]uint32, len(d.deep)/64)
	ok := true
	for _, entry := range d.shallow {
		ok = ok && uint32(entry>>32) <= uint32(len(d.shallow))-d.stride && d.arrive(uint32(entry))
	}
	for _, entry := range d.deep {
		ok = ok && d.arrive(entry)
	}
	total := 0
	for i, word := range d.hits {
		d.rank[i] = uint32(total)
		total += bits.OnesCount64(word)
	}
	if !ok || total != len(d.terminals) {
		l.damaged("transitions")
		return nil
	}
	l.checkTerminals(d.terminals, a)
	return d
}

// arrive notes the base of a state with a hit; false: the entry leads outside.
func (d *sparse) arrive(entry uint32) bool {
	base := entry >> sparseShift
	if base|(blockSlots-1) >= uint32(len(d.deep)) {
		return false
	}
	if entry&sparseHit != 0 {
		setBit(d.hits, base)
	}
	return true
}

// qgrams takes the filter of an automaton; nil: there is none. One that does not
// agree with the slots finds less.
func (l *loader) qgrams(first uint32) *qgrams {
	body := l.take(first+partQgrams, 8)
	if len(body) == 0 {
		return nil
	}
	q, stride, set := int(body[0]), int(body[1]), body[qgramHeader:]
	words := len(set) / 8
	if q < leastQ || q > mostQ || stride < 1 || stride > mostStride || words < leastWords || words > mostWords || words&(words-1) != 0 {
		l.damaged("q-grams of %d bytes in %d words", q, words)
		return nil
	}
	return newQgrams(q, stride, viewUint64s(set))
}

func (l *loader) checkTerminals(terminals []uint32, a *automaton) {
	for _, slot := range terminals {
		if int(slot) >= len(a.slots) {
			l.damaged("a terminal state")
			return
		}
	}
}
