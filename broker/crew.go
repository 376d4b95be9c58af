package broker

// Crews: workers that serve the same rule sets, of which the one that should get the
// next request is found without looking at the others.

import (
	"sort"
	"strings"
	"time"

	"trawl/edge/wire"
)

// crew is all workers of a kind that serve the same packs. Rule sets are linked to crews,
// not to workers: when a worker answers, it moves in one heap, however many rule sets it
// serves. A crew whose last worker has left is unlinked and forgotten.
type crew struct {
	key      string
	plain    bool
	hashes   map[string]string // of the pack of each rule set, by name
	packs    []packName        // the same, by name
	links    []*crewLink       // rule sets and packs that the crew serves
	byTarget map[*target]*crewLink
	workers  int
	ready    workerHeap   // those with room
	crowded  workerHeap   // those with room for what workers ask only, see worker.crowded
	failing  list[worker] // workers that keep failing, see worker.failing
	draining int          // workers that take nothing new
	now      int64        // turn of the target that was served last, see crewLink.turn
}

// crewLink is a target that a crew serves.
type crewLink struct {
	target *target
	crew   *crew
	at     int // in target.crews
	// turn is what the crew has done for the target, in units of queue.go, weighted by
	// priority: the target with the lowest turn is next.
	turn int64
}

// packName is a pack of a rule set.
type packName struct{ name, hash string }

// packNames lists what a worker serves, and can read, in the order of the names, with a key that
// is the same for the same list.
func packNames(rules []wire.ServedRules) (packs []packName, key string) {
	packs = make([]packName, 0, len(rules))
	for i := range rules {
		if !rules[i].Unreadable {
			packs = append(packs, packName{rules[i].Name, rules[i].Hash})
		}
	}
	sort.Slice(packs, func(i, j int) bool { return packs[i].name < packs[j].name })
	var b strings.Builder
	for _, p := range packs {
		b.WriteString(p.name)
		b.WriteByte('@') // is in no name
		b.WriteString(p.hash)
		b.WriteByte(0)
	}
	return packs, b.String()
}

// enlist puts w into the crew of its rules, made if it is the first, and links that to
// its targets.
func (r *router) enlist(w *worker) {
	key := w.packKey
	if w.plain {
		key = "plain " + key
	}
	c := r.crews[key]
	if c == nil {
		c = r.newCrew(key, w)
	}
	w.crew = c
	c.count(w, 1)
	if w.failing() {
		c.failing.pushBack(&w.inFailing, w)
		r.unlessAvoided(c)
	}
	r.sort(w)
}

// newCrew makes a crew for w, the first of its workers.
func (r *router) newCrew(key string, w *worker) *crew {
	c := &crew{key: key, plain: w.plain, packs: w.packs, hashes: make(map[string]string, len(w.packs)), byTarget: make(map[*target]*crewLink)}
	for _, p := range c.packs {
		c.hashes[p.name] = p.hash
	}
	r.crews[key] = c
	linked := 0
	link := func(*batch) bool {
		for ; linked < len(c.packs) && r.crews[key] == c; linked++ {
			if r.spent() {
				return false
			}
			r.linkPack(c, c.packs[linked])
		}
		return true
	}
	if !link(nil) {
		r.later(link)
	}
	return c
}

// count counts w, n times, among those of its crew.
func (c *crew) count(w *worker, n int) {
	c.workers += n
	if w.draining {
		c.draining += n
	}
}

// quit takes w out of its crew and returns that.
func (r *router) quit(w *worker) *crew {
	c := w.crew
	r.unsort(w)
	c.count(w, -1)
	w.inFailing.remove()
	w.crew = nil
	if c.workers == 0 {
		delete(r.crews, c.key)
	}
	r.unlessAvoided(c)
	return c
}

// unlessAvoided lets the workers of a crew that keep failing work if no other is left: then
// they are not avoided any more.
func (r *router) unlessAvoided(c *crew) {
	if c.failing.n == 0 || c.failing.n < c.workers {
		return
	}
	left := c.failing.n
	r.later(func(out *batch) bool { // workers that join or fail meanwhile make a chore of their own
		for ; left > 0 && c.failing.n > 0; left-- {
			if r.spent() {
				return false
			}
			r.visit(1)
			w := c.failing.rotate()
			r.sort(w)
			r.fillWorker(w, out)
		}
		return true
	})
}

// disband unlinks a crew if no worker is left in it. replaced: the last one serves other rules now.
func (r *router) disband(c *crew, replaced bool) {
	if c.workers > 0 {
		return
	}
	r.later(func(*batch) bool {
		for n := len(c.links); n > 0; n = len(c.links) {
			if r.spent() {
				return false
			}
			l := c.links[n-1]
			c.links = c.links[:n-1]
			r.unlink(l, replaced)
		}
		return true
	})
}

// linkPack links a crew to a rule set that it serves, and to its pack if somebody has
// asked for that.
func (r *router) linkPack(c *crew, p packName) {
	r.link(r.target(targetKey{name: p.name}), c)
	if p.hash == "" {
		return
	}
	if t := r.targets[packKey(p.name, p.hash)]; t != nil && t.isPack(p.hash) {
		t.hash = p.hash
		r.link(t, c)
	}
}

// serves reports whether the crew serves a rule set, by name or name@hash.
func (c *crew) serves(rules string) bool {
	name, hash := wire.SplitRules(rules)
	full, ok := c.hashes[name]
	return ok && strings.HasPrefix(full, hash)
}

// sort puts w where it belongs after something of it has changed: into the heap of its crew
// if it has room, and into the list of those that others could help.
func (r *router) sort(w *worker) {
	if w.crew == nil {
		return
	}
	var want *workerHeap
	idle := 0
	if w.isAvailable() {
		want = &w.crew.ready
		if w.crowded() {
			want = &w.crew.crowded
		}
		idle = max(0, w.slots-w.active())
	}
	r.idle += idle - w.idleSlots
	w.idleSlots = idle
	switch {
	case want != w.heap:
		if w.heap != nil {
			w.heap.remove(w)
		}
		if want != nil {
			want.push(w)
		}
	case want != nil:
		want.fix(w)
	}
	switch behind := w.active() > w.begun; {
	case !behind:
		w.inBehind.remove()
	case w.inBehind.in == nil:
		r.behind.pushBack(&w.inBehind, w)
	}
}

// unsort takes w out of where sort has put it, until it is sorted again.
func (r *router) unsort(w *worker) {
	if w.heap != nil {
		w.heap.remove(w)
	}
	r.idle -= w.idleSlots
	w.idleSlots = 0
	w.inBehind.remove()
}

// best returns the least loaded worker of a heap; neither one that is silent, which is
// taken out until it has answered, nor but. Nil if there is none, or if the critical section
// is exhausted.
func (r *router) best(h *workerHeap, but *worker, now time.Time) *worker {
	for len(h.workers) > 0 && !r.exhausted() {
		w := h.workers[0]
		if w == but {
			w = h.second()
			if w == nil {
				return nil
			}
		}
		r.visit(1)
		if !w.silent(now) {
			return w
		}
		r.unsort(w)
	}
	return nil
}

// workerHeap is a heap of four children a node: the worker with the least outstanding per
// slot first, among equals the longest idle.
type workerHeap struct{ workers []*worker }

const heapChildren = 4

func (h *workerHeap) push(w *worker) {
	w.heap, w.heapAt = h, len(h.workers)
	h.workers = append(h.workers, w)
	h.up(w)
}

func (h *workerHeap) remove(w *worker) {
	i, last := w.heapAt, len(h.workers)-1
	moved := h.workers[last]
	h.workers[last] = nil
	h.workers = h.workers[:last]
	w.heap = nil
	if moved != w {
		h.workers[i], moved.heapAt = moved, i
		h.fix(moved)
	}
}

// fix moves w to its place after its load has changed.
func (h *workerHeap) fix(w *worker) {
	if !h.up(w) {
		h.down(w)
	}
}

func (h *workerHeap) up(w *worker) (moved bool) {
	i := w.heapAt
	for i > 0 {
		parent := (i - 1) / heapChildren
		if !w.lessLoaded(h.workers[parent]) {
			break
		}
		h.put(i, h.workers[parent])
		i, moved = parent, true
	}
	h.put(i, w)
	return moved
}

func (h *workerHeap) down(w *worker) {
	i := w.heapAt
	for {
		least := h.leastChild(i)
		if least < 0 || !h.workers[least].lessLoaded(w) {
			break
		}
		h.put(i, h.workers[least])
		i = least
	}
	h.put(i, w)
}

func (h *workerHeap) put(i int, w *worker) { h.workers[i], w.heapAt = w, i }

// leastChild returns the index of the least loaded child of i, -1 if it has none.
func (h *workerHeap) leastChild(i int) int {
	first := heapChildren*i + 1
	if first >= len(h.workers) {
		return -1
	}
	least := first
	for child := first + 1; child < min(first+heapChildren, len(h.workers)); child++ {
		if h.workers[child].lessLoaded(h.workers[least]) {
			least = child
		}
	}
	return least
}

// second returns the worker after the first, nil if there is none.
func (h *workerHeap) second() *worker {
	if i := h.leastChild(0); i >= 0 {
		return h.workers[i]
	}
	return nil
}
