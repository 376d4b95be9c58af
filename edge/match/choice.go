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

// layouts are the engines made of automata, the fastest first.
var layouts = []struct {
	kind     engineKind
	sections func(a *builtAutomaton, first uint32) []section
	// suits says whether auto may choose it, and if not, why.
	suits func(sections []section) (bool, string)
}{
	{kindDFA, dfaSections, dfaSuits},
	{kindDA8, (*builtAutomaton).sections, func([]section) (bool, string) { return true, "" }},
}

func dfaSuits(sections []section) (bool, string) {
	size := tableSize(sections)
	if size == 0 {
		return false, "no literals"
	}
	return size <= dfaBudget, fmt.Sprintf("tables of dfa would take %s, over %s", megabytes(size), megabytes(dfaBudget))
}

// tableSize is what the tables of a dfa take.
func tableSize(sections []section) (size int64) {
	for _, s := range sections {
		if s.kind == sectionExact+partNext || s.kind == sectionFolded+partNext {
			size += s.size
		}
	}
	return size
}

// regexMemory is what a regex takes on the heap once it has run, in bytes: the
// mean of those in docs/examples.
const regexMemory = 4 << 10

// builtPart is an automaton and where its sections begin.
type builtPart struct {
	first uint32
	*builtAutomaton
}

// plan is an engine that a set can be compiled for.
type plan struct {
	kind     engineKind
	sections []section
	heap     int64 // bytes that it takes besides the pack
}

// plansFor makes a plan of each layout.
func plansFor(built []builtPart, heap int64) []plan {
	for _, part := range built {
		for _, l := range part.long {
			heap += 4 * int64(len(newLongLiteral(l.bytes(part.arena)).z))
		}
	}
	var plans []plan
	for _, l := range layouts {
		p := plan{kind: l.kind, heap: heap}
		for _, part := range built {
			p.sections = append(p.sections, l.sections(part.builtAutomaton, part.first)...)
		}
		plans = append(plans, p)
	}
	return plans
}

// size is what the pack and its memory amount to; common is the size of the
// pack without the plan's sections.
func (p *plan) size(common int64) EngineSize {
	bytes := common - headerSize + packSize(p.sections)
	return EngineSize{p.kind.String(), bytes, bytes + p.heap}
}

// choose takes the plan that was asked for, or the first that suits, within
// the budget.
func (k engineKind) choose(plans []plan, budget, common int64) (Choice, *plan, error) {
	var c Choice
	for i := range plans {
		c.Sizes = append(c.Sizes, plans[i].size(common))
	}
	var refusals []string
	smallest := -1
	for i := range plans {
		p, size := &plans[i], &c.Sizes[i]
		if k != kindAuto && k != p.kind {
			continue
		}
		if smallest < 0 || size.Memory < c.Sizes[smallest].Memory {
			smallest = i
		}
		if k == kindAuto {
			if ok, why := p.suits(); !ok {
				refusals = append(refusals, why)
				continue
			}
		} else if n := tableSize(p.sections); n > dfaLimit {
			return c, nil, fmt.Errorf("%w: engine dfa would take %s for these literals, over its %s; use auto",
				ErrTooLarge, megabytes(n), megabytes(dfaLimit))
		}
		if budget > 0 && size.Memory > budget {
			refusals = append(refusals, fmt.Sprintf("%s would take %s, over the budget of %s", size.Engine, megabytes(size.Memory), megabytes(budget)))
			continue
		}
		c.Engine, c.Memory, c.Why = size.Engine, size.Memory, strings.Join(refusals, "; ")
		switch {
		case k != kindAuto:
			c.Why = "asked for"
		case len(refusals) == 0:
			c.Why = "the fastest for a set of this size"
		}
		return c, p, nil
	}
	least := &c.Sizes[smallest]
	which, hint := ", the smallest,", "raise it, or split the rule set"
	if k != kindAuto {
		which, hint = "", "raise it, or use auto"
	}
	return c, nil, fmt.Errorf("%w: engine %s%s would take %s, %s more than %s; %s", ErrBudget, least.Engine, which,
		megabytes(least.Memory), megabytes(least.Memory-budget), megabytes(budget), hint)
}

// suits says whether auto may choose the plan, and if not, why.
func (p *plan) suits() (bool, string) {
	for _, l := range layouts {
		if l.kind == p.kind {
			return l.suits(p.sections)
		}
	}
	return true, ""
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
