package match

// What an engine is to the rest of the package, and which there are.

import "fmt"

// engine answers queries. It is immutable; what changes lies in the Scratch,
// whose collector takes the matches and says when there are enough.
type engine interface {
	supports(w Want) bool
	// scan looks for matches in one text.
	scan(s *Scratch, text []byte)
	// begin prepares for the lines of block.
	begin(s *Scratch, block []byte)
	// seek returns the place of a byte of block, in the first line from pos on
	// (the beginning of a line) that may have a match; -1: there is none, or
	// the scan was stopped.
	seek(s *Scratch, block []byte, pos int) int
	// scanLine looks for matches in the line block[start:end] that seek found.
	scanLine(s *Scratch, block []byte, start, end int)
}

// engineKind is the number of an engine in a pack.
type engineKind uint32

const (
	kindDA8 engineKind = iota + 1
	kindCloudflare
	kindDFA
	kindSDFA
	kindDA4

	kindAuto engineKind = 0 // until the automata are built; in no pack
)

var engineNames = map[engineKind]string{
	kindAuto: EngineAuto, kindDA8: EngineDA8, kindDA4: EngineDA4,
	kindDFA: EngineDFA, kindSDFA: EngineSDFA, kindCloudflare: EngineCloudflare,
}

func (k engineKind) String() string {
	if name, ok := engineNames[k]; ok && k != kindAuto {
		return name
	}
	return fmt.Sprintf("engine %d", uint32(k))
}

// Engines lists the names that [Options] takes.
func Engines() []string {
	return []string{EngineAuto, EngineDFA, EngineSDFA, EngineDA8, EngineDA4, EngineCloudflare}
}

func engineByName(name string) (engineKind, error) {
	for kind, n := range engineNames {
		if n == name {
			return kind, nil
		}
	}
	if name == "" {
		return kindAuto, nil
	}
	return 0, fmt.Errorf("%w %q: use auto, dfa, sdfa, da8, da4 or cloudflare", ErrUnknownEngine, name)
}

// accepts refuses rules that the engine cannot match.
func (k engineKind) accepts(r *Rule) error {
	if k != kindCloudflare {
		return nil
	}
	what := ""
	switch {
	case r.Regex != "":
		what = "a regex"
	case r.NoCase:
		what = "nocase"
	case r.Whole:
		what = "whole"
	}
	for _, l := range r.Literals {
		if len(l) > maxDepth {
			what = fmt.Sprintf("a literal over %d bytes", maxDepth)
		}
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("%s: %w (cloudflare), use auto", what, ErrUnsupported)
}

// fits refuses sets for which the engine would need too much memory.
func (k engineKind) fits(patternBytes int64) error {
	need := cloudflareMemory(patternBytes)
	if k != kindCloudflare || need <= cloudflareBudget {
		return nil
	}
	return fmt.Errorf("%w: engine cloudflare would take %d MB for these literals, over its %d MB; use auto",
		ErrTooLarge, need>>20, cloudflareBudget>>20)
}

const (
	tableBudget = 2 << 20  // bytes of tables that auto allows: they should stay in a small board's cache
	tableLimit  = 64 << 20 // bytes of tables at all
)
