package match

// Where a regex can go on in one way only, as in the middle of the literals that
// most regexes are made of, a DFA would have a state for each rune, with a row
// of transitions that are all dead but one. There a chain stands for all of
// them: pieces of text, compared at once, and instructions, taken one by one.

import "bytes"

const (
	leastChain = 3 // instructions; fewer are left to states
	leastText  = 3 // bytes that are compared at once
	mostChain  = 512
)

// chain is made of links, two words each: chainText or'ed to where in text a
// piece begins, and its length; or an instruction, and how many there are from
// it on. Before the links is how many words they are, behind them the
// instruction that follows.
type chain struct {
	words []uint32
	text  []byte
	pcs   []uint32
}

const chainText = 1 << 31

// find makes c the chain from pc on; false: it would be too short. Its text is
// going to lie at textAt of the cache's.
func (c *chain) find(p *program, pc, textAt uint32) bool {
	c.pcs = c.pcs[:0]
	for len(c.pcs) < mostChain && p.insts[pc].op >= opColumn {
		c.pcs = append(c.pcs, pc)
		pc = p.insts[pc].out
	}
	if len(c.pcs) < leastChain {
		return false
	}
	c.words, c.text = append(c.words[:0], 0), c.text[:0]
	for first, at := 0, 0; first < len(c.pcs); first = at {
		if n := c.literal(p, first); n >= leastText {
			c.words = append(c.words, chainText|(textAt+uint32(len(c.text))), uint32(n))
			for _, pc := range c.pcs[first : first+n] {
				c.text = append(c.text, p.single[p.insts[pc].arg])
			}
			at = first + n
			continue
		}
		for at = first + 1; at < len(c.pcs) && c.literal(p, at) < leastText; at++ {
		}
		c.words = append(c.words, c.pcs[first], uint32(at-first))
	}
	c.words[0] = uint32(len(c.words) - 1)
	c.words = append(c.words, pc)
	return true
}

// move is for text that comes to lie n bytes before where it was expected.
func (c *chain) move(n uint32) {
	if n == 0 {
		return
	}
	for i := 1; i < len(c.words)-1; i += 2 {
		if c.words[i]&chainText != 0 {
			c.words[i] -= n
		}
	}
}

// literal is how many instructions from the nth on are of one ASCII character
// each.
func (c *chain) literal(p *program, n int) int {
	first := n
	for ; n < len(c.pcs); n++ {
		if in := &p.insts[c.pcs[n]]; in.op != opColumn || p.single[in.arg] == 0 {
			break
		}
	}
	return n - first
}

// pass goes through the chain state in row, at the place i of text. It returns
// the next value and the place behind; if the text differs, rowDead and where the
// link begins that does not fit. cached is as for step.
func (r *dfaRunner) pass(m *machine, row uint32, text []byte, i int) (value uint32, at int, cached bool) {
	c := &r.cache
	s := c.state(row)
	words := c.items[s.items+s.kernel:]
	links, after := words[1:1+words[0]], words[1+words[0]]
	for n := 0; n < len(links); n += 2 {
		behind := -1
		if first := links[n]; first&chainText == 0 {
			behind = m.program.follow(text, i, first, links[n+1])
		} else if piece := c.text[first&^chainText:][:links[n+1]]; bytes.HasPrefix(text[i:], piece) {
			behind = i + len(piece)
		}
		if behind < 0 {
			return rowDead, i, true
		}
		i = behind
	}
	before := m.program.contextBefore(text, i)
	if value = c.rows[row+1+uint32(before)]; value == rowUnknown {
		r.next, r.matched = append(r.next[:0], after), r.matched[:0]
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

// follow takes n instructions from pc on, none of which branches, and returns
// the place behind, -1 if the text differs.
func (p *program) follow(text []byte, i int, pc, n uint32) int {
	for ; n > 0; n-- {
		if i >= len(text) {
			return -1
		}
		column, width := uint32(p.ascii[text[i]]), 1
		if column == columnNone {
			column, width = p.decode(text[i:])
		}
		in := &p.insts[pc]
		if !p.takes(in, column) {
			return -1
		}
		i += width
		pc = in.out
	}
	return i
}
