package shape

// Edges: the characters with which a tree can begin and end.

// EdgeSet returns the characters with which subs can begin, or with last end; open reports that
// subs can match the empty text.
func EdgeSet(subs []*Node, last bool) (set Set, open bool) {
	for i := range subs {
		s := subs[i]
		if last {
			s = subs[len(subs)-1-i]
		}
		more, empty := s.EdgeSet(last)
		set = set.Or(more)
		if !empty {
			return set, false
		}
	}
	return set, true
}

func (s *Node) EdgeSet(last bool) (set Set, open bool) {
	switch s.Op {
	case Atom:
		return s.Set, false
	case Assert:
		return nil, s.Text != "$" && s.Text != "^" // there is no character beside these
	case Repeat:
		set, open = s.Subs[0].EdgeSet(last)
		return set, open || s.Low == 0
	case Alt:
		for _, sub := range s.Subs {
			more, empty := sub.EdgeSet(last)
			set, open = set.Or(more), open || empty
		}
		return set, open
	}
	return EdgeSet(s.Subs, last)
}
