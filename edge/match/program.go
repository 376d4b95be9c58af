package match

// A regex compiled for the lazily built DFA: the instructions of regexp/syntax
// without captures, over classes of runes instead of runes. Runes that no part
// of the regex tells apart are of one class, so that a state needs a transition
// for each class only.

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
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

// Bounds of what is compiled. Larger ones are refused when a rule is added.
const (
	maxInsts    = 100_000
	maxColumns  = 1 << 16
	maxSetBytes = 4 << 20
	maxPieces   = 4 << 20 // of all sets, see classify
)

var errTooComplex = errors.New("too large when compiled: split it into several rules")

// compileProgram compiles regexes into one program that tells which matches.
func compileProgram(trees ...*syntax.Regexp) (*program, error) {
	c := programCompiler{program: &program{}, ids: map[string]uint32{}, known: map[*rune]uint32{}}
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
	if least, most := lengths(trees[0]); least == most && least < maxLength {
		p.length = least
	}
	p.start = starts[len(starts)-1]
	for i := len(starts) - 2; i >= 0; i-- {
		p.insts = append(p.insts, inst{opAlt, starts[i], p.start})
		p.start = uint32(len(p.insts) - 1)
	}
	return p, c.classify()
}

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

// programCompiler collects the sets of runes; their columns are known at the end.
type programCompiler struct {
	program *program
	ranges  [][]rune          // per set: lo, hi, lo, hi …, ascending
	ids     map[string]uint32 // sets by their ranges
	known   map[*rune]uint32  // sets by where the parser keeps them: a repeated class is one slice
}

// add appends the instructions of one regex and returns its first.
func (c *programCompiler) add(tree *syntax.Regexp, number uint32) (uint32, error) {
	compiled, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	p := c.program
	first := uint32(len(p.insts))
	if len(compiled.Inst)+len(p.insts) > maxInsts {
		return 0, fmt.Errorf("%w (%d instructions, at most %d)", errTooComplex, len(compiled.Inst), maxInsts)
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

// skipCaptures follows what does nothing.
func skipCaptures(insts []syntax.Inst, pc uint32) uint32 {
	for insts[pc].Op == syntax.InstCapture || insts[pc].Op == syntax.InstNop {
		pc = insts[pc].Out
	}
	return pc
}

// set returns the number of the set of runes that in takes.
func (c *programCompiler) set(in *syntax.Inst) uint32 {
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

// classify gives every rune its column: it cuts the runes at the ends of all
// ranges, and puts the pieces together that are in the same sets.
func (c *programCompiler) classify() error {
	p := c.program
	p.bounds = c.cuts()
	class := make([]uint32, len(p.bounds)) // of each piece
	size := []uint32{uint32(len(p.bounds))}
	work := 0
	for _, ranges := range c.ranges {
		pieces := c.pieces(ranges)
		if work += len(pieces); work > maxPieces {
			return fmt.Errorf("%w (%d classes of characters that overlap)", errTooComplex, len(c.ranges))
		}
		size = refine(class, size, pieces)
	}
	if len(size)+firstColumn > maxColumns {
		return fmt.Errorf("%w (%d classes of characters)", errTooComplex, len(size))
	}
	c.number(class, len(size))
	return c.resolve()
}

// cuts are the first runes of ranges, and those after their ends.
func (c *programCompiler) cuts() []rune {
	cuts := []rune{0, utf8.RuneSelf}
	for _, ranges := range c.ranges {
		for i := 0; i < len(ranges); i += 2 {
			cuts = append(cuts, ranges[i], ranges[i+1]+1)
		}
	}
	if c.program.lines {
		cuts = append(cuts, '\n', '\n'+1)
	}
	if c.program.words {
		cuts = append(cuts, '0', '9'+1, 'A', 'Z'+1, '_', '_'+1, 'a', 'z'+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	if cuts[len(cuts)-1] > unicode.MaxRune {
		cuts = cuts[:len(cuts)-1]
	}
	return cuts
}

// pieces are the numbers of those that ranges are made of.
func (c *programCompiler) pieces(ranges []rune) []uint32 {
	var pieces []uint32
	bounds := c.program.bounds
	for i := 0; i < len(ranges); i += 2 {
		at, _ := slices.BinarySearch(bounds, ranges[i])
		for ; at < len(bounds) && bounds[at] <= ranges[i+1]; at++ {
			pieces = append(pieces, uint32(at))
		}
	}
	return pieces
}

// refine splits the classes that are partly in a set. size counts the pieces
// of each class.
func refine(class, size, set []uint32) []uint32 {
	inside := map[uint32]uint32{} // pieces of a class in the set
	for _, piece := range set {
		inside[class[piece]]++
	}
	split := map[uint32]uint32{}
	for old, n := range inside {
		if n < size[old] {
			split[old] = 0
		}
	}
	for _, piece := range set { // in the order of pieces: the same numbers every time
		old := class[piece]
		fresh, ok := split[old]
		if !ok {
			continue
		}
		if fresh == 0 {
			fresh = uint32(len(size))
			split[old] = fresh
			size = append(size, 0)
		}
		class[piece] = fresh
		size[old]--
		size[fresh]++
	}
	return size
}

// number turns classes into columns, those of ASCII first, so that they fit
// a byte. '\n' and word characters are told apart where assertions ask.
func (c *programCompiler) number(class []uint32, classes int) {
	p := c.program
	type key struct {
		class   uint32
		context context
	}
	columns := make(map[key]uint16, classes)
	p.contexts = make([]context, firstColumn, firstColumn+classes)
	p.after = make([]uint16, len(p.bounds))
	for i, r := range p.bounds {
		k := key{class[i], p.contextOf(r)}
		column, ok := columns[k]
		if !ok {
			column = uint16(len(p.contexts))
			columns[k] = column
			p.contexts = append(p.contexts, k.context)
		}
		p.after[i] = column
	}
	p.columns = uint32(len(p.contexts))
	p.single = make([]byte, p.columns)
	count, firstWide := make([]int, p.columns), 0
	for i, r := range p.bounds {
		if r >= utf8.RuneSelf {
			if firstWide = i; i == len(p.bounds)-1 {
				p.wide = uint32(p.after[i])
			}
			break
		}
		for ; r < utf8.RuneSelf && (i+1 == len(p.bounds) || r < p.bounds[i+1]); r++ {
			p.ascii[r] = uint8(p.after[i])
			p.single[p.after[i]] = byte(r)
			count[p.after[i]]++
		}
	}
	for _, column := range p.after[firstWide:] {
		count[column] = 2
	}
	for column, n := range count {
		if n > 1 {
			p.single[column] = 0
		}
	}
}

// resolve lays out the sets and makes those of one column part of their
// instructions.
func (c *programCompiler) resolve() error {
	p := c.program
	p.setWords = p.columns/64 + 1
	type place struct {
		op  opcode
		arg uint32
	}
	places := make([]place, len(c.ranges))
	for i, ranges := range c.ranges {
		var columns []uint16
		for _, piece := range c.pieces(ranges) {
			columns = append(columns, p.after[piece])
		}
		slices.Sort(columns)
		columns = slices.Compact(columns)
		if len(columns) == 1 {
			places[i] = place{opColumn, uint32(columns[0])}
			continue
		}
		places[i] = place{opSet, uint32(len(p.sets)) / p.setWords}
		first := len(p.sets)
		p.sets = append(p.sets, make([]uint64, p.setWords)...)
		for _, column := range columns {
			setBit(p.sets[first:], uint32(column))
		}
		if len(p.sets) > maxSetBytes/8 {
			return fmt.Errorf("%w (%d classes of characters)", errTooComplex, p.columns)
		}
	}
	for i := range p.insts {
		if in := &p.insts[i]; in.op == opSet {
			in.op, in.arg = places[in.arg].op, places[in.arg].arg
		}
	}
	return nil
}

// reversed matches the same texts from the end to the beginning.
func reversed(re *syntax.Regexp) *syntax.Regexp {
	r := *re
	r.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		r.Sub[i] = reversed(sub)
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

// mayBeTooComplex says whether only compiling re can tell that it is within the
// bounds.
func mayBeTooComplex(re *syntax.Regexp, insts int) bool {
	classes, ranges := countClasses(re)
	return insts > maxInsts/3 || classes > 0 && ranges > maxPieces/8/classes
}

// countClasses counts the classes of re and their ranges.
func countClasses(re *syntax.Regexp) (classes, ranges int) {
	if re.Op == syntax.OpCharClass {
		return 1, len(re.Rune) / 2
	}
	for _, sub := range re.Sub {
		c, r := countClasses(sub)
		classes, ranges = classes+c, ranges+r
	}
	return classes, ranges
}

// estimateInsts is no less than what syntax.Compile makes of re, and no more
// than about three times that; over limit it stops counting.
func estimateInsts(re *syntax.Regexp, limit int) int {
	n := 2
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune) + 1
	}
	for _, sub := range re.Sub {
		if n > limit {
			break
		}
		n += estimateInsts(sub, limit)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min+1, re.Max, 1)
	}
	return min(n, limit+1)
}
