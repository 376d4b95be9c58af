package broker

import "time"

// tick is how exact deadlines are kept.
const tick = 25 * time.Millisecond

// wheel finds the requests whose deadline has passed: a ring of lists, one a
// tick, where a request lies under its deadline modulo the ring. Adding and
// removing take constant time, whatever the number of requests (Varghese and
// Lauck, Hashed and Hierarchical Timing Wheels, 1987).
type wheel struct {
	slots [512]requestList
	start time.Time
	next  int64 // the first tick that was not swept yet
}

func (w *wheel) init(now time.Time) { w.start = now }

func (w *wheel) add(r *request) {
	t := max(int64(r.deadline.Sub(w.start)/tick)+1, w.next)
	w.slots[t%int64(len(w.slots))].pushBack(&r.inWheel, r)
}

// sweep calls expired for every request whose deadline is not after now; the
// call must remove the request from the wheel, and may remove others.
func (w *wheel) sweep(now time.Time, expired func(*request)) {
	last := int64(now.Sub(w.start) / tick)
	for ; w.next <= last; w.next++ {
		l := &w.slots[w.next%int64(len(w.slots))]
		var next link // marks the place, whatever expired removes
		for k := l.root.next; k != nil && k != &l.root; {
			l.insert(&next, nil, k)
			if r := k.of; !r.deadline.After(now) {
				expired(r)
			}
			k = next.next
			next.remove()
		}
	}
}
