package match

// The set of ids while rules are added: four to eight bytes a rule, the bytes
// themselves stay in the builder's arena.

import "hash/maphash"

type idSet struct {
	seed  maphash.Seed
	table []uint32 // rule+1, open addressing; 0: free
	count int
}

func newIDSet() *idSet {
	return &idSet{seed: maphash.MakeSeed(), table: make([]uint32, 64)}
}

// find returns the rule that has id. idOf gives the id of a rule in the set.
func (s *idSet) find(id []byte, idOf func(rule uint32) []byte) (rule uint32, ok bool) {
	at := s.slot(id, idOf)
	return s.table[at] - 1, s.table[at] != 0
}

// add puts in rule, whose id is not in the set yet.
func (s *idSet) add(rule uint32, idOf func(rule uint32) []byte) {
	if s.count*4 >= len(s.table)*3 {
		old := s.table
		s.table = make([]uint32, 2*len(old))
		for _, r := range old {
			if r != 0 {
				s.table[s.slot(idOf(r-1), idOf)] = r
			}
		}
	}
	s.table[s.slot(idOf(rule), idOf)] = rule + 1
	s.count++
}

// slot is where id is, or the free place where it would go.
func (s *idSet) slot(id []byte, idOf func(rule uint32) []byte) int {
	mask := len(s.table) - 1
	at := int(maphash.Bytes(s.seed, id)) & mask
	for s.table[at] != 0 && string(idOf(s.table[at]-1)) != string(id) {
		at = (at + 1) & mask
	}
	return at
}
