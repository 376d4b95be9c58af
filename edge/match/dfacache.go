package match

// The states of all lazily built DFAs of one scratch, in memory of a fixed
// size: rows of transitions, kernels, and a table to find states again. When
// one of them is full all states are forgotten.

import "slices"

// stateCache holds states of any number of machines.
type stateCache struct {
	rows   []uint32 // transitions, see row values
	states []lazyState
	items  []uint32 // kernels, and what matched
	text   []byte   // of chains
	table  []uint32 // open addressing: number of a state and one more

	maxRows, maxItems, maxText, maxStates int
	epoch                                 uint32 // states of another one are void
}

// A row has a value for each column, columnNone first, where the number of its
// state is. A value is where the next row begins; what needs more than going
// there is rowSpecial, or not above rowDead.
const (
	rowUnknown = 0
	rowDead    = 1 // nothing can match any more
	firstRow   = 2

	rowSpecial = 1 << 31
	rowMatch   = 1<<30 | rowSpecial // a match ends before the rune that was read
	rowChain   = 1<<29 | rowSpecial // the next state is a chain
	rowMask    = 1<<29 - 1

	rowNumber = rowSpecial // or'ed to the number of the state
)

// lazyState is what a row stands for.
type lazyState struct {
	machine uint32
	hash    uint32
	row     uint32
	items   uint32 // where its kernel begins
	kernel  uint32 // instructions of it
	matches uint16 // behind it: numbers of the regexes that matched on the way here
	context context

	// A chain state has no transitions of its own, see chain.go. Behind its kernel
	// lies the chain; in its row are the values to go on with, by context.
	chain bool
}

// chainRow is the length of a chain state's row.
const chainRow = 1 + uint32(contexts)

const lazyStateSize = 24

// defaultCacheSize is what the states of a scratch may take, in bytes.
const defaultCacheSize = 8 << 20

// init gives the cache its bounds; memory is allocated as it fills.
func (c *stateCache) init(size int) {
	*c = stateCache{
		maxRows:   size / 32 * 21 / 4,
		maxItems:  size / 32 * 3 / 4,
		maxText:   size / 32,
		maxStates: size / 32 * 7 / (lazyStateSize + 16),
		epoch:     c.epoch,
	}
	c.forget()
}

// forget drops all states.
func (c *stateCache) forget() {
	c.epoch++
	c.rows = append(c.rows[:0], rowUnknown, rowDead)
	c.states = c.states[:0]
	c.items = c.items[:0]
	c.text = c.text[:0]
	clear(c.table)
}

// bytes is how much memory the cache takes.
func (c *stateCache) bytes() int {
	return 4*cap(c.rows) + lazyStateSize*cap(c.states) + 4*cap(c.items) + cap(c.text) + 4*cap(c.table)
}

// used is how many states there are, and how much of the cache they fill.
func (c *stateCache) used() (states, bytes int) {
	const entries = 2 // of the table for each state
	n := len(c.states)
	return n, 4*len(c.rows) + (lazyStateSize+4*entries)*n + 4*len(c.items) + len(c.text)
}

// intern returns the row of a state, which is added if it is new. ok is false if
// the cache, even when empty, has no room for it.
func (c *stateCache) intern(machine, columns uint32, at context, kernel, matches []uint32) (row uint32, added, ok bool) {
	hash := hashState(machine, at, kernel, matches)
	if number, found := c.find(hash, machine, at, kernel, matches); found {
		return c.value(number), false, true
	}
	if len(matches) > 1<<16-1 || !c.room(int(columns), len(kernel)+len(matches), 0) {
		return 0, false, false
	}
	row = c.add(lazyState{machine: machine, hash: hash, matches: uint16(len(matches)), context: at}, columns, kernel, matches)
	return row, true, true
}

// internChain is intern for a chain state; the chain was found for the place
// where the cache's text ends.
func (c *stateCache) internChain(machine uint32, at context, kernel []uint32, ch *chain) (row uint32, added, ok bool) {
	hash := hashState(machine, at, kernel, nil)
	if number, found := c.find(hash, machine, at, kernel, nil); found {
		return c.value(number), false, true
	}
	end := len(c.text)
	if !c.room(int(chainRow), len(kernel)+len(ch.words), len(ch.text)) {
		return 0, false, false
	}
	ch.move(uint32(end - len(c.text)))
	c.text = append(growTo(c.text, len(ch.text), c.maxText), ch.text...)
	row = c.add(lazyState{machine: machine, hash: hash, context: at, chain: true}, chainRow, kernel, ch.words)
	return row | rowChain, true, true
}

// value is what rows hold that lead to a state.
func (c *stateCache) value(number uint32) uint32 {
	if s := &c.states[number]; !s.chain {
		return s.row
	}
	return c.states[number].row | rowChain
}

// room makes room for a state, by forgetting all others if need be.
func (c *stateCache) room(columns, items, text int) bool {
	if columns+firstRow > c.maxRows || items > c.maxItems || text > c.maxText {
		return false
	}
	if len(c.rows)+columns > c.maxRows || len(c.items)+items > c.maxItems ||
		len(c.text)+text > c.maxText || len(c.states) == c.maxStates {
		c.forget()
	}
	return true
}

func (c *stateCache) add(s lazyState, columns uint32, kernel, behind []uint32) (row uint32) {
	number := uint32(len(c.states))
	row = uint32(len(c.rows))
	s.row, s.items, s.kernel = row, uint32(len(c.items)), uint32(len(kernel))
	c.states = append(growTo(c.states, 1, c.maxStates), s)
	c.items = append(append(growTo(c.items, len(kernel)+len(behind), c.maxItems), kernel...), behind...)
	c.rows = growTo(c.rows, int(columns), c.maxRows)
	c.rows = c.rows[:len(c.rows)+int(columns)]
	clear(c.rows[row:])
	c.rows[row+columnNone] = rowNumber | number
	c.enter(number)
	return row
}

// growTo makes room for n more, doubling, but never for more than most.
func growTo[T any](s []T, n, most int) []T {
	if len(s)+n <= cap(s) {
		return s
	}
	grown := make([]T, len(s), min(max(2*cap(s), len(s)+n, 256), most))
	copy(grown, s)
	return grown
}

// state returns what the row is of.
func (c *stateCache) state(row uint32) *lazyState {
	return &c.states[c.rows[row+columnNone]&^rowNumber]
}

func (c *stateCache) kernel(s *lazyState) []uint32 { return c.items[s.items : s.items+s.kernel] }

func (c *stateCache) matches(s *lazyState) []uint32 {
	first := s.items + s.kernel
	return c.items[first : first+uint32(s.matches)]
}

func (c *stateCache) find(hash, machine uint32, at context, kernel, matches []uint32) (number uint32, found bool) {
	if len(c.table) == 0 {
		return 0, false
	}
	mask := uint32(len(c.table) - 1)
	for i := hash & mask; c.table[i] != 0; i = (i + 1) & mask {
		s := &c.states[c.table[i]-1]
		if s.hash == hash && s.machine == machine && s.context == at &&
			slices.Equal(c.kernel(s), kernel) && slices.Equal(c.matches(s), matches) {
			return c.table[i] - 1, true
		}
	}
	return 0, false
}

// enter puts a new state into the table, which is at most half full.
func (c *stateCache) enter(number uint32) {
	if 2*len(c.states) > len(c.table) {
		c.table = make([]uint32, max(64, 2*len(c.table)))
		for i := range number {
			c.place(i)
		}
	}
	c.place(number)
}

func (c *stateCache) place(number uint32) {
	mask := uint32(len(c.table) - 1)
	i := c.states[number].hash & mask
	for c.table[i] != 0 {
		i = (i + 1) & mask
	}
	c.table[i] = number + 1
}

func hashState(machine uint32, at context, kernel, matches []uint32) uint32 {
	h := uint64(machine)<<8 | uint64(at)
	for _, x := range kernel {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for _, x := range matches {
		h = (h ^ uint64(x) ^ 1<<32) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return uint32(h ^ h>>32)
}
