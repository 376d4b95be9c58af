package lazydfa

// Literal runs. Where a regex can go on in one way only, as in the middle of the literals that most
// regexes consist of, a DFA would have a state for every rune, with a row of transitions that are
// all dead but one. There a literal run stands for all these states: pieces of text compared at
// once, and instructions taken one by one.

import "bytes"

const (
	minRunInsts = 3 // instructions; fewer get states
	minRunText  = 3 // bytes compared at once
	maxRunInsts = 512
)

// literalRun is a list of links of two words. A link is textLink or'ed to where in text a piece
// begins, and the length of the piece; or an instruction, and how many instructions follow each
// other from there on. The number of words of all links stands before them, the instruction behind
// the run stands after them.
type literalRun struct {
	words []uint32
	text  []byte
	pcs   []uint32
}

const textLink = 1 << 31

// find makes c the literal run from pc on; false: the run would be too short. The text of the run
// is going to lie at textAt in the text of the cache.
func (c *literalRun) find(p *Program, pc, textAt uint32) bool {
	c.pcs = c.pcs[:0]
	for len(c.pcs) < maxRunInsts && p.insts[pc].op >= opClass {
		c.pcs = append(c.pcs, pc)
		pc = p.insts[pc].out
	}
	if len(c.pcs) < minRunInsts {
		return false
	}
	c.words, c.text = append(c.words[:0], 0), c.text[:0]
	for first, at := 0, 0; first < len(c.pcs); first = at {
		if n := c.literal(p, first); n >= minRunText {
			c.words = append(c.words, textLink|(textAt+uint32(len(c.text))), uint32(n))
			for _, pc := range c.pcs[first : first+n] {
				c.text = append(c.text, p.single[p.insts[pc].arg])
			}
			at = first + n
			continue
		}
		for at = first + 1; at < len(c.pcs) && c.literal(p, at) < minRunText; at++ {
		}
		c.words = append(c.words, c.pcs[first], uint32(at-first))
	}
	c.words[0] = uint32(len(c.words) - 1)
	c.words = append(c.words, pc)
	return true
}

// move adapts c to a text that comes to lie n bytes before textAt.
func (c *literalRun) move(n uint32) {
	if n == 0 {
		return
	}
	for i := 1; i < len(c.words)-1; i += 2 {
		if c.words[i]&textLink != 0 {
			c.words[i] -= n
		}
	}
}

// literal counts the instructions, from the nth on, that take one ASCII character each.
func (c *literalRun) literal(p *Program, n int) int {
	first := n
	for ; n < len(c.pcs); n++ {
		if in := &p.insts[c.pcs[n]]; in.op != opClass || p.single[in.arg] == 0 {
			break
		}
	}
	return n - first
}

// passRun takes the literal run in row, from i on in text. It returns the next value and the place
// behind the run; if the text differs, rowDead and where the first link begins that differs. cached
// is that of step.
func (r *Runner) passRun(m *Machine, row uint32, text []byte, i int) (value uint32, at int, cached bool) {
	c := &r.cache
	s := c.state(row)
	words := c.items[s.items+s.set:]
	links, after := words[1:1+words[0]], words[1+words[0]]
	for n := 0; n < len(links); n += 2 {
		behind := -1
		if first := links[n]; first&textLink == 0 {
			behind = m.Program.follow(text, i, first, links[n+1])
		} else if piece := c.text[first&^textLink:][:links[n+1]]; bytes.HasPrefix(text[i:], piece) {
			behind = i + len(piece)
		}
		if behind < 0 {
			return rowDead, i, true
		}
		i = behind
	}
	before := m.Program.contextBefore(text, i)
	if value = c.rows[row+1+uint32(before)]; value == rowUnknown {
		r.next, r.matches = append(r.next[:0], after), r.matches[:0]
		epoch := c.epoch
		if value, cached = r.intern(m, before); !cached {
			return value, i, false
		}
		if c.epoch == epoch {
			c.rows[row+1+uint32(before)] = value
		}
	}
	return value, i, true
}

// follow takes n instructions from pc on, none of which branches, and returns the place behind the
// text that they take, -1 if the text differs.
func (p *Program) follow(text []byte, i int, pc, n uint32) int {
	insts := p.insts
	for ; n > 0; n-- {
		if i >= len(text) {
			return -1
		}
		class, width := uint32(p.ascii[text[i]]), 1
		if class == classMultibyte {
			class, width = p.decode(text[i:])
		}
		in := &insts[pc]
		if in.op == opClass {
			if in.arg != class {
				return -1
			}
		} else if p.sets[in.arg*p.setWords+class/64]>>(class%64)&1 == 0 {
			return -1
		}
		i += width
		pc = in.out
	}
	return i
}
