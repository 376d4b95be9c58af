package match

// The engine da4: a trie without failure links, four bytes a cell, for when memory is tightest. The
// trie is tried at every place of the text: up to as many steps for a byte as the deepest state is
// deep, 255 at most.

import "slices"

// da4 is a double array without links. A cell is the lower half of a cell of da8; a state without
// children has base 0.
type da4 struct {
	edges []uint32
	// pairs has a bit for each two bytes at the beginning of a pattern, and for all pairs with the
	// byte of a pattern of one byte. The bits rule out most places of a text.
	pairs [1 << 16 / 64]uint64
}

// da4Heap is what the pairs take.
func da4Heap([]section) int64 { return 1 << 16 / 8 }

func newDA4(edges []uint32, ends []uint64) *da4 {
	t := &da4{edges: edges}
	for first := range uint32(256) {
		cell, ok := t.child(rootCell, byte(first))
		if !ok {
			continue
		}
		for second := range uint32(256) {
			if _, ok := t.child(cell, byte(second)); ok || hasBit(ends, cell) {
				setBit(t.pairs[:], second<<8|first)
			}
		}
	}
	return t
}

func (t *da4) child(cell uint32, c byte) (uint32, bool) {
	child := t.edges[cell]>>baseShift ^ uint32(c)
	return child, byte(t.edges[child]) == c
}

// da4LookAhead is how many bytes are looked at before the hits are put in order.
const da4LookAhead = 1 << 10

// da4Scratch is what a scan with this engine needs.
type da4Scratch struct {
	found  []hit // in the order of where patterns begin
	counts [da4LookAhead + 2]uint32
}

// lookAheadDA4 finds the hits in a piece of text from f on: of patterns beginning in the piece, and
// of patterns beginning before the piece and ending in the piece.
func (f *finder) lookAheadDA4(s *da4Scratch, a *automaton, text []byte) {
	from := f.pos
	to := from + min(len(text)-from, da4LookAhead)
	f.base, f.next = from, 0
	s.found = s.found[:0]
	ordered := true
	last := uint32(0)
	for start := max(0, from-a.deepest+1); start < to; start++ {
		if start+1 < to {
			pair := uint32(text[start]) | uint32(text[start+1])<<8
			if !hasBit(a.da4.pairs[:], pair) {
				continue
			}
		}
		cell, ok := uint32(rootCell), true
		for pos := start; pos < to; {
			if cell, ok = a.da4.child(cell, text[pos]); !ok {
				break
			}
			pos++
			if hasBit(a.ends, cell) && pos > from {
				h := hit{uint32(pos - from), cell}
				ordered = ordered && h.pos >= last
				last = h.pos
				s.found = append(s.found, h)
			}
		}
	}
	if ordered {
		f.ahead = append(f.ahead[:0], s.found...)
	} else {
		f.ahead = s.byPos(f.ahead, to-from)
	}
	f.end = at(to)
}

// byPos puts the found hits in order of position, from 1 to last. Hits of equal position keep the
// order in which they were found.
func (s *da4Scratch) byPos(dst []hit, last int) []hit {
	clear(s.counts[:])
	for _, h := range s.found {
		s.counts[h.pos+1]++
	}
	for i := 1; i <= last; i++ {
		s.counts[i] += s.counts[i-1]
	}
	dst = append(dst[:0], s.found...)
	for _, h := range s.found {
		dst[s.counts[h.pos]] = h
		s.counts[h.pos]++
	}
	return dst
}

func da4Sections(a *builtAutomaton, first uint32, _ int64) []section {
	return append([]section{{first + partDA4, 4 * int64(len(a.edges)), func(w *packWriter) {
		for _, edge := range a.trieEdges() {
			w.uint32(edge)
		}
	}}}, a.outputSections(first)...)
}

// trieEdges makes the cells of a trie from the cells of the double array. Of several states with a
// common base the first from the root has the children; the others have borrowed the base.
func (a *builtAutomaton) trieEdges() []uint32 {
	edges := slices.Clone(a.edges)
	for c := range uint32(blockCells) {
		if edges[rootBase^c]>>baseShift == rootBase { // a copy of the root
			edges[rootBase^c] = c ^ 0xff
		}
	}
	owned := make([]uint64, len(a.ends))
	queue := []uint32{rootCell}
	for len(queue) > 0 {
		cell := queue[0]
		queue = queue[1:]
		base := edges[cell] >> baseShift
		if base == 0 {
			continue
		}
		if hasBit(owned, base) {
			edges[cell] &= 0xff
			continue
		}
		setBit(owned, base)
		for c := range uint32(blockCells) {
			if byte(edges[base^c]) == byte(c) {
				queue = append(queue, base^c)
			}
		}
	}
	return edges
}

// loadDA4 takes the trie and checks that every base leads to a cell.
func loadDA4(l *loader, first uint32, a *automaton) {
	edges := viewUint32s(l.take(first+partDA4, 4*blockCells))
	if l.err != nil || len(edges) == 0 || !l.checkCellCount(len(edges), a) {
		return
	}
	bad := edges[rootCell]>>baseShift != rootBase
	for _, edge := range edges {
		bad = bad || edge>>baseShift|(blockCells-1) >= uint32(len(edges))
	}
	if bad {
		l.damaged("cells")
		return
	}
	a.da4 = newDA4(edges, a.ends)
}
