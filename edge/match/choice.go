package match

// Which engine a set is compiled for: the fastest that suits, in a table.

import (
	"fmt"
	"strings"
)

// Choice says which engine a pack was compiled for, and why.
type Choice struct {
	Engine string
	Why    string // for people
	Memory int64  // bytes that the pack takes when it is loaded; see EngineSize
	Sizes  []EngineSize
}

// EngineSize is what a set takes with one engine.
type EngineSize struct {
	Engine string
	Bytes  int64 // of the pack
	Memory int64 // of the pack and what it keeps on the heap once all of it has been used: a prediction
}

// layouts are the engines made of automata, the fastest first; auto takes the
// last only if the others are over the budget.
var layouts = []struct {
	kind engineKind
	// sections returns nil if the tables would take more than limit bytes.
	sections func(a *builtAutomaton, first uint32, limit int64) []section
	heap     func(sections []section) int64 // besides the pack
}{
	{kindDFA, dfaSections, nil},
	{kindSDFA, sparseSections, sparseHeap},
	{kindDA8, da8Sections, nil},
	{kindDA4, da4Sections, func([]section) int64 { return pairsSize }},
}

// tableSize is what the tables that lanes run on take.
func tableSize(sections []section) (size int64) {
	for _, s := range sections {
		switch s.kind % (sectionFolded - sectionExact) {
		case partNext, partShallow, partDeep:
			if s.kind >= sectionExact {
				size += s.size
			}
		}
	}
	return size
}

// builtPart is an automaton and where its sections begin.
type builtPart struct {
	first uint32
	*builtAutomaton
}

// plan is an engine that a set can be compiled for.
type plan struct {
	kind     engineKind
	sections []section
	heap     int64  // bytes that it takes besides the pack
	tooLarge string // not empty: there are no sections, and why
	size     EngineSize
}

// textPerState is from how many bytes of text for each state on tables pay: sdfa
// takes some 0.4 µs per state to build and saves 2 ns per byte, which two cores share.
const textPerState = 400

// plansFor makes a plan of each layout. Tables may take tableBudget bytes, those of
// an engine that was asked for tableLimit.
func plansFor(built []builtPart, heap int64, asked engineKind, text int64) []plan {
	states := 0
	for _, part := range built {
		states += part.states
		for _, l := range part.long {
			heap += 4 * int64(len(newLongLiteral(l.bytes(part.arena)).z))
		}
	}
	var plans []plan
	for _, l := range layouts {
		p := plan{kind: l.kind, heap: heap}
		limit := int64(tableBudget)
		if asked == l.kind {
			limit = tableLimit
		}
		tables := l.kind == kindDFA || l.kind == kindSDFA
		if tables && len(built) == 0 && asked != l.kind {
			p.tooLarge = "no literals"
		} else if tables && text > 0 && text < textPerState*int64(states) && asked != l.kind {
			p.tooLarge = fmt.Sprintf("tables of %v would take longer to build than they save over %s of text", l.kind, megabytes(text))
			plans = append(plans, p)
			continue
		}
		left := limit
		for _, part := range built {
			sections := l.sections(part.builtAutomaton, part.first, left)
			if left -= tableSize(sections); sections == nil || left < 0 {
				p.tooLarge = fmt.Sprintf("tables of %v would take over %s", l.kind, megabytes(limit))
				break
			}
			p.sections = append(p.sections, sections...)
			if l.heap != nil {
				p.heap += l.heap(sections)
			}
		}
		plans = append(plans, p)
	}
	return plans
}

// choose takes the plan that was asked for, or the first that there is, within
// the budget. common is the size of the pack without the plan's sections.
func (k engineKind) choose(plans []plan, budget, common int64) (Choice, *plan, error) {
	var c Choice
	var refusals []string
	for i := range plans {
		if p := &plans[i]; p.tooLarge == "" {
			bytes := common - headerSize + packSize(p.sections)
			p.size = EngineSize{p.kind.String(), bytes, bytes + p.heap}
			c.Sizes = append(c.Sizes, p.size)
		}
	}
	var least *EngineSize
	for i := range plans {
		p := &plans[i]
		if k != kindAuto && k != p.kind {
			continue
		}
		if p.tooLarge != "" {
			if k == p.kind {
				return c, nil, fmt.Errorf("%w: %s for these literals; use auto", ErrTooLarge, p.tooLarge)
			}
			refusals = append(refusals, p.tooLarge)
			continue
		}
		if least == nil || p.size.Memory < least.Memory {
			least = &p.size
		}
		if budget > 0 && p.size.Memory > budget {
			refusals = append(refusals, fmt.Sprintf("%s would take %s, over the budget of %s",
				p.size.Engine, megabytes(p.size.Memory), megabytes(budget)))
			continue
		}
		c.Engine, c.Memory, c.Why = p.size.Engine, p.size.Memory, strings.Join(refusals, "; ")
		switch {
		case k != kindAuto:
			c.Why = "asked for"
		case len(refusals) == 0:
			c.Why = "the fastest for a set of this size"
		}
		return c, p, nil
	}
	which, hint := ", the smallest,", "raise it, or split the rule set"
	if k != kindAuto {
		which, hint = "", "raise it, or use auto"
	}
	return c, nil, fmt.Errorf("%w: engine %s%s would take %s, %s more than %s; %s", ErrBudget, least.Engine, which,
		megabytes(least.Memory), megabytes(least.Memory-budget), megabytes(budget), hint)
}

// megabytes writes a size for people, in units of 1,000,000 bytes.
func megabytes(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 100e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}
