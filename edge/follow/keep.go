package follow

// What is known about contents, in memory and in the state.

import (
	"cmp"
	"math"
	"slices"
)

// restore takes over what an earlier process left.
func (f *Follower) restore() {
	f.slots = make([]bool, 1, maxSlots)
	f.slots[0] = true // the head
	if f.state.damaged > 0 {
		f.warn("Positions are damaged: the lines of some files come again", "files", f.state.damaged)
	}
	for _, v := range f.state.values {
		e, err := parseEntry(v.value)
		if err != nil {
			continue // the slot is free
		}
		for len(f.slots) <= v.slot {
			f.slots = append(f.slots, false)
		}
		f.slots[v.slot] = true
		l := f.logOf(e.path)
		l.contents = append(l.contents, &content{log: l, slot: v.slot, entry: e, read: e.point, ended: e.done, restored: true})
		f.contents++
		f.entries = max(f.entries, e.order)
	}
	for _, l := range f.logs {
		slices.SortFunc(l.contents, func(a, b *content) int { return cmp.Compare(b.order, a.order) })
	}
	f.state.values = nil
}

// seen says whether an earlier process followed the pattern that matches a path.
func (f *Follower) seen(path string) bool {
	if f.state == nil {
		return false
	}
	pattern, _ := f.finder.matches(path)
	return slices.Contains(f.state.head.seen, hashName(pattern))
}

// rememberPatterns makes seen true for later processes.
func (f *Follower) rememberPatterns() {
	if f.state == nil {
		return
	}
	var seen [][8]byte
	for _, p := range f.finder.patterns {
		seen = append(seen, hashName(p))
	}
	if !slices.Equal(seen, f.state.head.seen) {
		f.state.head.seen = seen
		if err := f.state.writeHead(); err != nil {
			f.notKept(err)
		}
	}
}

// logOf returns the log of a path, a new one if there was none.
func (f *Follower) logOf(path string) *log {
	l := f.logs[path]
	if l == nil {
		l = &log{path: path}
		f.logs[path] = l
		i, _ := slices.BinarySearchFunc(f.order, path, func(l *log, path string) int { return cmp.Compare(l.path, path) })
		f.order = slices.Insert(f.order, i, l)
	}
	return l
}

// learn adds a content to those of a log, as the youngest.
func (f *Follower) learn(l *log, k *candidate, at point, done bool) *content {
	f.makeRoom()
	f.entries++
	c := &content{log: l, read: at, ended: done, entry: entry{
		path: l.path, order: f.entries, done: done,
		identity: identity{inode: k.key.inode, point: at},
	}}
	c.setPrefix(k.prefix)
	if f.state != nil {
		c.slot = slices.Index(f.slots, false)
		if c.slot < 0 {
			c.slot = len(f.slots)
			f.slots = append(f.slots, false)
		}
		f.slots[c.slot] = true
	}
	l.contents = slices.Insert(l.contents, 0, c)
	f.contents++
	f.keep(c)
	return c
}

// keep writes the entry of a content.
func (f *Follower) keep(c *content) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keepLocked(c)
}

func (f *Follower) keepLocked(c *content) {
	if c.slot == 0 {
		return
	}
	f.value = c.entry.append(f.value[:0])
	f.noteLocked(f.state.write(c.slot, f.value))
}

// positionsKey is where the problem of the positions is listed.
const positionsKey = "positions"

// noteLocked notes whether positions could be written.
func (f *Follower) noteLocked(err error) {
	switch t := f.problems[positionsKey]; {
	case err == nil && t != nil:
		delete(f.problems, positionsKey)
	case err != nil && t == nil:
		f.problems[positionsKey] = &trouble{err: err}
		f.warn("Positions cannot be written: lines come again after a restart; make room", "error", err)
	}
}

func (f *Follower) notKept(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noteLocked(err)
}

// commitLocked moves positions to where acknowledged batches end.
func (f *Follower) commitLocked(marks []mark) {
	for i := range marks {
		m := &marks[i]
		c := m.content
		c.point = m.tail.point(m.offset)
		f.finishLocked(c)
		f.keepLocked(c)
	}
}

// finishLocked marks a content as done after the end was read and acknowledged.
func (f *Follower) finishLocked(c *content) {
	if c.ended && c.offset == c.read.offset {
		c.done = true
		f.prune = true
	}
}

// forget frees what is kept of a content.
func (f *Follower) forget(c *content) {
	l := c.log
	l.contents = slices.DeleteFunc(l.contents, func(o *content) bool { return o == c })
	f.contents--
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.slot > 0 {
		f.noteLocked(f.state.write(c.slot, nil))
		f.slots[c.slot] = false
		c.slot = 0
	}
}

// keptDone is how many finished contents of a log are remembered, by which old rotated files
// are recognised.
func (f *Follower) keptDone() int {
	const least, most = 4, 64
	return min(max(least, maxContents/2/max(1, len(f.logs))), most)
}

// pruneDone forgets contents that nobody needs, and logs without any.
func (f *Follower) pruneDone() {
	f.mu.Lock()
	prune := f.prune
	f.prune = false
	f.mu.Unlock()
	if !prune {
		return
	}
	for _, l := range slices.Clone(f.order) {
		done := 0
		for _, c := range slices.Clone(l.contents) {
			if !f.isDone(c) {
				continue
			}
			if done++; done > f.keptDone() {
				f.forget(c)
			}
		}
		f.dropLog(l)
	}
}

// dropLog forgets a log that has neither a file nor a past.
func (f *Follower) dropLog(l *log) {
	if l.current == nil && len(l.contents) == 0 && l.info == nil {
		delete(f.logs, l.path)
		f.order = slices.DeleteFunc(f.order, func(o *log) bool { return o == l })
	}
}

func (f *Follower) isDone(c *content) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return c.done && c.file == nil
}

// makeRoom forgets the oldest content without an open file when there are too many, a finished
// content if there is any.
func (f *Follower) makeRoom() {
	for f.contents >= maxContents { // of which at most maxOpen are read
		var oldest *content
		least := uint64(math.MaxUint64)
		for _, l := range f.order {
			for _, c := range l.contents {
				age := c.order
				if !f.isDone(c) {
					age += math.MaxUint64 / 2
				}
				if c.file == nil && age < least {
					oldest, least = c, age
				}
			}
		}
		f.forget(oldest)
		f.dropLog(oldest.log)
	}
}
