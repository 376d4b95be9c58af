package scan

// The distinct rules of a line, or of more than is held in memory at once.

import (
	"cmp"
	"slices"

	"trawl/edge/wire"
)

// ruleOrder finds the distinct rules of a line without allocating.
type ruleOrder struct {
	places []rulePlace
	index  []int32 // by rule: where in places it is, if the entry there agrees
}

type rulePlace struct {
	rule  int
	start int64 // of its first match
}

// of returns the rules of matches, of which there are count, by the start of
// their first match; equal ones as they come. The result is r's until the next
// call.
func (r *ruleOrder) of(matches []wire.PackedMatch, count int) []rulePlace {
	if len(r.index) < count {
		r.index = make([]int32, count+count/2)
	}
	r.places = r.places[:0]
	for i := range matches {
		m := &matches[i]
		at := int(r.index[m.Rule])
		if at < len(r.places) && r.places[at].rule == m.Rule {
			r.places[at].start = min(r.places[at].start, m.Start)
			continue
		}
		r.index[m.Rule] = int32(len(r.places))
		r.places = append(r.places, rulePlace{m.Rule, m.Start})
	}
	if len(r.places) > 1 {
		slices.SortStableFunc(r.places, func(a, b rulePlace) int { return cmp.Compare(a.start, b.start) })
	}
	return r.places
}

// ruleSet gathers the rules of a long line or a binary file. It outlives
// answers, so it goes by ids.
type ruleSet struct {
	rules []namedPlace
	index map[string]int // in rules
}

type namedPlace struct {
	id    string
	start int64 // of its first match
}

// add adds the rules of l's matches; base is the offset of l's text in what
// the set is about.
func (s *ruleSet) add(l *line, base int64) {
	if s.index == nil {
		s.index = make(map[string]int)
	}
	for i := range l.matches {
		id, start := l.rules[l.matches[i].Rule], base+l.matches[i].Start
		at, known := s.index[id]
		if known {
			s.rules[at].start = min(s.rules[at].start, start)
			continue
		}
		s.index[id] = len(s.rules)
		s.rules = append(s.rules, namedPlace{id, start})
	}
}

// sorted returns the rules by the start of their first match and ends the
// set's use until reset.
func (s *ruleSet) sorted() []namedPlace {
	slices.SortStableFunc(s.rules, func(a, b namedPlace) int { return cmp.Compare(a.start, b.start) })
	return s.rules
}

func (s *ruleSet) reset() {
	s.rules = s.rules[:0]
	clear(s.index)
}
