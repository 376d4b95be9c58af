package broker

// What a worker holds: its dispatches, found by number in constant time.

// dispatchState is what the broker knows of a worker's progress with a request. worker.setState
// changes it.
type dispatchState uint8

const (
	sent       dispatchState = iota // the worker may have begun, or not
	reclaiming                      // asked back; if the worker does not give the request back, it has begun
	waiting                         // begun; sub-requests are open, and until they are answered no slot is taken
	resumed                         // begun; all sub-requests so far are answered
)

// hasAsked reports whether the worker has sent sub-requests, so it has begun.
func (s dispatchState) hasAsked() bool { return s >= waiting }

// held is one dispatch that a worker has not answered. Once the request is answered without this
// worker (its deadline passed, another copy was faster) request is nil, but the worker still works
// on it: a tombstone.
type held struct {
	number   uint64 // of the dispatch; 0: this cell is free
	request  *request
	size     int64 // of the request, see request.weight
	state    dispatchState
	openSubs int // open sub-requests; none unless state is waiting

	older, newer int32 // cells of the dispatches before and after it; none: the end
}

// none is the cell that does not exist.
const none = -1

const (
	cellBits = 17 // a worker's window and what waits at it have fewer cells, see TestCellsSuffice
	// maxHeld is how many requests a worker may hold.
	maxHeld = 1 << cellBits
)

// heldList is what a worker holds, in the order of dispatch. A dispatch's number ends
// with the index of its cell, so that an answer finds it without a search, in whatever
// order answers come.
type heldList struct {
	cells          []held
	oldest, newest int32
	free           int32 // first free cell; they are linked by newer
	n              int
}

func (l *heldList) init() { l.oldest, l.newest, l.free = none, none, none }

// next returns the number of the dispatch that is added next, for the router's n-th
// dispatch. ok is false if there is no cell for it.
func (l *heldList) next(n uint64) (number uint64, ok bool) {
	cell := uint64(len(l.cells))
	if l.free != none {
		cell = uint64(l.free)
	}
	return n<<cellBits | cell, cell < maxHeld
}

// add adds the newest dispatch, under a number that next has returned.
func (l *heldList) add(h held) {
	i := int32(h.number & (maxHeld - 1))
	if l.free == i {
		l.free = l.cells[i].newer
	} else {
		l.cells = append(l.cells, held{})
	}
	h.older, h.newer = l.newest, none
	if l.newest != none {
		l.cells[l.newest].newer = i
	} else {
		l.oldest = i
	}
	l.cells[i], l.newest = h, i
	l.n++
}

// find returns the dispatch of a number, nil if it is not there.
func (l *heldList) find(number uint64) *held {
	if i := number & (maxHeld - 1); i < uint64(len(l.cells)) && l.cells[i].number == number && number != 0 {
		return &l.cells[i]
	}
	return nil
}

// remove takes h out and returns what it was.
func (l *heldList) remove(h *held) held {
	was, i := *h, int32(h.number&(maxHeld-1))
	if was.older != none {
		l.cells[was.older].newer = was.newer
	} else {
		l.oldest = was.newer
	}
	if was.newer != none {
		l.cells[was.newer].older = was.older
	} else {
		l.newest = was.older
	}
	*h = held{newer: l.free}
	l.free = i
	if l.n--; l.n == 0 && len(l.cells) > cellsKept {
		l.cells = nil
		l.init()
	}
	return was
}

// cellsKept is how many cells a worker keeps that holds nothing.
const cellsKept = 64

// last returns the newest dispatch, nil if there is none; before the one that was
// given out before h.
func (l *heldList) last() *held { return l.at(l.newest) }

func (l *heldList) before(h *held) *held { return l.at(h.older) }

// first returns the oldest dispatch, nil if there is none; after the one that was given
// out after h.
func (l *heldList) first() *held { return l.at(l.oldest) }

func (l *heldList) after(h *held) *held { return l.at(h.newer) }

func (l *heldList) at(i int32) *held {
	if i == none {
		return nil
	}
	return &l.cells[i]
}
