package lazydfa

// One transition of a machine. A DFA state is a state set of the program's NFA: the instructions
// that can go on from here, in the order of preference, and the context of the rune before.
// (Thompson's simulation with a memory; RE2 does the same.) Assertions such as \b and $ make the
// end of a match known only when the rune behind it has been read: so a transition says whether a
// match ends before the rune that it reads.

import (
	"math"
	"slices"
)

// Mode is what a machine searches for.
type Mode uint8

// The modes of a machine.
const (
	FirstMatch   Mode = iota // the end of the leftmost-first match
	LongestMatch             // the longest match, anchored at both ends of the search
	AllMatches               // every matching regex of the program
)

// Machine is a program with a mode, and the place of its states in a runner's cache.
type Machine struct {
	Program *Program // nil: to be set before the machine runs
	mode    Mode
	id      uint32 // of the machine in the cache
	epoch   uint32 // of the cache that starts belongs to
	starts  [contexts]uint32

	debt int // bytes of states built, less what reading text has paid for
	slow int // bytes of text still read without building states
}

// NewMachine returns a machine without a program. No two machines of a runner may have the same id.
func NewMachine(id uint32, mode Mode) *Machine { return &Machine{id: id, mode: mode} }

// restart is an element of state sets: the search may begin at any later rune, too.
const restart = math.MaxUint32

// A machine that builds states and does not use them again wastes the cache. After maxDebt bytes of
// states, of which each byte of text pays for slowCredit, the machine builds none for slowFor
// bytes.
const (
	slowCredit = 8
	slowFor    = 128 << 10
)

// Runner runs machines over texts. The states of all machines lie in a single cache. A runner is
// not safe for concurrent use. Init or Reset has to come first.
type Runner struct {
	// Poll is told how many bytes were read, at least every 64 KiB; true stops the search.
	Poll      func(bytes int) (stop bool)
	Stopped   bool     // Poll has stopped the search
	BytesRead int64    // by all machines, since the runner was made
	Matched   []uint32 // result of All: numbers of matching regexes, some more than once

	cache    cache
	maxDebt  int
	steps    int64 // left for the regex and text at hand, see Allow
	unpolled int   // bytes read since Poll was called

	// Scratch memory of advance and of searches without rows.
	next    []uint32 // the state set behind a transition
	matches []uint32 // numbers of regexes that match before the transition, ascending (AllMatches)
	stack   []uint32
	visited []uint32 // per instruction: the generation in which it was visited
	taken   []uint32 // per instruction: the generation in which it came into next
	gen     uint32
	run     literalRun
	set     []uint32 // the state set before a transition without rows
}

// Init sets the size of the cache in bytes and forgets all states. With size 0 the runner works
// without a cache.
func (r *Runner) Init(size int) {
	r.cache.init(size)
	r.maxDebt = size / 4
}

// Reset forgets all states. The first Reset of a runner that has not been initialized calls Init
// with DefaultCacheSize.
func (r *Runner) Reset() {
	if r.cache.epoch == 0 {
		r.Init(DefaultCacheSize)
		return
	}
	r.cache.forget()
}

// States returns how many states there are and how much of the cache they fill, in bytes.
func (r *Runner) States() (n, bytes int) { return r.cache.used() }

// CacheBytes is how much memory the cache takes.
func (r *Runner) CacheBytes() int { return r.cache.bytes() }

// Steps that a regex may take on a text: a byte read by a DFA is a step. The search for one match
// is linear in the text; the search for all matches is not: a.*z|a over a text of a reads the whole
// rest for every match. So steps are counted, and a regex running out of steps is given up.
const (
	stepsPerByte  = 32
	stepsAtLeast  = 64 << 10
	visitsPerStep = 16 // instructions looked at when a transition is built
)

// AllowedSteps is how many steps a regex may take on a text of so many bytes.
func AllowedSteps(length int) int64 { return stepsPerByte*int64(length) + stepsAtLeast }

// Allow sets the steps of the next regex for a text of length bytes.
func (r *Runner) Allow(length int) { r.steps = AllowedSteps(length) }

// StepsLeft is how many of the allowed steps have not been taken; less than none: the regex was
// given up.
func (r *Runner) StepsLeft() int64 { return r.steps }

// pollEvery is after how many bytes Poll is called.
const pollEvery = 64 << 10

// stretch is how many of n bytes may be read before charge has to be called.
func (r *Runner) stretch(n int) int {
	return int(max(min(int64(n), pollEvery, r.steps), 0))
}

// charge accounts for n bytes that m has read, and calls Poll when the time has come.
func (r *Runner) charge(m *Machine, n int) {
	r.steps -= int64(n)
	r.BytesRead += int64(n)
	if r.unpolled += n; r.unpolled >= pollEvery {
		r.Stopped = r.Poll(r.unpolled)
		r.unpolled = 0
	}
	if m.debt > 0 {
		m.debt = max(0, m.debt-slowCredit*n)
	}
	if m.slow > 0 {
		if m.slow = max(0, m.slow-n); m.slow == 0 {
			m.debt = min(m.debt, r.maxDebt/2)
		}
	}
}

// mustStop says whether a search has to end where it is.
func (r *Runner) mustStop() bool { return r.steps <= 0 || r.Stopped }

// advance computes r.next, the state set behind a rune of class. It says whether a match ends
// before that rune.
func (r *Runner) advance(m *Machine, set []uint32, before context, class uint32) bool {
	p := m.Program
	r.nextGeneration(len(p.insts))
	r.next, r.matches = r.next[:0], r.matches[:0]
	holds := uint32(assertions(before, p.contextOfClass(class)))
	visits := 0
	found := false
	for _, item := range set {
		first := item
		if item == restart {
			first = p.start
		}
		r.stack = append(r.stack[:0], first)
		for len(r.stack) > 0 {
			pc := r.stack[len(r.stack)-1]
			r.stack = r.stack[:len(r.stack)-1]
			if r.visited[pc] == r.gen {
				continue
			}
			r.visited[pc] = r.gen
			visits++
			switch in := &p.insts[pc]; in.op {
			case opAlt:
				r.stack = append(r.stack, in.arg, in.out)
			case opAssert:
				if in.arg&^holds == 0 {
					r.stack = append(r.stack, in.out)
				}
			case opMatch:
				found = true
				if m.mode == FirstMatch { // everything after it is less preferred
					r.steps -= int64(visits / visitsPerStep)
					return true
				}
				r.matches = append(r.matches, in.arg)
			case opClass, opSet:
				if r.taken[in.out] != r.gen && p.takes(in, class) {
					r.taken[in.out] = r.gen
					r.next = append(r.next, in.out)
				}
			}
		}
		if item == restart && class != classEnd {
			r.next = append(r.next, restart)
		}
	}
	if m.mode != FirstMatch { // the other modes have no order of preference
		slices.Sort(r.next)
		slices.Sort(r.matches)
		if m.mode == LongestMatch {
			r.matches = r.matches[:0]
		}
	}
	r.steps -= int64(visits / visitsPerStep)
	return found
}

// advanceNext is advance from the state set r.next.
func (r *Runner) advanceNext(m *Machine, before context, class uint32) bool {
	r.set, r.next = r.next, r.set
	return r.advance(m, r.set, before, class)
}

// nextGeneration marks all instructions of a program as not visited.
func (r *Runner) nextGeneration(insts int) {
	if len(r.visited) < insts {
		r.visited, r.taken = make([]uint32, insts), make([]uint32, insts)
		r.gen = 0
	}
	if r.gen++; r.gen == 0 {
		clear(r.visited)
		clear(r.taken)
		r.gen = 1
	}
}

// initialSet is the state set that a search of m starts with.
func (r *Runner) initialSet(m *Machine) []uint32 {
	first := uint32(restart)
	if m.mode == LongestMatch || m.Program.anchored {
		first = m.Program.start
	}
	return append(r.next[:0], first)
}

// start returns the row that a search of m starts in. ok is false if the cache has no room for it.
func (r *Runner) start(m *Machine, before context) (row uint32, ok bool) {
	if m.epoch != r.cache.epoch {
		m.epoch, m.starts = r.cache.epoch, [contexts]uint32{}
	}
	if row = m.starts[before]; row != 0 {
		return row, true
	}
	r.next = r.initialSet(m)
	r.matches = r.matches[:0]
	if row, _, ok = r.cache.intern(m.id, m.Program.classes, before, r.next, nil); ok {
		if m.epoch != r.cache.epoch {
			m.epoch, m.starts = r.cache.epoch, [contexts]uint32{}
		}
		m.starts[before] = row
	}
	return row, ok
}

// step builds the transition of a state for a class. If cached is false the machine has to go on
// without rows, from r.next; value then says only whether a match was found.
func (r *Runner) step(m *Machine, row, class uint32) (value uint32, cached bool) {
	c := &r.cache
	s := c.state(row)
	found := r.advance(m, c.set(s), s.context, class)
	epoch := c.epoch
	value, cached = rowDead, true
	if len(r.next) > 0 || len(r.matches) > 0 {
		value, cached = r.intern(m, m.Program.contextOfClass(class))
	}
	if found {
		value |= rowMatch
	}
	if cached && c.epoch == epoch {
		c.rows[row+class] = value
	}
	return value, cached
}

// intern gives the state set r.next a row. If cached is false the machine has to go on without
// rows.
func (r *Runner) intern(m *Machine, at context) (value uint32, cached bool) {
	var added, ok bool
	size := 4*(len(r.next)+len(r.matches)) + lazyStateSize + 8
	if m.mode == FirstMatch && len(r.next) == 1 && r.next[0] != restart && r.run.find(m.Program, r.next[0], uint32(len(r.cache.text))) {
		value, added, ok = r.cache.internRun(m.id, at, r.next, &r.run)
		size += len(r.run.text) + 4*(len(r.run.words)+int(runRow))
	} else {
		value, added, ok = r.cache.intern(m.id, m.Program.classes, at, r.next, r.matches)
		size += 4 * int(m.Program.classes)
	}
	if added {
		m.debt += size
	}
	if !ok || m.debt > r.maxDebt {
		m.slow = slowFor
		return value, false
	}
	return value, true
}
