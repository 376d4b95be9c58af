package broker

// Critical sections of the router: how they begin, how they end, and how work
// that may be long is cut into slices.

import "runtime"

// sliceItems is how many items (requests, workers, clients, targets) one critical
// section handles before the rest is left for the next one. A section that has
// begun with an item finishes it, so what a section visits is a few times that.
const sliceItems = 128

// section is what a router knows of the critical section that it is in.
type section struct {
	visited int     // items looked at in this section
	chores  []chore // work that the section leaves behind, the oldest first
	longest int     // most items that one section has visited; for tests
}

// chore is work of any length. It does a part of it, until the section is spent, and
// reports whether nothing is left. It is called with the router's lock held.
type chore func(out *batch) (done bool)

// lock begins a critical section; leave ends it.
func (r monitor) lock() {
	r.mu.Lock()
	r.beganSection()
	r.visited = 0
}

func (r monitor) unlock() {
	r.longest = max(r.longest, r.visited)
	r.endedSection()
	r.mu.Unlock()
}

// visit counts items that the section has looked at.
func (r *router) visit(n int) { r.visited += n }

// spent reports whether the section has done enough and leaves the rest to the next.
func (r *router) spent() bool { return r.visited >= sliceItems }

// exhausted reports whether the section must not begin anything more that looks at many items.
func (r *router) exhausted() bool { return r.visited >= 4*sliceItems }

// later adds a chore to the work that must follow the section, which ends with leave.
func (r *router) later(c chore) { r.chores = append(r.chores, c) }

// leave ends a critical section after the work that the section has left behind:
// chores are done in slices, between which others get the lock, and workers hear
// which of their requests nobody waits for any more. Each goroutine does the chores of
// its own sections: the peer that causes work waits for that work to be done, and no other
// peer does. Chores of several goroutines take turns, so each looks again at what
// may have changed between two slices.
func (r monitor) leave(out *batch) {
	r.work(out)
	for len(r.chores) > 0 {
		left := r.chores
		r.chores = nil
		r.unlock()
		at := out.at
		out.flush()
		out.at = at
		runtime.Gosched()
		r.lock()
		r.chores = left
		r.work(out)
	}
	r.unlock()
}

// work does chores until the section is spent.
func (r *router) work(out *batch) {
	for len(r.chores) > 0 && !r.spent() {
		c := r.chores[0]
		if c(out) {
			r.chores[0] = nil
			if r.chores = r.chores[1:]; len(r.chores) == 0 {
				r.chores = nil
			}
		}
	}
	r.tellCancelled(out)
}
