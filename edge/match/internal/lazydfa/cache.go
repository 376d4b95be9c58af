package lazydfa

// The states of all machines of a runner, in memory of a bounded size: rows of transitions, state
// sets, and a hash table that finds states again. When one of them is full all states are
// forgotten.

import "slices"

// cache holds the states of any number of machines.
type cache struct {
	rows   []uint32 // transitions: a row per state, a value per class
	states []lazyState
	items  []uint32 // per state: the state set, and behind it what matched or the literal run
	text   []byte   // of literal runs
	table  []uint32 // open addressing: number of a state plus 1

	maxRows, maxItems, maxText, maxStates int
	epoch                                 uint32 // counts how often all states were forgotten
}

// A row holds a value for each class; the value of classMultibyte is the number of the state. A
// value is where the next row begins. A transition that does more than go to a row is marked
// rowSpecial, or is not above rowDead.
const (
	rowUnknown = 0
	rowDead    = 1 // nothing can match any more
	firstRow   = 2

	rowSpecial = 1 << 31
	rowMatch   = 1<<30 | rowSpecial // a match ends before the rune just read
	rowRun     = 1<<29 | rowSpecial // the next state is a literal run
	rowMask    = 1<<29 - 1

	rowNumber = rowSpecial // or'ed to the number of the state
)

// lazyState is the state that a row belongs to.
type lazyState struct {
	machine uint32
	hash    uint32
	row     uint32
	items   uint32 // where the state set begins
	set     uint32 // length of the state set
	matches uint16 // how many numbers of matching regexes lie behind the state set
	context context

	// isRun: the state is a literal run, see literalrun.go. The words of the run lie behind the
	// state set; the row holds the values to go on with behind the run, by context.
	isRun bool
}

// runRow is the length of the row of a literal run.
const runRow = 1 + uint32(contexts)

const lazyStateSize = 24

// DefaultCacheSize is how many bytes the states of a runner may take.
const DefaultCacheSize = 8 << 20

// init sets the bounds of the cache. Memory is allocated as the cache fills.
func (c *cache) init(size int) {
	*c = cache{
		maxRows:   size / 32 * 21 / 4,
		maxItems:  size / 32 * 3 / 4,
		maxText:   size / 32,
		maxStates: size / 32 * 7 / (lazyStateSize + 16),
		epoch:     c.epoch,
	}
	c.forget()
}

// forget drops all states.
func (c *cache) forget() {
	c.epoch++
	c.rows = append(c.rows[:0], rowUnknown, rowDead)
	c.states = c.states[:0]
	c.items = c.items[:0]
	c.text = c.text[:0]
	clear(c.table)
}

// bytes is how much memory the cache takes.
func (c *cache) bytes() int {
	return 4*cap(c.rows) + lazyStateSize*cap(c.states) + 4*cap(c.items) + cap(c.text) + 4*cap(c.table)
}

// used returns how many states there are and how many bytes of the cache they fill.
func (c *cache) used() (states, bytes int) {
	const entries = 2 // of the hash table for each state
	n := len(c.states)
	return n, 4*len(c.rows) + (lazyStateSize+4*entries)*n + 4*len(c.items) + len(c.text)
}

// intern returns the row of a state, and adds the state if it is new. ok is false if even the empty
// cache has no room for the state.
func (c *cache) intern(machine, classes uint32, at context, set, matches []uint32) (row uint32, added, ok bool) {
	hash := hashState(machine, at, set, matches)
	if number, found := c.find(hash, machine, at, set, matches); found {
		return c.value(number), false, true
	}
	if len(matches) > 1<<16-1 || !c.room(int(classes), len(set)+len(matches), 0) {
		return 0, false, false
	}
	row = c.add(lazyState{machine: machine, hash: hash, matches: uint16(len(matches)), context: at}, classes, set, matches)
	return row, true, true
}

// internRun is intern for a literal run, whose words refer to the place where the cache's text
// ends.
func (c *cache) internRun(machine uint32, at context, set []uint32, run *literalRun) (row uint32, added, ok bool) {
	hash := hashState(machine, at, set, nil)
	if number, found := c.find(hash, machine, at, set, nil); found {
		return c.value(number), false, true
	}
	end := len(c.text)
	if !c.room(int(runRow), len(set)+len(run.words), len(run.text)) {
		return 0, false, false
	}
	run.move(uint32(end - len(c.text)))
	c.text = append(growTo(c.text, len(run.text), c.maxText), run.text...)
	row = c.add(lazyState{machine: machine, hash: hash, context: at, isRun: true}, runRow, set, run.words)
	return row | rowRun, true, true
}

// value is the value of transitions leading to a state.
func (c *cache) value(number uint32) uint32 {
	if s := &c.states[number]; !s.isRun {
		return s.row
	}
	return c.states[number].row | rowRun
}

// room makes room for a state, by forgetting all others if necessary.
func (c *cache) room(classes, items, text int) bool {
	if classes+firstRow > c.maxRows || items > c.maxItems || text > c.maxText {
		return false
	}
	if len(c.rows)+classes > c.maxRows || len(c.items)+items > c.maxItems ||
		len(c.text)+text > c.maxText || len(c.states) == c.maxStates {
		c.forget()
	}
	return true
}

func (c *cache) add(s lazyState, classes uint32, set, behind []uint32) (row uint32) {
	number := uint32(len(c.states))
	row = uint32(len(c.rows))
	s.row, s.items, s.set = row, uint32(len(c.items)), uint32(len(set))
	c.states = append(growTo(c.states, 1, c.maxStates), s)
	c.items = append(append(growTo(c.items, len(set)+len(behind), c.maxItems), set...), behind...)
	c.rows = growTo(c.rows, int(classes), c.maxRows)
	c.rows = c.rows[:len(c.rows)+int(classes)]
	clear(c.rows[row:])
	c.rows[row+classMultibyte] = rowNumber | number
	c.enter(number)
	return row
}

// growTo makes room for n more elements. The capacity doubles, up to limit.
func growTo[T any](s []T, n, limit int) []T {
	if len(s)+n <= cap(s) {
		return s
	}
	grown := make([]T, len(s), min(max(2*cap(s), len(s)+n, 256), limit))
	copy(grown, s)
	return grown
}

// state returns the state that a row belongs to.
func (c *cache) state(row uint32) *lazyState {
	return &c.states[c.rows[row+classMultibyte]&^rowNumber]
}

func (c *cache) set(s *lazyState) []uint32 { return c.items[s.items : s.items+s.set] }

func (c *cache) matches(s *lazyState) []uint32 {
	first := s.items + s.set
	return c.items[first : first+uint32(s.matches)]
}

func (c *cache) find(hash, machine uint32, at context, set, matches []uint32) (number uint32, found bool) {
	if len(c.table) == 0 {
		return 0, false
	}
	mask := uint32(len(c.table) - 1)
	for i := hash & mask; c.table[i] != 0; i = (i + 1) & mask {
		s := &c.states[c.table[i]-1]
		if s.hash == hash && s.machine == machine && s.context == at &&
			slices.Equal(c.set(s), set) && slices.Equal(c.matches(s), matches) {
			return c.table[i] - 1, true
		}
	}
	return 0, false
}

// enter puts a new state into the hash table, which is at most half full.
func (c *cache) enter(number uint32) {
	if 2*len(c.states) > len(c.table) {
		c.table = make([]uint32, max(64, 2*len(c.table)))
		for i := range number {
			c.insert(i)
		}
	}
	c.insert(number)
}

func (c *cache) insert(number uint32) {
	mask := uint32(len(c.table) - 1)
	i := c.states[number].hash & mask
	for c.table[i] != 0 {
		i = (i + 1) & mask
	}
	c.table[i] = number + 1
}

func hashState(machine uint32, at context, set, matches []uint32) uint32 {
	h := uint64(machine)<<8 | uint64(at)
	for _, x := range set {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for _, x := range matches {
		h = (h ^ uint64(x) ^ 1<<32) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return uint32(h ^ h>>32)
}
