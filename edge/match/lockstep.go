package match

// Four places of a text at once. One stream waits for memory at every byte:
// which slot comes next is known only when the last one is there. Four
// independent streams wait together, and without branches on what the text says
// nothing is mispredicted.

import (
	"math"
	"math/bits"
)

const numLanes = 4

// lookMost is how many bytes lanes look ahead at most: enough that the bytes
// they begin with do not count, little enough that what they find stays in cache.
const lookMost = 16 << 10

// kernel is a way to take four lanes through a text.
type kernel interface {
	// lockstep moves lanes of about one length on, until one of them at least is
	// at its end, and notes what it finds.
	lockstep(text []byte, l *lanes)
	// slots turns the states in places, which are the kernel's own, into slots.
	slots(places []place)
}

// lockstep says how lanes go, when they pay and how far they look ahead, in bytes.
type lockstep struct {
	kernel      kernel
	least, most int
}

// newLockstep: a lane begins with up to deepest bytes of the one before, and
// that has to be little against its length.
func newLockstep(a *automaton) lockstep {
	switch {
	case a.sparse != nil:
		return lockstep{a.sparse, max(256, 16*a.deepest), lookMost}
	case a.dfa != nil:
		return lockstep{a.dfa, max(128, 16*a.deepest), lookMost}
	case bits.UintSize < 64:
		// The 64-bit words of lanes are too many for the registers.
		return lockstep{slotLanes{a}, math.MaxInt, lookMost}
	}
	return lockstep{slotLanes{a}, max(1<<10, 16*a.deepest), lookMost}
}

// lanes are pieces of a text that follow each other.
type lanes struct {
	base int // of the places
	lane [numLanes]lane
}

type lane struct {
	pos, end int     // where the scan is and where the piece ends
	places   []place // room for one more than the lane has bytes
	found    int     // so many of them are before pos
}

// place is where patterns end: bytes from the base on, and the state.
type place struct{ pos, state uint32 }

// cut lays the lanes over size bytes from base on.
func (l *lanes) cut(base, size int) {
	l.base = base
	step := size / numLanes
	for i := range l.lane {
		at := base + i*step
		end := at + step
		if i == numLanes-1 {
			end = base + size
		}
		places := l.lane[i].places
		if room := end - at + 1; len(places) < room {
			places = make([]place, room)
		}
		l.lane[i] = lane{pos: at, end: end, places: places}
	}
}

// advance moves all lanes on.
func (l *lanes) advance(size int) {
	for i := range l.lane {
		l.lane[i].pos += size
	}
}

// note keeps a place if hit is 1, and with hit 0 it does not, without a branch.
func (l *lane) note(pos int, state, hit uint32) {
	l.places[l.found] = place{uint32(pos), state}
	l.found += int(hit)
}

// lookAhead finds the places with hits of a piece of text from f on.
func (f *finder) lookAhead(l *lanes, a *automaton, text []byte) {
	k := a.lanes.kernel
	size := min(len(text)-f.pos, a.lanes.most)
	if size > numLanes {
		size -= size % numLanes // else the last lane has bytes that no other has
	}
	l.cut(f.pos, size)
	k.lockstep(text, l)
	f.ahead, f.next, f.base = f.ahead[:0], 0, l.base
	for i := range l.lane {
		lane := &l.lane[i]
		found := lane.places[:lane.found]
		k.slots(found)
		f.ahead = append(f.ahead, found...)
		if lane.pos < lane.end {
			f.ahead = a.finish(f.ahead, text, lane, l.base)
		}
	}
	f.end = a.stateAt(text, f.base+size)
}

// stateAt is a cursor at pos in the state there: no state is longer than
// deepest, so the bytes before those do not matter.
func (a *automaton) stateAt(text []byte, pos int) cursor {
	c := at(max(0, pos-a.deepest))
	for c.pos < pos {
		a.next(text, &c, pos)
	}
	c.hit = false
	return c
}

// finish goes by one stream to the end of a lane that others have left behind.
func (a *automaton) finish(places []place, text []byte, l *lane, base int) []place {
	for c := a.stateAt(text, l.pos); c.pos < l.end; {
		if a.next(text, &c, l.end); c.hit {
			places = append(places, place{uint32(c.pos - base), c.slot})
		}
	}
	return places
}

// slotLanes is the kernel that needs nothing but the slots. A step takes one
// byte or follows one link.
type slotLanes struct{ *automaton }

func (k slotLanes) slots([]place) {}

func (k slotLanes) lockstep(text []byte, l *lanes) {
	slots, bytes := unchecked64s(k.automaton.slots), uncheckedBytes(text)
	l0, l1, l2, l3 := &l.lane[0], &l.lane[1], &l.lane[2], &l.lane[3]
	i0, i1, i2, i3 := l0.pos, l1.pos, l2.pos, l3.pos
	var entries [numLanes]uint64
	for i := range l.lane {
		entries[i] = k.automaton.slots[k.stateAt(text, l.lane[i].pos).slot]
	}
	e0, e1, e2, e3 := entries[0], entries[1], entries[2], entries[3]
	// Bytes and links; only in a damaged pack are there more.
	budget := 2*(l3.end-l3.pos) + maxDepth
	for budget > 0 {
		steps := min(l0.end-i0, l1.end-i1, l2.end-i2, l3.end-i3)
		if steps == 0 {
			break
		}
		budget -= steps
		for steps > 0 {
			var x0, x1, x2, x3 uint32
			var t0, t1, t2, t3 uint64
			for {
				c0 := uint32(bytes.byte(i0))
				x0 = uint32(e0)>>baseShift ^ c0
				t0 = slots.uint64(x0)
				f0 := slots.uint64(uint32(e0 >> failShift))
				m0 := isByte(t0, c0) // all ones where the child is there, else zero
				t0 &= m0
				e0 = t0 | f0&^m0
				i0 -= int(m0)
				c1 := uint32(bytes.byte(i1))
				x1 = uint32(e1)>>baseShift ^ c1
				t1 = slots.uint64(x1)
				f1 := slots.uint64(uint32(e1 >> failShift))
				m1 := isByte(t1, c1) // all ones where the child is there, else zero
				t1 &= m1
				e1 = t1 | f1&^m1
				i1 -= int(m1)
				c2 := uint32(bytes.byte(i2))
				x2 = uint32(e2)>>baseShift ^ c2
				t2 = slots.uint64(x2)
				f2 := slots.uint64(uint32(e2 >> failShift))
				m2 := isByte(t2, c2) // all ones where the child is there, else zero
				t2 &= m2
				e2 = t2 | f2&^m2
				i2 -= int(m2)
				c3 := uint32(bytes.byte(i3))
				x3 = uint32(e3)>>baseShift ^ c3
				t3 = slots.uint64(x3)
				f3 := slots.uint64(uint32(e3 >> failShift))
				m3 := isByte(t3, c3) // all ones where the child is there, else zero
				t3 &= m3
				e3 = t3 | f3&^m3
				i3 -= int(m3)
				steps--
				if (t0|t1|t2|t3)&(selfFlag|chainFlag) != 0 || steps == 0 {
					break
				}
			}
			l0.note(i0-l.base, x0, endsIn(t0))
			l1.note(i1-l.base, x1, endsIn(t1))
			l2.note(i2-l.base, x2, endsIn(t2))
			l3.note(i3-l.base, x3, endsIn(t3))
		}
	}
	l0.pos, l1.pos, l2.pos, l3.pos = i0, i1, i2, i3
}

// isByte is all ones if the check of entry is char, else zero.
func isByte(entry uint64, char uint32) uint64 {
	return uint64(int64(uint64(uint32(entry)&0xff^char)-1) >> 63)
}

// endsIn is 1 if something ends in a state, else 0.
func endsIn(entry uint64) uint32 {
	flags := uint32(entry >> 32)
	return (flags | flags>>1) & 1
}
