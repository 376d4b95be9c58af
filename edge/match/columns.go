package match

// The columns of a program: which runes no part of it tells apart.

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

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
