package broker

// link is a request's place in one list; a request is in several, so each
// has its own link. The zero link is in no list.
type link struct {
	prev, next *link
	of         *request
	in         *requestList
}

// requestList is a doubly linked list of requests through links that lie in them:
// inserting and removing take constant time and allocate nothing. The zero
// value is empty.
type requestList struct {
	root link
	n    int
}

// front returns the first request, nil if there is none.
func (l *requestList) front() *request {
	if l.n == 0 {
		return nil
	}
	return l.root.next.of
}

func (l *requestList) pushBack(k *link, r *request) {
	l.init()
	l.insert(k, r, l.root.prev)
}

func (l *requestList) pushFront(k *link, r *request) {
	l.init()
	l.insert(k, r, &l.root)
}

func (l *requestList) init() {
	if l.root.next == nil {
		l.root.next, l.root.prev = &l.root, &l.root
	}
}

func (l *requestList) insert(k *link, r *request, after *link) {
	k.of, k.in = r, l
	k.prev, k.next = after, after.next
	after.next.prev = k
	after.next = k
	l.n++
}

// remove takes k out of whatever list it is in.
func (k *link) remove() {
	if k.in == nil {
		return
	}
	k.prev.next, k.next.prev = k.next, k.prev
	k.in.n--
	*k = link{}
}
