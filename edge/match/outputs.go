package match

// Which patterns end in a state: the part of an automaton that all engines share.

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Output words say what a terminal state reports: a single rule, or, with outList set, an index
// into lists, where items follow each other up to an item with lastItem. An item with longItem is
// followed by the number of a long literal.
const (
	outList  = 1 << 31
	lastItem = 1 << 31
	longItem = 1 << 30
	ruleMask = 1<<30 - 1
)

// outputs numbers terminal states by rank: the n-th state, in the order of cells, in which a
// pattern ends.
type outputs struct {
	ends   []uint64 // bit per cell: a pattern ends in the state
	rank   []uint32 // terminal states before word i of ends
	outs   []uint32 // per terminal state, by rank: an output word
	depths []uint8  // per terminal state, by rank: bytes from the root
	lists  []uint32 // items of terminal states with more than one pattern
	long   []longLiteral

	deepest int  // the largest of depths
	plain   bool // no atoms, whole words or long literals: every pattern that ends is a match
}

// number is the rank of a terminal state.
func (o *outputs) number(cell uint32) uint32 {
	below := o.ends[cell/64] & (1<<(cell%64) - 1)
	return o.rank[cell/64] + uint32(bits.OnesCount64(below))
}

// pattern is a literal or atom ending in a state.
type pattern struct {
	rule   uint32
	length int // bytes; of a long literal: of the part in the automaton
	long   int // number of the long literal, or -1
}

// appendPatterns appends the patterns of a terminal state, by rule.
func (o *outputs) appendPatterns(list []pattern, cell uint32) []pattern {
	n := o.number(cell)
	out, length := o.outs[n], int(o.depths[n])
	if out&outList == 0 {
		return append(list, pattern{out, length, -1})
	}
	for i := out &^ outList; ; i++ {
		item := o.lists[i]
		p := pattern{item & ruleMask, length, -1}
		if item&longItem != 0 {
			i++
			p.long = int(o.lists[i])
		}
		list = append(list, p)
		if item&lastItem != 0 {
			return list
		}
	}
}

// longLiterals takes the literals over 255 bytes of an automaton.
func (l *loader) longLiterals(first uint32, a *automaton) {
	r := fieldReader{rest: l.take(first+partLong, 1)}
	for len(r.rest) > 0 {
		text := r.bytes()
		if len(text) <= maxDepth {
			l.damaged("long literals")
			return
		}
		a.long = append(a.long, newLongLiteral(text))
	}
}

// checkOutputs checks that ranks count the bitmap, and that output words lead to rules and to lists
// with an end. Both automata may report atoms, which are numbered behind the rules.
func (l *loader) checkOutputs(a *automaton, flags *flagTable, atoms int, folded bool) {
	total := l.ranks(a.ends, a.rank)
	if len(a.outs) != total || len(a.depths) != total {
		l.damaged("%d outputs of %d states", len(a.outs), total)
		return
	}
	l.patterns += total + len(a.lists)
	isRule := func(rule uint32) bool {
		if int(rule) >= flags.rules {
			return int(rule)-flags.rules < atoms
		}
		f := flags.of(rule)
		return f&ruleRegex == 0 && (f&ruleNoCase != 0) == folded
	}
	valid := uint32(0) // all rules below are
	if flags.mask == 0 && isRule(0) {
		valid = uint32(flags.rules)
	}
	for _, out := range a.outs {
		if out < valid {
			continue
		}
		if out&outList == 0 && !isRule(out) || out&outList != 0 && int(out&^outList) >= len(a.lists) {
			l.damaged("outputs")
			return
		}
	}
	a.plain = len(a.long) == 0 && atoms == 0 && !slices.ContainsFunc(flags.bytes, func(f byte) bool { return f&(ruleRegex|ruleWhole) != 0 })
	l.checkLists(a, isRule)
}

// checkLists walks all lists in one go and notes where lists begin. So an output word leading into
// the middle of a list or of an item is caught, too.
func (l *loader) checkLists(a *automaton, isRule func(uint32) bool) {
	starts := make([]uint64, len(a.lists)/64+1)
	for i, first := 0, true; i < len(a.lists); i++ {
		item := a.lists[i]
		if first {
			setBit(starts, uint32(i))
		}
		first = item&lastItem != 0
		if !isRule(item & ruleMask) {
			l.damaged("lists")
			return
		}
		if item&longItem != 0 {
			if i++; i == len(a.lists) || int(a.lists[i]) >= len(a.long) {
				l.damaged("lists")
				return
			}
		}
		if i == len(a.lists)-1 && !first {
			l.damaged("lists have no end")
			return
		}
	}
	for _, out := range a.outs {
		if out&outList != 0 && !hasBit(starts, out&^outList) {
			l.damaged("outputs")
			return
		}
	}
}

// outputSections lays out the outputs of an automaton.
func (a *builtAutomaton) outputSections(first uint32) []section {
	list := []section{
		uint64Section(first+partEnds, a.ends),
		uint32Section(first+partRank, a.rank),
		uint32Section(first+partOuts, a.outs),
		bytesSection(first+partDepths, a.depths),
	}
	if len(a.lists) > 0 {
		list = append(list, uint32Section(first+partLists, a.lists))
	}
	if len(a.long) > 0 {
		list = append(list, a.longSection(first))
	}
	return list
}

func (a *builtAutomaton) longSection(first uint32) section {
	size := int64(0)
	for _, l := range a.long {
		size += int64(len(binary.AppendUvarint(nil, uint64(l.length)))) + int64(l.length)
	}
	return section{first + partLong, size, func(w *packWriter) {
		for _, l := range a.long {
			w.bytes(binary.AppendUvarint(nil, uint64(l.length)))
			w.bytes(l.bytes(a.arena))
		}
	}}
}
