package match

// Which engine a set is compiled for: the fastest that suits.

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
	// Memory predicts the bytes of the pack and of the heap once every part of the pack has been
	// used.
	Memory int64
}

const (
	// DefaultCache is the cache that packs are made for if Options does not say another.
	DefaultCache = 2 << 20

	maxCache   = 2 << 20  // tables over this size are slower than they are worth, whatever the cache
	tableLimit = 64 << 20 // bytes that tables may take if the engine was asked for
)

// tableSize is how many bytes the tables take that lanes run on.
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

// builtPart is an automaton and the number of its first section.
type builtPart struct {
	first uint32
	*builtAutomaton
}

// plan is an engine that a set can be compiled for.
type plan struct {
	engine   *engine
	sections []section
	heap     int64  // bytes besides the pack
	refused  string // not empty: there are no sections, for this reason
	size     EngineSize
}

// textPerState is the number of bytes of text for each state from which on tables pay: sdfa takes
// some 0.4 µs for each state to build and saves 2 ns for each byte, which two cores share.
const textPerState = 400

// planner makes plans of the engines made of automata.
type planner struct {
	built     []builtPart
	heap      int64   // that every engine takes
	requested *engine // nil: auto
	cache     int64   // bytes that the tables of auto may take
	text      int64   // bytes of text that the pack is made for; 0: any number
}

func (p *planner) plans() []plan {
	states := 0
	for _, part := range p.built {
		states += part.states
		for _, l := range part.long {
			p.heap += 4 * int64(len(newLongLiteral(l.bytes(part.arena)).z))
		}
	}
	var plans []plan
	for _, e := range engines {
		if e.sections != nil {
			plans = append(plans, p.plan(e, int64(states)))
		}
	}
	return plans
}

// plan is the plan for one engine. Tables may take the size of the cache; the tables of an engine
// asked for may take tableLimit.
func (p *planner) plan(e *engine, states int64) plan {
	made := plan{engine: e, heap: p.heap}
	limit := p.cache
	if p.requested == e {
		limit = tableLimit
	} else if e.tables && len(p.built) == 0 {
		made.refused = "no literals"
	} else if e.tables && p.text > 0 && p.text < textPerState*states {
		made.refused = fmt.Sprintf("tables of %s would take longer to build than they save over %s of text", e.name, megabytes(p.text))
		return made
	}
	left := limit
	for _, part := range p.built {
		sections := e.sections(part.builtAutomaton, part.first, left)
		if left -= tableSize(sections); sections == nil || left < 0 {
			made.refused = fmt.Sprintf("tables of %s would take over %s", e.name, megabytes(limit))
			break
		}
		made.sections = append(made.sections, sections...)
		if e.heap != nil {
			made.heap += e.heap(sections)
		}
	}
	return made
}

// choose takes the plan for the engine asked for, or for auto the first plan, within the budget of
// bytes of memory. common is the size of the pack without the sections of the plan.
func choose(plans []plan, requested *engine, budget, common int64) (Choice, *plan, error) {
	var c Choice
	var refusals []string
	for i := range plans {
		if p := &plans[i]; p.refused == "" {
			bytes := common - headerSize + packSize(p.sections)
			p.size = EngineSize{p.engine.name, bytes, bytes + p.heap}
			c.Sizes = append(c.Sizes, p.size)
		}
	}
	var smallest *EngineSize
	for i := range plans {
		p := &plans[i]
		if requested != nil && requested != p.engine {
			continue
		}
		if p.refused != "" {
			if requested != nil {
				return c, nil, fmt.Errorf("%w: %s for these literals; use auto", ErrTooLarge, p.refused)
			}
			refusals = append(refusals, p.refused)
			continue
		}
		if smallest == nil || p.size.Memory < smallest.Memory {
			smallest = &p.size
		}
		if budget > 0 && p.size.Memory > budget {
			refusals = append(refusals, fmt.Sprintf("%s would take %s, over the budget of %s",
				p.size.Engine, megabytes(p.size.Memory), megabytes(budget)))
			continue
		}
		c.Engine, c.Memory, c.Why = p.size.Engine, p.size.Memory, strings.Join(refusals, "; ")
		switch {
		case requested != nil:
			c.Why = "asked for"
		case len(refusals) == 0:
			c.Why = "the fastest for a set of this size"
		}
		return c, p, nil
	}
	which, hint := ", the smallest,", "raise it, or split the rule set"
	if requested != nil {
		which, hint = "", "raise it, or use auto"
	}
	return c, nil, fmt.Errorf("%w: engine %s%s would take %s, %s more than %s; %s", ErrBudget, smallest.Engine, which,
		megabytes(smallest.Memory), megabytes(smallest.Memory-budget), megabytes(budget), hint)
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
