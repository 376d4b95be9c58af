package match

// Prefilters find hits without an automaton reading all of a text: a cheap test skips most of the
// text. The numbers and the lengths of the patterns decide which test suits; the automaton of a
// pack has at most one prefilter.

// prefilter is such a test. It is immutable.
type prefilter interface {
	// cost is what the test takes for each byte of a text, see below.
	cost() float64
	// find finds the hits of text ending behind f.pos, and at to or before, and leaves the hits in
	// f.ahead with f.pos as the base. It returns false if the text looks like patterns in too many
	// places and lanes are faster; then f.ahead is void.
	find(f *finder, a *automaton, text []byte, to int) bool
}

// usePrefilter chooses the prefilter of a that costs least, if it costs less than lanes do.
func (a *automaton) usePrefilter(folded bool) {
	a.filterShare, a.filterPiece = a.engine.prefilterShare, maxLookAhead
	if a.cells == nil {
		return // da4 has no double array to look at the text from one place
	}
	lowest := a.engine.lanesCost
	consider := func(f prefilter) {
		if cost := f.cost(); cost < lowest {
			a.filter, lowest = f, cost
		}
	}
	if a.grams != nil {
		consider(a.grams)
	}
	if len(a.outs) == 0 || len(a.outs) > maxShortLiterals {
		return
	}
	terminals := a.terminalTexts()
	if g := newShortGrams(terminals); g != nil {
		consider(g)
	}
	if r := newRareBytes(terminals, folded); r != nil {
		consider(r)
	}
}

// Costs are nanoseconds on a PC; only the proportions matter, which are much the same on boards.
const (
	walkCost = 15 // of a single stream, where a test says that a literal may begin
	// Texts share a language with literals: a string of q bytes is as likely to occur as one of
	// q*textBits random bits.
	textBits = 3.3
)

const (
	minPrefilter  = 32                // bytes of text from which on a prefilter is tried
	maxPause      = 16 * maxLookAhead // bytes of text for which a prefilter is left alone at most
	prefilterUnit = 16                // see engine.prefilterShare
)

// prefilterBudget is how many of size bytes of text a single stream may read: beyond the budget,
// lanes would be faster. Prefilters count work of all kinds in bytes of a single stream.
func (a *automaton) prefilterBudget(size int) int {
	return size * a.filterShare / prefilterUnit
}

// filterAhead finds the hits in a piece of text from f on, as lookAhead does, by the prefilter of
// a. It returns false if the prefilter gives up; then nothing is known of the text, and the
// prefilter is left alone for a while: twice as long each time.
func (f *finder) filterAhead(a *automaton, text []byte) bool {
	to := min(len(text), f.pos+a.filterPiece)
	if !a.filter.find(f, a, text, to) {
		f.ahead, f.next = f.ahead[:0], 0
		f.pause = min(max(2*f.pause, maxLookAhead), maxPause)
		f.unfiltered = f.pause
		return false
	}
	f.pause = 0
	f.next, f.base = 0, f.pos
	f.end = cursor{pos: to, cell: unknownCell}
	return true
}
