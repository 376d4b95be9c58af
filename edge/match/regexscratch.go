package match

// What changes while regexes run: the atoms seen, the candidates among the regexes, and the
// machines with the states.

import (
	"slices"

	"trawl/edge/match/internal/lazydfa"
)

type regexScratch struct {
	runner   lazydfa.Runner
	machines []*lazydfa.Machine // by id, see programs.get
	dropped  uint32             // programs.dropped when the machines got their programs

	// Of the current text. Numbers of rounds stand for bits, so that nothing has to be cleared from
	// text to text.
	round       uint32
	atomSeen    []uint32 // per atom: the last round in which the atom occurred
	candidateIn []uint32 // per regex: the last round in which it became a candidate or was ruled out
	atoms       []uint32 // atoms of the current text
	candidates  []uint32 // regexes to run
	incomplete  []uint32 // rules given up on
	gaveUp      []uint32 // rules given up on in any text of the call, ascending

	// Of the line that the groups looked at last.
	grouped     []uint32 // regexes without triggers that match or may match
	groupedUpTo int      // the groups have looked at all lines beginning before
	groupedLine int      // where the line begins

	// Costs that the pack does not know yet; Rule is the number of the regex.
	costs  []RegexCost
	costAt []uint32 // per regex: index in costs, plus 1
	runs   int      // counts runs of regexes, of which some are timed
}

// use prepares r for a pack.
func (r *regexScratch) use(e *searcher, s *Scratch) {
	e.programs.grouping.Do(e.programs.divide)
	n := len(e.programs.regexes)
	*r = regexScratch{runner: r.runner}
	r.atomSeen = make([]uint32, e.triggers.atoms())
	r.candidateIn = make([]uint32, n)
	r.costAt = make([]uint32, n)
	r.machines = make([]*lazydfa.Machine, 2*n+len(e.programs.groups))
	if n > 0 {
		r.runner.Reset()
	}
	r.runner.Poll = s.charge
	r.dropped = e.programs.dropped.Load()
}

// refresh begins a call of Scan, ScanLines or ScanTexts. It lets go of programs that the pack has
// dropped.
func (r *regexScratch) refresh(p *programs) {
	r.gaveUp = r.gaveUp[:0]
	if dropped := p.dropped.Load(); dropped != r.dropped {
		r.dropped = dropped
		for _, m := range r.machines {
			if m != nil {
				m.Program = nil
			}
		}
	}
}

// nextText makes r ready for another text.
func (r *regexScratch) nextText() {
	r.atoms, r.incomplete = r.atoms[:0], r.incomplete[:0]
	if r.round++; r.round == 0 {
		clear(r.atomSeen)
		clear(r.candidateIn)
		r.round = 1
	}
}

// see notes that an atom occurs.
func (r *regexScratch) see(atom uint32) {
	if r.atomSeen[atom] != r.round {
		r.atomSeen[atom] = r.round
		r.atoms = append(r.atoms, atom)
	}
}

// machine returns the machine with an id; nil if its program cannot be built.
func (r *regexScratch) machine(p *programs, id uint32) *lazydfa.Machine {
	m := r.machines[id]
	if m == nil {
		mode := lazydfa.FirstMatch
		switch {
		case int(id) >= 2*len(p.regexes):
			mode = lazydfa.AllMatches
		case id%2 == 1:
			mode = lazydfa.LongestMatch
		}
		m = lazydfa.NewMachine(id, mode)
		r.machines[id] = m
	}
	if m.Program == nil {
		if m.Program = p.get(id); m.Program == nil {
			return nil
		}
	}
	return m
}

// require adds regexes to the candidates: those with a trigger in the text and a formula true of
// the text.
func (r *regexScratch) require(t *triggers) {
	for _, atom := range r.atoms {
		for _, regex := range t.triggered(atom) {
			if r.candidateIn[regex] == r.round {
				continue
			}
			r.candidateIn[regex] = r.round
			if holds(t.formula(regex), true, r.atomSeen, r.round) {
				r.candidates = append(r.candidates, regex)
			}
		}
	}
}

// group collects the regexes without triggers that match in text, or may match.
func (r *regexScratch) group(p *programs, text []byte) {
	r.grouped = r.grouped[:0]
	for i, group := range p.groups {
		m := r.machine(p, p.groupID(i))
		if m != nil {
			r.runner.Allow(len(text))
		}
		if m == nil || !r.runner.All(m, text) {
			r.grouped = append(r.grouped, group.members...)
			continue
		}
		first := len(r.grouped)
		for _, number := range r.runner.Matched {
			if regex := group.members[number]; !slices.Contains(r.grouped[first:], regex) {
				r.grouped = append(r.grouped, regex)
			}
		}
	}
}

// giveUp notes that a rule is given up on for the current text.
func (r *regexScratch) giveUp(rule uint32) {
	r.incomplete = append(r.incomplete, rule)
	if i, found := slices.BinarySearch(r.gaveUp, rule); !found {
		r.gaveUp = slices.Insert(r.gaveUp, i, rule)
	}
}

// takeIncomplete returns the rules given up on for the current text, ascending.
func (r *regexScratch) takeIncomplete() []uint32 {
	slices.Sort(r.incomplete)
	return r.incomplete
}
