package broker

// A timing wheel for deadlines.

import "time"

// tick is how exact deadlines are kept.
const tick = 25 * time.Millisecond

// wheel finds the requests whose deadline has passed: a ring of lists, one a
// tick, where a request lies under its deadline modulo the ring. Adding and
// removing take constant time, whatever the number of requests (Varghese and
// Lauck, Hashed and Hierarchical Timing Wheels, 1987).
type wheel struct {
	slots  [512]list[request]
	start  time.Time
	next   int64         // the first tick that was not swept yet
	marker link[request] // where a sweep has stopped in the list of that tick
}

func (w *wheel) init(now time.Time) { w.start = now }

func (w *wheel) add(q *request) {
	t := max(int64(q.deadline.Sub(w.start)/tick)+1, w.next)
	w.slots[t%int64(len(w.slots))].pushBack(&q.inWheel, q)
}

// sweep calls expired for the requests whose deadline is not after now; the call must remove
// the request from the wheel, and may remove others. more is asked before each request: if
// it says no, sweep returns false and the next sweep goes on from there.
func (w *wheel) sweep(now time.Time, more func() bool, expired func(*request)) (done bool) {
	last := int64(now.Sub(w.start) / tick)
	if first := last - int64(len(w.slots)) + 1; w.next < first { // once around is all of them
		w.marker.remove()
		w.next = first
	}
	for ; w.next <= last; w.next++ {
		l := &w.slots[w.next%int64(len(w.slots))]
		k := l.root.next
		if w.marker.in != nil {
			k = w.marker.next
			w.marker.remove()
		}
		for k != nil && k != &l.root {
			if !more() {
				l.insert(&w.marker, nil, k.prev)
				return false
			}
			l.insert(&w.marker, nil, k) // marks the place, whatever expired removes
			if q := k.of; !q.deadline.After(now) {
				expired(q)
			}
			k = w.marker.next
			w.marker.remove()
		}
	}
	return true
}
