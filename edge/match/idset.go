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

// find returns the rule that has id, or else the free place where it goes.
// idOf gives the id of a rule in the set.
func (s *idSet) find(id []byte, idOf func(rule uint32) []byte) (rule uint32, at int, ok bool) {
	mask := len(s.table) - 1
	at = int(maphash.Bytes(s.seed, id)) & mask
	for s.table[at] != 0 {
		if string(idOf(s.table[at]-1)) == string(id) {
			return s.table[at] - 1, at, true
		}
		at = (at + 1) & mask
	}
	return 0, at, false
}

// put puts rule into the free place at that find gave for its id.
func (s *idSet) put(at int, rule uint32, idOf func(rule uint32) []byte) {
	s.table[at] = rule + 1
	s.count++
	s.grow(1, idOf)
}

// grow makes room for n more.
func (s *idSet) grow(n int, idOf func(rule uint32) []byte) {
	size := len(s.table)
	for s.count+n > size/4*3 {
		size *= 2
	}
	if size == len(s.table) {
		return
	}
	old := s.table
	s.table = make([]uint32, size)
	for _, r := range old {
		if r != 0 {
			_, at, _ := s.find(idOf(r-1), idOf)
			s.table[at] = r
		}
	}
}
