package match

// What changes while regexes run: which atoms were seen, which regexes are
// candidates, and the machines with their states.

import "slices"

type regexScratch struct {
	runner   dfaRunner
	machines []*machine // by id, see programs.get
	dropped  uint32     // of the programs when the machines took theirs

	// Of the text at hand. Numbers of rounds stand for bits, so that nothing
	// needs to be cleared from text to text.
	round      uint32
	atomSeen   []uint32 // per atom: the round
	asked      []uint32 // per regex: the round in which it became a candidate or was ruled out
	atoms      []uint32 // seen
	candidates []uint32 // regexes to run
	incomplete []uint32 // rules
	given      []uint32 // rules given up on in any line of a block, ascending

	// Of the line that the groups looked at last.
	grouped  []uint32 // regexes without triggers that match or may match
	examined int      // lines that begin before it have been looked at by the groups
	at       int      // where that line begins

	// Costs that the pack does not know yet; Rule is the number of the regex.
	costs  []RegexCost
	costAt []uint32 // per regex: where in costs, and one more
	runs   int
}

// use turns the scratch to a pack.
func (r *regexScratch) use(e *automata, s *Scratch) {
	e.programs.grouping.Do(e.programs.divide)
	n := len(e.programs.regexes)
	*r = regexScratch{runner: r.runner}
	r.atomSeen = make([]uint32, e.required.atoms())
	r.asked = make([]uint32, n)
	r.costAt = make([]uint32, n)
	r.machines = make([]*machine, 2*n+len(e.programs.groups))
	switch {
	case n == 0:
	case r.runner.cache.maxRows == 0:
		r.runner.init(defaultCacheSize)
	default:
		r.runner.cache.forget()
	}
	r.runner.spent = s.spent
	r.dropped = e.programs.dropped.Load()
}

// refresh lets go of programs that the pack has dropped.
func (r *regexScratch) refresh(p *programs) {
	if dropped := p.dropped.Load(); dropped != r.dropped {
		r.dropped = dropped
		for _, m := range r.machines {
			if m != nil {
				m.program = nil
			}
		}
	}
}

// begin makes r ready for another text.
func (r *regexScratch) begin() {
	r.atoms, r.incomplete = r.atoms[:0], r.incomplete[:0]
	if r.round++; r.round == 0 {
		clear(r.atomSeen)
		clear(r.asked)
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

// machine returns the machine with id, nil if its program cannot be built.
func (r *regexScratch) machine(p *programs, id uint32) *machine {
	m := r.machines[id]
	if m == nil {
		m = &machine{id: id, mode: modeFirst}
		switch {
		case int(id) >= 2*len(p.regexes):
			m.mode = modeAll
		case id%2 == 1:
			m.mode = modeLongest
		}
		r.machines[id] = m
	}
	if m.program == nil {
		if m.program = p.get(id); m.program == nil {
			return nil
		}
	}
	return m
}

// require adds the regexes whose formulas are true to the candidates.
func (r *regexScratch) require(p *prefilter) {
	for _, atom := range r.atoms {
		for _, regex := range p.triggered(atom) {
			if r.asked[regex] == r.round {
				continue
			}
			r.asked[regex] = r.round
			if holds(p.formula(regex), true, r.atomSeen, r.round) {
				r.candidates = append(r.candidates, regex)
			}
		}
	}
}

// group adds the regexes without triggers that match in text, or may.
func (r *regexScratch) group(p *programs, text []byte) {
	r.grouped = r.grouped[:0]
	for i, group := range p.groups {
		m := r.machine(p, p.groupID(i))
		if m != nil {
			r.runner.allow(text)
		}
		if m == nil || !r.runner.all(m, text) {
			r.grouped = append(r.grouped, group.members...)
			continue
		}
		first := len(r.grouped)
		for _, number := range r.runner.found {
			if regex := group.members[number]; !slices.Contains(r.grouped[first:], regex) {
				r.grouped = append(r.grouped, regex)
			}
		}
	}
}

// giveUp names a rule in the result.
func (r *regexScratch) giveUp(rule uint32) {
	r.incomplete = append(r.incomplete, rule)
	if i, found := slices.BinarySearch(r.given, rule); !found {
		r.given = slices.Insert(r.given, i, rule)
	}
}
