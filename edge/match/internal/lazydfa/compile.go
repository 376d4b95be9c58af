package lazydfa

// From the tree of a regex to the instructions of the program.

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
)

// Compile compiles regexes into a single program telling which of them match. The error is
// ErrTooComplex, or what syntax.Compile says.
func Compile(trees ...*syntax.Regexp) (*Program, error) {
	c := compiler{program: &Program{}, ids: map[string]uint32{}, known: map[*rune]uint32{}}
	starts := make([]uint32, len(trees))
	for i, tree := range trees {
		start, err := c.add(tree, uint32(i))
		if err != nil {
			return nil, err
		}
		starts[i] = start
	}
	p := c.program
	p.anchored = p.anchored && len(trees) == 1
	if shortest, longest := Lengths(trees[0]); shortest == longest && shortest < MaxLength {
		p.length = shortest
	}
	p.start = starts[len(starts)-1]
	for i := len(starts) - 2; i >= 0; i-- {
		p.insts = append(p.insts, inst{opAlt, starts[i], p.start})
		p.start = uint32(len(p.insts) - 1)
	}
	return p, c.classify()
}

// compiler collects the sets of runes that instructions take. The classes of runes are known only
// when all sets are.
type compiler struct {
	program *Program
	ranges  [][]rune          // per set: lo, hi, lo, hi …, ascending
	ids     map[string]uint32 // sets by the ranges
	known   map[*rune]uint32  // sets by where the parser keeps them: a repeated class is one slice
}

// add appends the instructions of a single regex and returns the first of them.
func (c *compiler) add(tree *syntax.Regexp, number uint32) (uint32, error) {
	compiled, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	p := c.program
	first := uint32(len(p.insts))
	if len(compiled.Inst)+len(p.insts) > maxInsts {
		return 0, fmt.Errorf("%w (%d instructions, at most %d)", ErrTooComplex, len(compiled.Inst), maxInsts)
	}
	p.anchored = number == 0 && compiled.StartCond()&syntax.EmptyBeginText != 0
	for i := range compiled.Inst {
		in := &compiled.Inst[i]
		next := inst{out: first + skipCaptures(compiled.Inst, in.Out)}
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			next.op, next.arg = opAlt, first+skipCaptures(compiled.Inst, in.Arg)
		case syntax.InstEmptyWidth:
			next.op, next.arg = opAssert, in.Arg
			p.words = p.words || syntax.EmptyOp(in.Arg)&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0
			p.lines = p.lines || syntax.EmptyOp(in.Arg)&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0
		case syntax.InstMatch:
			next.op, next.arg = opMatch, number
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			next.op, next.arg = opSet, c.set(in)
		}
		p.insts = append(p.insts, next)
	}
	return first + skipCaptures(compiled.Inst, uint32(compiled.Start)), nil
}

// skipCaptures returns the first instruction from pc on that does something.
func skipCaptures(insts []syntax.Inst, pc uint32) uint32 {
	for insts[pc].Op == syntax.InstCapture || insts[pc].Op == syntax.InstNop {
		pc = insts[pc].Out
	}
	return pc
}

// set returns the number of the set of runes that an instruction takes.
func (c *compiler) set(in *syntax.Inst) uint32 {
	var key *rune
	if in.Op == syntax.InstRune && len(in.Rune) > 1 {
		key = &in.Rune[0]
		if id, ok := c.known[key]; ok {
			return id
		}
	}
	ranges := runeRanges(in)
	name := string(ranges)
	id, ok := c.ids[name]
	if !ok {
		id = uint32(len(c.ranges))
		c.ranges = append(c.ranges, ranges)
		c.ids[name] = id
	}
	if key != nil {
		c.known[key] = id
	}
	return id
}

// runeRanges are the runes that an instruction takes, as lo, hi, lo, hi …
func runeRanges(in *syntax.Inst) []rune {
	switch in.Op {
	case syntax.InstRuneAny:
		return []rune{0, unicode.MaxRune}
	case syntax.InstRuneAnyNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
	}
	if len(in.Rune) > 1 {
		return in.Rune
	}
	r := in.Rune[0]
	ranges := []rune{r, r}
	if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
		orbit := []rune{r}
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			orbit = append(orbit, f)
		}
		slices.Sort(orbit)
		ranges = ranges[:0]
		for _, r := range orbit {
			ranges = append(ranges, r, r)
		}
	}
	return ranges
}

// Reverse returns the regex that matches the texts of re read backwards.
func Reverse(re *syntax.Regexp) *syntax.Regexp {
	r := *re
	r.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		r.Sub[i] = Reverse(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		r.Rune = slices.Clone(re.Rune)
		slices.Reverse(r.Rune)
	case syntax.OpConcat:
		slices.Reverse(r.Sub)
	case syntax.OpBeginLine:
		r.Op = syntax.OpEndLine
	case syntax.OpEndLine:
		r.Op = syntax.OpBeginLine
	case syntax.OpBeginText:
		r.Op = syntax.OpEndText
	case syntax.OpEndText:
		r.Op = syntax.OpBeginText
	}
	return &r
}
