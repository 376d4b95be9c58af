package match

// A regex as a DFA whose states are built when a text first leads there. A
// state is a kernel: the instructions of the program that can go on from here,
// in the order of their preference, and what the rune before was. (Thompson's
// simulation, remembered; RE2 does the same.) What ends before a rune is known
// only when that has been read, because of assertions such as \b and $: so the
// transition that reads it says whether there is a match before.

import (
	"math"
	"slices"
	"unicode/utf8"
)

// mode is how a machine goes about finding.
type mode uint8

const (
	modeFirst   mode = iota // search; the end of the leftmost-first match
	modeLongest             // anchored at both ends of the search; the longest match
	modeAll                 // search; all regexes that match
)

// machine is a program in a mode, and where its states in a cache are.
type machine struct {
	program *program
	mode    mode
	id      uint32 // in the cache
	epoch   uint32
	starts  [contexts]uint32 // rows by what precedes; 0: not built yet

	debt int // bytes of states built that were not paid for by bytes read
	slow int // bytes to read without building states
}

// restart is an item of kernels: the search may begin at any further place too.
const restart = math.MaxUint32

// A machine that builds states without using them again is a waste of the
// cache: after so many bytes of them, at slowCredit for each byte of text read,
// it does without for a while.
const (
	slowCredit = 8
	slowFor    = 128 << 10 // bytes of text
)

// dfaRunner runs machines over texts.
type dfaRunner struct {
	cache   stateCache
	maxDebt int
	steps   int64                       // that are left for the rule and the text at hand, see budget.go
	spent   func(bytes int) (stop bool) // asks Query.Stop now and then
	stopped bool
	read    int64 // bytes, by all machines

	found []uint32 // by all: numbers of regexes

	// Of advance.
	next    []uint32 // kernel
	matched []uint32 // numbers of regexes, ascending (modeAll)
	stack   []uint32
	visited []uint32 // per instruction: the generation
	taken   []uint32
	gen     uint32
	chain   chain
	kernel  []uint32 // of a machine that does without rows
}

func (r *dfaRunner) init(size int) {
	r.cache.init(size)
	r.maxDebt = size / 4
}

// advance computes the kernel behind a rune of column: r.next. It says
// whether a match ends before that rune.
func (r *dfaRunner) advance(m *machine, kernel []uint32, before context, column uint32) bool {
	p := m.program
	r.generation(len(p.insts))
	r.next, r.matched = r.next[:0], r.matched[:0]
	holds := uint32(assertions(before, p.contextOfColumn(column)))
	visits := 0
	found := false
	for _, item := range kernel {
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
				if m.mode == modeFirst { // all that follows is less preferred
					r.pay(visits)
					return true
				}
				r.matched = append(r.matched, in.arg)
			case opColumn, opSet:
				if r.taken[in.out] != r.gen && p.takes(in, column) {
					r.taken[in.out] = r.gen
					r.next = append(r.next, in.out)
				}
			}
		}
		if item == restart && column != columnEnd {
			r.next = append(r.next, restart)
		}
	}
	if m.mode != modeFirst { // there order does not matter
		slices.Sort(r.next)
		slices.Sort(r.matched)
		if m.mode == modeLongest {
			r.matched = r.matched[:0]
		}
	}
	r.pay(visits)
	return found
}

// generation makes all instructions of a program not visited.
func (r *dfaRunner) generation(insts int) {
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

// initial is the kernel that a machine starts with.
func (r *dfaRunner) initial(m *machine) []uint32 {
	first := uint32(restart)
	if m.mode == modeLongest || m.program.anchored {
		first = m.program.start
	}
	return append(r.next[:0], first)
}

// start returns the row that a machine starts in; false: do without rows.
func (r *dfaRunner) start(m *machine, before context) (row uint32, ok bool) {
	if m.epoch != r.cache.epoch {
		m.epoch, m.starts = r.cache.epoch, [contexts]uint32{}
	}
	if row = m.starts[before]; row != 0 {
		return row, true
	}
	r.next = r.initial(m)
	r.matched = r.matched[:0]
	if row, _, ok = r.cache.intern(m.id, m.program.columns, before, r.next, nil); ok {
		if m.epoch != r.cache.epoch {
			m.epoch, m.starts = r.cache.epoch, [contexts]uint32{}
		}
		m.starts[before] = row
	}
	return row, ok
}

// step builds the transition of a state for a column. cached is false when the
// machine is to go on without rows, from r.next; value then says only whether
// a match was found.
func (r *dfaRunner) step(m *machine, row, column uint32) (value uint32, cached bool) {
	c := &r.cache
	s := c.state(row)
	found := r.advance(m, c.kernel(s), s.context, column)
	epoch := c.epoch
	value, cached = rowDead, true
	if len(r.next) > 0 || len(r.matched) > 0 {
		value, cached = r.intern(m, m.program.contextOfColumn(column))
	}
	if found {
		value |= rowMatch
	}
	if cached && c.epoch == epoch {
		c.rows[row+column] = value
	}
	return value, cached
}

// intern gives r.next a row. cached is false when m is to go on without.
func (r *dfaRunner) intern(m *machine, at context) (value uint32, cached bool) {
	var added, ok bool
	size := 4*(len(r.next)+len(r.matched)) + lazyStateSize + 8
	if m.mode == modeFirst && len(r.next) == 1 && r.next[0] != restart && r.chain.find(m.program, r.next[0], uint32(len(r.cache.text))) {
		value, added, ok = r.cache.internChain(m.id, at, r.next, &r.chain)
		size += len(r.chain.text) + 4*(len(r.chain.words)+int(chainRow))
	} else {
		value, added, ok = r.cache.intern(m.id, m.program.columns, at, r.next, r.matched)
		size += 4 * int(m.program.columns)
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

func (p *program) contextOfColumn(column uint32) context {
	if column == columnEnd {
		return contextEdge
	}
	return p.contexts[column]
}

// decode returns the column and the width of the rune that text begins with.
func (p *program) decode(text []byte) (column uint32, width int) {
	if c := text[0]; c < utf8.RuneSelf {
		return uint32(p.ascii[c]), 1
	}
	r, width := utf8.DecodeRune(text)
	return p.column(r), width
}

// decodeLast is decode for the rune that text ends with.
func (p *program) decodeLast(text []byte) (column uint32, width int) {
	if c := text[len(text)-1]; c < utf8.RuneSelf {
		return uint32(p.ascii[c]), 1
	}
	r, width := utf8.DecodeLastRune(text)
	return p.column(r), width
}

// contextBefore is the context of the rune before pos.
func (p *program) contextBefore(text []byte, pos int) context {
	if pos == 0 {
		return contextEdge
	}
	if !p.words && !p.lines {
		return contextOther
	}
	r, _ := utf8.DecodeLastRune(text[:pos])
	return p.contextOf(r)
}

// contextAfter is the context of the rune at pos.
func (p *program) contextAfter(text []byte, pos int) context {
	if pos == len(text) {
		return contextEdge
	}
	if !p.words && !p.lines {
		return contextOther
	}
	r, _ := utf8.DecodeRune(text[pos:])
	return p.contextOf(r)
}
