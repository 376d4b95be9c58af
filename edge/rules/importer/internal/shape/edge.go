package shape

// EdgeSet is the characters that subs can begin with, or with last set end with;
// open says that they can also be empty.
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
		return nil, s.Text != "$" && s.Text != "^" // next to these is no character
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
