package broker

// Intrusive lists: an item holds the links of the lists that it is in.

import "iter"

// link is the place of an item in one list; an item that can be in several lists
// has a link for each. The zero link is in no list.
type link[T any] struct {
	prev, next *link[T]
	of         *T
	in         *list[T]
}

// list is a doubly linked list through links that lie in its items: inserting
// and removing take constant time and allocate nothing. The zero value is empty.
type list[T any] struct {
	root link[T]
	n    int
}

// front returns the first item, nil if there is none.
func (l *list[T]) front() *T {
	if l.n == 0 {
		return nil
	}
	return l.root.next.of
}

func (l *list[T]) pushBack(k *link[T], item *T) {
	l.init()
	l.insert(k, item, l.root.prev)
}

func (l *list[T]) pushFront(k *link[T], item *T) {
	l.init()
	l.insert(k, item, &l.root)
}

// rotate makes the first item the last one and returns it, nil if there is none.
func (l *list[T]) rotate() *T {
	if l.n == 0 {
		return nil
	}
	k := l.root.next
	item := k.of
	k.remove()
	l.pushBack(k, item)
	return item
}

// all yields the items, the first one first. The list must not change meanwhile.
func (l *list[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		if l.n == 0 {
			return
		}
		for k := l.root.next; k != &l.root; k = k.next {
			if !yield(k.of) {
				return
			}
		}
	}
}

func (l *list[T]) init() {
	if l.root.next == nil {
		l.root.next, l.root.prev = &l.root, &l.root
	}
}

func (l *list[T]) insert(k *link[T], item *T, after *link[T]) {
	k.of, k.in = item, l
	k.prev, k.next = after, after.next
	after.next.prev = k
	after.next = k
	l.n++
}

// remove takes k out of whatever list it is in.
func (k *link[T]) remove() {
	if k.in == nil {
		return
	}
	k.prev.next, k.next.prev = k.next, k.prev
	k.in.n--
	*k = link[T]{}
}

// roster is a set whose items can be copied at once, without visiting them. The zero value is
// empty.
type roster[T any] struct {
	items []*T
	at    map[*T]int
}

func (s *roster[T]) len() int { return len(s.items) }

func (s *roster[T]) has(item *T) bool { _, ok := s.at[item]; return ok }

func (s *roster[T]) add(item *T) {
	if s.at == nil {
		s.at = make(map[*T]int)
	}
	s.at[item] = len(s.items)
	s.items = append(s.items, item)
}

// remove takes an item out; one that is not there is no error.
func (s *roster[T]) remove(item *T) {
	i, ok := s.at[item]
	if !ok {
		return
	}
	last := len(s.items) - 1
	s.items[i] = s.items[last]
	s.at[s.items[i]] = i
	s.items[last] = nil
	s.items = s.items[:last]
	delete(s.at, item)
	if len(s.items) == 0 {
		*s = roster[T]{} // what a map has grown to it keeps
	}
}
