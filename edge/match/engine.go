package match

// The engines: a table with one row for each. An engine made of automata needs a constant in
// rule.go, a row here, and a file that builds, loads and runs it.

import (
	"fmt"
	"math"
)

// engineKind is the number of an engine in a pack.
type engineKind uint32

// engine is a way to find literals.
type engine struct {
	kind engineKind
	name string // that Options and Info use

	// refuse returns why the engine cannot match a rule; nil: it matches every rule.
	refuse func(r *Rule) error
	// plan is set for engines not made of automata: it lays out how the engine keeps the literals
	// in a pack. open makes the matcher of a pack.
	plan func(b *Builder) (plan, error)
	open func(l *loader, p *Pack) matcher

	// The rest is for engines made of automata.

	// sections lays out an automaton in sections numbered from first on. It returns nil if the
	// tables would take more than limit bytes.
	sections func(a *builtAutomaton, first uint32, limit int64) []section
	// heap is what the engine takes besides the pack, in bytes; nil: nothing.
	heap func(sections []section) int64
	// load takes the sections of the engine, and checks that whatever they lead to is there.
	load func(l *loader, first uint32, a *automaton)
	// tables: the engine adds tables to the double array, which cost time to build and room in a
	// cache.
	tables bool
	// lanesCost is what lanes take for a byte of text, in the unit of the costs of prefilters.
	lanesCost float64
	// lanesFrom is the number of bytes of text from which on four lanes are faster than a single
	// stream.
	lanesFrom int
	// prefilterShare is the part of a text, in 1/prefilterUnit, that a single stream reads while
	// lanes read all of the text.
	prefilterShare int
}

// engines are all engines; those made of automata come in the order of speed, the fastest first:
// auto takes the first that suits.
var engines = []*engine{
	{
		kind: 3, name: EngineDFA, tables: true,
		sections: dfaSections, load: loadDFA, open: openSearcher, lanesCost: 0.5, lanesFrom: 128, prefilterShare: 1,
	},
	{
		kind: 4, name: EngineSDFA, tables: true,
		sections: sdfaSections, heap: sdfaHeap, load: loadSDFA, open: openSearcher, lanesCost: 1.3, lanesFrom: 256, prefilterShare: 4,
	},
	{
		kind: 1, name: EngineDA8,
		sections: da8Sections, load: loadDA8, open: openSearcher, lanesCost: 2, lanesFrom: da8LanesFrom(), prefilterShare: 8,
	},
	{
		kind: 5, name: EngineDA4,
		sections: da4Sections, heap: da4Heap, load: loadDA4, open: openSearcher, lanesFrom: math.MaxInt,
	},
	{
		kind: 2, name: EngineCloudflare,
		refuse: refuseCloudflare, plan: planCloudflare, open: openCloudflare,
	},
}

// Engines lists the names that [Options] takes.
func Engines() []string {
	names := []string{EngineAuto}
	for _, e := range engines {
		names = append(names, e.name)
	}
	return names
}

// engineByName returns the engine with a name; nil for auto, and for no name.
func engineByName(name string) (*engine, error) {
	if name == "" || name == EngineAuto {
		return nil, nil
	}
	for _, e := range engines {
		if e.name == name {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%w %q: use %s", ErrUnknownEngine, name, listOf(Engines()))
}

// engineOf returns the engine of a pack; nil: there is none with that number.
func engineOf(kind engineKind) *engine {
	for _, e := range engines {
		if e.kind == kind {
			return e
		}
	}
	return nil
}

// listOf writes names for people: a, b or c.
func listOf(names []string) string {
	list := ""
	for i, name := range names {
		switch i {
		case 0:
		case len(names) - 1:
			list += " or "
		default:
			list += ", "
		}
		list += name
	}
	return list
}

// matcher answers queries with the engine of a pack. It is immutable: a scan changes only the
// Scratch, which takes the matches and says when there are enough.
type matcher interface {
	supports(w Want) bool
	// scan looks for matches in one text.
	scan(s *Scratch, text []byte)
	// begin prepares for the lines of block.
	begin(s *Scratch, block []byte)
	// seek returns the place of a byte of block, in the first line from pos on (the beginning of a
	// line) that may have a match; -1: there is no such line, or the scan was stopped.
	seek(s *Scratch, block []byte, pos int) int
	// scanLine looks for matches in the line block[start:end] that seek found.
	scanLine(s *Scratch, block []byte, start, end int)
}
