package lazydfa

// The rune classes of a program: which runes no part of the program tells apart.

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// classify gives every rune a class. The ends of all ranges cut the runes into pieces; a partition
// of the pieces is refined by one set after another, until pieces of one block are in the same
// sets.
func (c *compiler) classify() error {
	p := c.program
	p.bounds = c.boundaries()
	block := make([]uint32, len(p.bounds)) // per piece
	size := []uint32{uint32(len(p.bounds))}
	work := 0
	for _, ranges := range c.ranges {
		pieces := c.pieces(ranges)
		if work += len(pieces); work > maxPieces {
			return fmt.Errorf("%w (%d classes of characters that overlap)", ErrTooComplex, len(c.ranges))
		}
		size = refine(block, size, pieces)
	}
	if len(size)+firstClass > maxClasses {
		return fmt.Errorf("%w (%d classes of characters)", ErrTooComplex, len(size))
	}
	c.number(block, len(size))
	return c.resolve()
}

// boundaries returns where pieces begin: at the first rune of each range and behind its last.
func (c *compiler) boundaries() []rune {
	boundaries := []rune{0, utf8.RuneSelf}
	for _, ranges := range c.ranges {
		for i := 0; i < len(ranges); i += 2 {
			boundaries = append(boundaries, ranges[i], ranges[i+1]+1)
		}
	}
	if c.program.lines {
		boundaries = append(boundaries, '\n', '\n'+1)
	}
	if c.program.words {
		boundaries = append(boundaries, '0', '9'+1, 'A', 'Z'+1, '_', '_'+1, 'a', 'z'+1)
	}
	slices.Sort(boundaries)
	boundaries = slices.Compact(boundaries)
	if boundaries[len(boundaries)-1] > unicode.MaxRune {
		boundaries = boundaries[:len(boundaries)-1]
	}
	return boundaries
}

// pieces returns the numbers of the pieces that ranges consist of.
func (c *compiler) pieces(ranges []rune) []uint32 {
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

// refine splits the blocks of which some pieces are in set and some are not. size counts the pieces
// of each block.
func refine(block, size, set []uint32) []uint32 {
	inside := map[uint32]uint32{} // pieces of a block that are in set
	for _, piece := range set {
		inside[block[piece]]++
	}
	split := map[uint32]uint32{}
	for old, n := range inside {
		if n < size[old] {
			split[old] = 0
		}
	}
	for _, piece := range set { // in the order of pieces, so that numbers are the same every time
		old := block[piece]
		added, ok := split[old]
		if !ok {
			continue
		}
		if added == 0 {
			added = uint32(len(size))
			split[old] = added
			size = append(size, 0)
		}
		block[piece] = added
		size[old]--
		size[added]++
	}
	return size
}

// number turns blocks into classes. Classes with ASCII characters come first, so their numbers fit
// into a byte. '\n' and word characters get classes of their own where assertions ask for them.
func (c *compiler) number(block []uint32, blocks int) {
	p := c.program
	type key struct {
		block   uint32
		context context
	}
	classes := make(map[key]uint16, blocks)
	p.contexts = make([]context, firstClass, firstClass+blocks)
	p.boundClass = make([]uint16, len(p.bounds))
	for i, r := range p.bounds {
		k := key{block[i], p.contextOf(r)}
		class, ok := classes[k]
		if !ok {
			class = uint16(len(p.contexts))
			classes[k] = class
			p.contexts = append(p.contexts, k.context)
		}
		p.boundClass[i] = class
	}
	p.classes = uint32(len(p.contexts))
	p.single = make([]byte, p.classes)
	count, firstWide := make([]int, p.classes), 0
	for i, r := range p.bounds {
		if r >= utf8.RuneSelf {
			if firstWide = i; i == len(p.bounds)-1 {
				p.wide = uint32(p.boundClass[i])
			}
			break
		}
		for ; r < utf8.RuneSelf && (i+1 == len(p.bounds) || r < p.bounds[i+1]); r++ {
			p.ascii[r] = uint8(p.boundClass[i])
			p.single[p.boundClass[i]] = byte(r)
			count[p.boundClass[i]]++
		}
	}
	for _, class := range p.boundClass[firstWide:] {
		count[class] = 2
	}
	for class, n := range count {
		if n > 1 {
			p.single[class] = 0
		}
	}
}

// resolve lays out the sets of classes. An instruction whose set is a single class gets the class
// itself.
func (c *compiler) resolve() error {
	p := c.program
	p.setWords = p.classes/64 + 1
	type operand struct {
		op  opcode
		arg uint32
	}
	operands := make([]operand, len(c.ranges))
	for i, ranges := range c.ranges {
		var classes []uint16
		for _, piece := range c.pieces(ranges) {
			classes = append(classes, p.boundClass[piece])
		}
		slices.Sort(classes)
		classes = slices.Compact(classes)
		if len(classes) == 1 {
			operands[i] = operand{opClass, uint32(classes[0])}
			continue
		}
		operands[i] = operand{opSet, uint32(len(p.sets)) / p.setWords}
		first := len(p.sets)
		p.sets = append(p.sets, make([]uint64, p.setWords)...)
		for _, class := range classes {
			setBit(p.sets[first:], uint32(class))
		}
		if len(p.sets) > maxSetBytes/8 {
			return fmt.Errorf("%w (%d classes of characters)", ErrTooComplex, p.classes)
		}
	}
	for i := range p.insts {
		if in := &p.insts[i]; in.op == opSet {
			in.op, in.arg = operands[in.arg].op, operands[in.arg].arg
		}
	}
	return nil
}

func setBit(set []uint64, i uint32) { set[i/64] |= 1 << (i % 64) }
