package match

// A regex compiled for the lazily built DFA: the instructions of regexp/syntax
// without captures, over classes of runes instead of runes. Runes that no part
// of the regex tells apart are of one class, so that a state needs a transition
// for each class only.

import (
	"regexp/syntax"
	"slices"
)

// Columns of a state's transitions: the first two are none of a class.
const (
	columnNone  = 0 // bytes that do not stand for themselves: ≥ 0x80
	columnEnd   = 1 // the end of the text
	firstColumn = 2
)

type opcode uint8

const (
	opFail   opcode = iota
	opMatch         // arg: number of the regex, of those compiled together
	opAlt           // out is preferred to arg
	opAssert        // goes on to out if the syntax.EmptyOp arg holds
	opColumn        // arg: the column of the runes that lead to out
	opSet           // arg: the set of columns that lead to out
)

type inst struct {
	op       opcode
	out, arg uint32
}

// program is immutable.
type program struct {
	insts   []inst
	start   uint32
	columns uint32

	ascii    [256]uint8 // column of a byte below 0x80, columnNone above
	wide     uint32     // column of all runes from 0x80 on, 0: there are several
	bounds   []rune     // where runes of another column begin, ascending, from 0 on
	after    []uint16   // per bound: the column
	contexts []context  // per column
	single   []byte     // per column: the ASCII character that is all of it, or 0
	sets     []uint64   // setWords for each set: a bit per column
	setWords uint32

	words, lines bool // has \b or \B; has (?m)^ or (?m)$
	anchored     bool // matches begin where the text does
	length       int  // runes of every match; 0: they differ
}

// context is what assertions want to know of a rune, or that there is none.
type context uint8

const (
	contextEdge context = iota // beginning or end of the text
	contextLine                // '\n'
	contextWord                // ASCII letter, digit, '_'
	contextOther
	contexts
)

// size is about what p takes, in bytes.
func (p *program) size() int {
	return 512 + 12*cap(p.insts) + 6*len(p.bounds) + 2*len(p.contexts) + 8*len(p.sets)
}

// column of a rune that is not ASCII.
func (p *program) column(r rune) uint32 {
	if p.wide != 0 {
		return p.wide
	}
	i, found := slices.BinarySearch(p.bounds, r)
	if !found {
		i--
	}
	return uint32(p.after[i])
}

// takes says whether in, of opColumn or opSet, takes runes of a column.
func (p *program) takes(in *inst, column uint32) bool {
	if in.op == opColumn {
		return in.arg == column
	}
	return p.sets[in.arg*p.setWords+column/64]>>(column%64)&1 != 0
}

// assertions are those that hold between what was read and a column.
func assertions(before, next context) syntax.EmptyOp {
	var holds syntax.EmptyOp
	switch before {
	case contextEdge:
		holds = syntax.EmptyBeginText | syntax.EmptyBeginLine
	case contextLine:
		holds = syntax.EmptyBeginLine
	}
	switch next {
	case contextEdge:
		holds |= syntax.EmptyEndText | syntax.EmptyEndLine
	case contextLine:
		holds |= syntax.EmptyEndLine
	}
	if (before == contextWord) != (next == contextWord) {
		return holds | syntax.EmptyWordBoundary
	}
	return holds | syntax.EmptyNoWordBoundary
}

// contextOf a rune, as far as p asks.
func (p *program) contextOf(r rune) context {
	switch {
	case p.lines && r == '\n':
		return contextLine
	case p.words && syntax.IsWordChar(r):
		return contextWord
	}
	return contextOther
}
