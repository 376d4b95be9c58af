package match

// An automaton of literals as engines see it, and opening it.

// automaton finds patterns in a single pass over a text. Its slices lie in the pack and are never
// written.
type automaton struct {
	outputs
	engine *engine
	cells  []uint64  // the double array; nil: engine da4
	da4    *da4      // engine da4 only
	table  stepper   // of the engines with tables; nil: lanes run on the double array
	lanes  lookahead // when and how four places of a text are scanned at once
	grams  *qgrams   // of the pack; nil: none
	filter prefilter // what finds hits without reading all of a text; nil: none

	filterPiece int // bytes of text that filter is given at once
	filterShare int // see engine.prefilterShare
}

// cursor is a place in a text and the state there.
type cursor struct {
	pos   int
	cell  uint32
	atHit bool // a pattern ends at pos and has not been reported
	// links is how many more failure links may be followed: one per byte, as each link leads up at
	// least one level and a byte leads down at most one. More links are found only in a damaged
	// pack, where links may form a circle.
	links int
}

// unknownCell is the cell of a cursor whose state has to be found from the text before it.
const unknownCell = 0

// at is a cursor in the root state.
func at(pos int) cursor { return cursor{pos: pos, cell: rootCell} }

// entry is the content of a state's cell. da4 has no links: every hit of that engine reports the
// patterns of its own state only.
func (a *automaton) entry(cell uint32) uint64 {
	if a.cells == nil {
		return hasOutput
	}
	return a.cells[cell]
}

// edge is the lower half of a cell: base and check.
func (a *automaton) edge(cell uint32) uint32 {
	if a.cells == nil {
		return a.da4.edges[cell]
	}
	return uint32(a.cells[cell])
}

// stateAt is a cursor at pos in the state there. No state is deeper than deepest, so earlier bytes
// do not matter.
func (a *automaton) stateAt(text []byte, pos int) cursor {
	c := at(max(0, pos-a.deepest))
	for c.pos < pos {
		a.next(text, &c, pos)
	}
	c.atHit = false
	return c
}

// automaton takes the sections from first on; nil if there are none.
func (l *loader) automaton(first uint32, p *Pack) *automaton {
	e := l.engine
	a := &automaton{engine: e, outputs: outputs{
		ends:   viewUint64s(l.take(first+partEnds, 8)),
		rank:   viewUint32s(l.take(first+partRank, 4)),
		outs:   viewUint32s(l.take(first+partOuts, 4)),
		depths: l.take(first+partDepths, 1),
		lists:  viewUint32s(l.take(first+partLists, 4)),
	}}
	l.longLiterals(first, a)
	for _, depth := range a.depths {
		a.deepest = max(a.deepest, int(depth))
	}
	if e.load(l, first, a); l.err != nil || a.cells == nil && a.da4 == nil {
		return nil
	}
	l.checkOutputs(a, &p.flags, p.triggers.atoms(), first == sectionFolded)
	if l.err != nil {
		return nil
	}
	a.useLanes(e.lanesFrom)
	if a.grams != nil {
		a.grams.literals = len(a.outs)
	}
	a.usePrefilter(first == sectionFolded)
	return a
}

// checkCellCount checks the number of cells against the bitmap of terminal states.
func (l *loader) checkCellCount(cells int, a *automaton) bool {
	if cells < 2*blockCells || cells > maxCells || len(a.ends) != cells/64 {
		l.damaged("%d cells", cells)
		return false
	}
	return true
}

func (l *loader) checkTerminals(terminals []uint32, a *automaton) {
	for _, cell := range terminals {
		if int(cell) >= len(a.cells) {
			l.damaged("a terminal state")
			return
		}
	}
}
