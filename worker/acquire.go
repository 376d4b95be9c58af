package worker

// Rule sets for who scans with their packs without being a worker.

import "trawl/edge/match"

// Acquire returns the pack of a rule set as it is now, by name or name@hash. It stays open
// until release is called. Ok is false if there is no such pack, or its file cannot be
// read any more.
//
// A goroutine that scans with the pack should set [debug.SetPanicOnFault] and call Replace
// after a fault, see [match.Pack.IsFault].
func (s *RuleSets) Acquire(rules string) (pack *match.Pack, release func(), ok bool) {
	set, p := s.find(rules)
	if p == nil {
		return nil, nil, false
	}
	return p.Pack, func() { set.release(p) }, true
}

// Replace opens the pack of a rule set anew in place of one whose file cannot be read any
// more, unless that has been done already or was tried just now.
func (s *RuleSets) Replace(set string, lost *match.Pack) {
	if found := s.sets[set]; found != nil {
		s.replaceLost(found, lost)
	}
}
