package match

// Four lanes: four places of a text scanned at once. A single stream waits for memory at every
// byte, because the next cell is known only when the last one has been read. Four independent lanes
// wait together, and without branches that depend on the text nothing is mispredicted.

import "math"

const numLanes = 4

// maxLookAhead is the most bytes that lanes look ahead: enough for the bytes read before each lane
// not to count, few enough for the hits to stay in the cache.
const maxLookAhead = 16 << 10

// stepper is the inner loop of four lanes.
type stepper interface {
	// lockstep moves lanes of about one length on, until at least one of the lanes is at the end,
	// and notes the hits.
	lockstep(text []byte, l *lanes)
	// toCells turns the states in hits, which are numbered in the way of the stepper, into cells.
	toCells(hits []hit)
}

// lookahead is the stepper of lanes, the shortest text on which lanes are used, and the most bytes
// that lanes look ahead.
type lookahead struct {
	stepper  stepper
	min, max int
}

// useLanes sets what lanes run on. A lane begins with up to deepest bytes of the lane before, which
// have to be few compared to the lane's length.
func (a *automaton) useLanes(from int) {
	a.lanes = lookahead{stepper: a.table, min: from, max: maxLookAhead}
	if a.table == nil {
		a.lanes.stepper = cellStepper{a}
	}
	if from < math.MaxInt {
		a.lanes.min = max(from, 16*a.deepest)
	}
}

// lanes are pieces of a text following each other.
type lanes struct {
	base int // positions of hits count from here
	lane [numLanes]lane
}

type lane struct {
	pos, end int   // where the lane is and where the piece ends
	hits     []hit // has room for one more than the lane has bytes
	found    int   // number of hits before pos
}

// hit is a place where patterns end.
type hit struct {
	pos   uint32 // counted from the base
	state uint32 // a cell; while lanes run, a state of the stepper
}

// split lays the lanes over size bytes from base on.
func (l *lanes) split(base, size int) {
	l.base = base
	step := size / numLanes
	for i := range l.lane {
		at := base + i*step
		end := at + step
		if i == numLanes-1 {
			end = base + size
		}
		hits := l.lane[i].hits
		if room := end - at + 1; len(hits) < room {
			hits = make([]hit, room)
		}
		l.lane[i] = lane{pos: at, end: end, hits: hits}
	}
}

// advance moves all lanes on by size bytes.
func (l *lanes) advance(size int) {
	for i := range l.lane {
		l.lane[i].pos += size
	}
}

// note keeps a hit if isHit is 1 and drops it if isHit is 0, without a branch.
func (l *lane) note(pos int, state, isHit uint32) {
	l.hits[l.found] = hit{uint32(pos), state}
	l.found += int(isHit)
}

// lookAhead finds the hits in a piece of text from f on.
func (f *finder) lookAhead(l *lanes, a *automaton, text []byte) {
	size := min(len(text)-f.pos, a.lanes.max)
	if size > numLanes {
		size -= size % numLanes // the last lane shall have no bytes that no other lane has
	}
	l.split(f.pos, size)
	a.lanes.stepper.lockstep(text, l)
	f.ahead, f.next, f.base = f.ahead[:0], 0, l.base
	for i := range l.lane {
		lane := &l.lane[i]
		found := lane.hits[:lane.found]
		a.lanes.stepper.toCells(found)
		f.ahead = append(f.ahead, found...)
		if lane.pos < lane.end {
			f.ahead = a.finish(f.ahead, text, lane, l.base)
		}
	}
	f.end = a.stateAt(text, f.base+size)
}

// finish runs a single stream over the rest of a lane, which lockstep left when another lane came
// to its end.
func (a *automaton) finish(hits []hit, text []byte, l *lane, base int) []hit {
	for c := a.stateAt(text, l.pos); c.pos < l.end; {
		if a.next(text, &c, l.end); c.atHit {
			hits = append(hits, hit{uint32(c.pos - base), c.cell})
		}
	}
	return hits
}
