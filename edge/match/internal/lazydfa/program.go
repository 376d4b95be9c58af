package lazydfa

// The program of a regex: the instructions of regexp/syntax without captures, over classes of runes
// instead of runes. Runes that no part of the regex tells apart are of one class, so a DFA state
// needs a transition for each class only.

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// The first two classes hold no runes.
const (
	classMultibyte = 0 // bytes from 0x80 on: the rune has to be decoded
	classEnd       = 1 // the end of the text
	firstClass     = 2
)

type opcode uint8

const (
	opFail   opcode = iota
	opMatch         // arg: number of the regex among those compiled together
	opAlt           // out is preferred to arg
	opAssert        // goes on to out if the syntax.EmptyOp arg holds
	opClass         // arg: the class of the runes leading to out
	opSet           // arg: the set of classes leading to out
)

type inst struct {
	op       opcode
	out, arg uint32
}

// Program is a compiled regex, or several regexes compiled together. It is immutable.
type Program struct {
	insts   []inst
	start   uint32
	classes uint32

	ascii      [256]uint8 // class of a byte below 0x80, classMultibyte above
	wide       uint32     // class of all runes from 0x80 on, 0: they have several
	bounds     []rune     // where runes of another class begin, ascending, from 0 on
	boundClass []uint16   // per bound: the class of the runes from there on
	contexts   []context  // per class
	single     []byte     // per class: the ASCII character that is all of it, or 0
	sets       []uint64   // setWords for each set: a bit per class
	setWords   uint32

	words, lines bool // the program has \b or \B; it has (?m)^ or (?m)$
	anchored     bool // matches begin where the text does
	length       int  // runes of every match; 0: lengths differ
}

// context is what assertions ask about a rune, or that there is no rune.
type context uint8

const (
	contextEdge context = iota // beginning or end of the text
	contextLine                // '\n'
	contextWord                // ASCII letter, digit, '_'
	contextOther
	contexts
)

// Bytes is about how much memory p takes.
func (p *Program) Bytes() int {
	return 512 + 12*cap(p.insts) + 6*len(p.bounds) + 2*len(p.contexts) + 8*len(p.sets)
}

// Insts is the number of p's instructions.
func (p *Program) Insts() int { return len(p.insts) }

// Start returns where a match ending at end begins, if the end alone tells: every match begins
// where the text does, or all matches have the same number of runes.
func (p *Program) Start(text []byte, end int) (start int, known bool) {
	switch {
	case p.anchored:
		return 0, true
	case p.length > 0:
		for range p.length {
			_, width := p.decodeLast(text[:end])
			end -= width
		}
		return end, true
	}
	return 0, false
}

// wideClass is the class of a rune outside of ASCII.
func (p *Program) wideClass(r rune) uint32 {
	if p.wide != 0 {
		return p.wide
	}
	i, found := slices.BinarySearch(p.bounds, r)
	if !found {
		i--
	}
	return uint32(p.boundClass[i])
}

// takes says whether in, an opClass or opSet, takes runes of a class.
func (p *Program) takes(in *inst, class uint32) bool {
	if in.op == opClass {
		return in.arg == class
	}
	return p.sets[in.arg*p.setWords+class/64]>>(class%64)&1 != 0
}

// decode returns the class and the width of the rune that text begins with.
func (p *Program) decode(text []byte) (class uint32, width int) {
	if c := text[0]; c < utf8.RuneSelf {
		return uint32(p.ascii[c]), 1
	}
	r, width := utf8.DecodeRune(text)
	return p.wideClass(r), width
}

// decodeLast returns the class and the width of the rune that text ends with.
func (p *Program) decodeLast(text []byte) (class uint32, width int) {
	if c := text[len(text)-1]; c < utf8.RuneSelf {
		return uint32(p.ascii[c]), 1
	}
	r, width := utf8.DecodeLastRune(text)
	return p.wideClass(r), width
}

// assertions returns the assertions holding between two neighbouring contexts.
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

// contextOf is the context of a rune, as far as the assertions of p tell contexts apart.
func (p *Program) contextOf(r rune) context {
	switch {
	case p.lines && r == '\n':
		return contextLine
	case p.words && syntax.IsWordChar(r):
		return contextWord
	}
	return contextOther
}

func (p *Program) contextOfClass(class uint32) context {
	if class == classEnd {
		return contextEdge
	}
	return p.contexts[class]
}

// contextBefore is the context of the rune before pos.
func (p *Program) contextBefore(text []byte, pos int) context {
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
func (p *Program) contextAfter(text []byte, pos int) context {
	if pos == len(text) {
		return contextEdge
	}
	if !p.words && !p.lines {
		return contextOther
	}
	r, _ := utf8.DecodeRune(text[pos:])
	return p.contextOf(r)
}
