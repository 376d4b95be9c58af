package follow

// Rotated files: where the contents are that a log's path does not lead to any more, and
// which contents came and went between two polls.

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// found is a file beside a log, or the file of the log itself.
type found struct {
	sibling
	key     fileKey
	isPath  bool       // it is the file of the log itself
	empty   bool       // a rotated file without content, as yet
	content *content   // that the file has; nil: none that is known
	opened  *candidate // nil: it is not open
}

func (e *found) close() {
	if e.opened != nil && !e.isPath {
		e.opened.handle.Close()
		e.opened = nil
	}
}

// search looks for the contents of one log.
type search struct {
	*Follower
	now     time.Time
	log     *log
	path    *candidate // the file that the log's path leads to; nil: there is none
	all     []*found   // path first, then the rotated files, the youngest first
	located map[*content]bool
	reached bool // a content was found that was known before; what is older is known, too
}

// search looks for the contents of a log among its rotated files and in k, the file that
// its path leads to, which may be nil. Those that are found are read on. Rotated files
// that are younger than all known contents are read from their beginning. Results are the
// content of k, if it is known; whether a known content was found at all; and whether
// the search is complete: it is not if too many files are open.
func (f *Follower) search(now time.Time, l *log, k *candidate) (c *content, reached, complete bool) {
	s := &search{Follower: f, now: now, log: l, path: k, located: make(map[*content]bool)}
	s.list()
	s.byInode()
	var unknown []*found
	for _, e := range s.all {
		if e.content == nil && !e.isPath {
			if s.reached && !s.misses() {
				break
			}
			if !s.recognise(e) && !s.reached {
				unknown = append(unknown, e)
			}
			e.close()
		}
		s.reached = s.reached || e.content != nil
	}
	c = s.contentOfPath()
	if !s.reached && f.isStale() {
		return nil, false, true
	}
	for _, e := range slices.Backward(unknown) {
		if !f.beginRotated(now, l, e) {
			return c, s.reached, false
		}
	}
	return c, s.reached, true
}

// list finds the files.
func (s *search) list() {
	if s.path != nil {
		s.all = append(s.all, &found{sibling: sibling{path: s.log.path}, key: s.path.key, opened: s.path, isPath: true})
	}
	list, err := listSiblings(s.log.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.trouble(s.now, s.log.path, err)
	}
	for _, b := range list {
		if info, err := os.Stat(b.path); err == nil && info.Mode().IsRegular() {
			s.all = append(s.all, &found{sibling: b, key: keyOf(b.path, info), empty: info.Size() == 0})
		}
	}
}

// byInode finds contents whose files only have other names.
func (s *search) byInode() {
	for _, e := range s.all {
		for _, c := range s.log.contents {
			switch x := c.file; {
			case e.content != nil:
			case x != nil && !x.lost:
				if x.key == e.key {
					s.locate(c, e)
				}
			case c.inode == e.key.inode && (x == nil || !e.isPath) && !s.located[c]:
				if s.openFound(s.now, e) && c.compare(e.opened) == same {
					s.locate(c, e)
				}
			}
		}
		e.close()
	}
}

// locate notes which file has a content. If it is a rotated one, it is read on.
func (s *search) locate(c *content, e *found) {
	e.content = c
	s.located[c] = true
	if !e.isPath && (c.file == nil || c.file.lost) {
		s.goOn(s.now, c, e)
	}
}

// misses says whether a content was not found yet that has to be read on.
func (s *search) misses() bool {
	return slices.ContainsFunc(s.log.contents, func(c *content) bool { return c.isMissing() && !s.located[c] })
}

// recognise compares a rotated file with what is known, and with the file of the path. It
// returns false if the file has another content.
func (s *search) recognise(e *found) bool {
	l := s.log
	switch {
	case e.empty && !s.reached:
		l.doubt(e.key, s.now)
		return true
	case e.empty, !s.openFound(s.now, e):
		return true
	}
	switch c, v := l.verdict(e.opened); {
	case v == same && (c.file == nil || c.file.lost) && !s.located[c]:
		s.locate(c, e)
	case v == same:
		s.reached = true // a copy of a file that is read
	case v == partly:
		s.reached = true
		if x := c.file; x != nil && x.lost {
			s.end(x) // the copy has no more than was read
		} else {
			l.doubt(e.key, s.now) // it may be growing, and become something else
		}
	case s.path != nil && !e.zipped && isCopy(e.opened, s.path), v == tooEarly:
		l.doubt(e.key, s.now)
	default:
		return false
	}
	return true
}

// contentOfPath returns the content of the file of the path. A file with another inode is
// compared after all rotated files, of which one is more likely to have the content.
func (s *search) contentOfPath() *content {
	if s.path == nil {
		return nil
	}
	e := s.all[0]
	for _, c := range s.log.contents {
		if e.content == nil && !s.located[c] && (c.file == nil || c.file.lost) && c.compare(s.path) == same {
			s.locate(c, e)
			s.reached = true
		}
	}
	return e.content
}

// doubt notes that a file has to be looked at again.
func (l *log) doubt(key fileKey, now time.Time) {
	if l.unclear == nil {
		l.unclear = make(map[fileKey]time.Time)
	}
	if _, ok := l.unclear[key]; !ok && len(l.unclear) < maxSiblings {
		l.unclear[key] = now.Add(lingerFor)
	}
}

// isMissing says whether a content was not read to its end, and no file is known that
// has it.
func (c *content) isMissing() bool {
	return c.file == nil && !c.ended || c.file != nil && c.file.lost && !c.file.final
}

// openFound opens a file for a comparison.
func (f *Follower) openFound(now time.Time, e *found) bool {
	if e.opened == nil {
		k, err := openCandidate(e.path, e.zipped)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				f.trouble(now, e.path, err)
			}
			return false
		}
		e.opened, e.key = k, k.key
	}
	return true
}

// verdict finds the content that a file is most like.
func (l *log) verdict(k *candidate) (best *content, v verdict) {
	rank := [...]int{other: 0, tooEarly: 1, partly: 2, same: 3}
	for _, c := range l.contents {
		now := c.compare(k)
		if k.zipped && now != same && c.ended && c.file == nil && c.compare(k.raw()) == same {
			now = same // noteOld noted it
		}
		if rank[now] > rank[v] {
			best, v = c, now
		}
	}
	return best, v
}

// raw is a compressed file as the bytes that it consists of.
func (k *candidate) raw() *candidate {
	r := *k
	r.zipped = false
	b := make([]byte, prefixSize)
	n, _ := k.handle.ReadAt(b, 0)
	r.prefix = b[:n]
	return &r
}

// goOn reads a known content on from a rotated file, if there is more in it.
func (f *Follower) goOn(now time.Time, c *content, e *found) {
	k := e.opened
	if c.ended && (k.zipped || k.size <= c.read.offset) {
		return
	}
	e.opened = nil // it stays open
	f.rotated = true
	x := c.file
	if x == nil {
		x = f.newFile(k)
		x.content, x.start = c, c.read.offset
		c.file = x
		f.add(x)
	}
	f.mu.Lock()
	x.candidate, x.lost = k, false
	c.ended, c.done = false, false
	f.mu.Unlock()
	x.ready, x.final, x.until, x.unzip = true, false, now.Add(lingerFor), nil
	if !k.zipped {
		x.tail.set(k.bytesBefore(x.start))
	}
	x.place = placeAfter(x.tail.slice(), x.start)
}

// beginRotated reads a rotated file whose content is new. It returns false if too many
// files are open, or if the file has another name by now.
func (f *Follower) beginRotated(now time.Time, l *log, e *found) bool {
	if len(f.files) >= maxOpen {
		return false
	}
	key := e.key
	if !f.openFound(now, e) {
		return true
	}
	if e.key != key {
		return false
	}
	k := e.opened
	e.opened = nil
	x := f.begin(now, l, k, false)
	x.until = now.Add(lingerFor)
	f.rotated = true
	return true
}

// searchAlone looks for the contents of a log that has no file at the moment.
func (f *Follower) searchAlone(now time.Time, l *log) {
	if _, ok := f.finder.matches(l.path); ok && slices.ContainsFunc(l.contents, (*content).isMissing) {
		f.search(now, l, nil)
		f.missing(now, l)
	}
}

// lookAgain compares the files again that were unclear.
func (f *Follower) lookAgain(now time.Time, l *log) {
	list, err := listSiblings(l.path)
	if err != nil {
		f.trouble(now, l.path, err)
	}
	known := f.youngestKnown(now, l, list)
	for i, s := range slices.Backward(list) {
		info, err := os.Stat(s.path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		e := &found{sibling: s, key: keyOf(s.path, info)}
		until, ok := l.unclear[e.key]
		if !ok || info.Size() == 0 {
			continue
		}
		f.lookAgainAt(now, l, e, !now.Before(until), i > known)
		if e.opened != nil {
			e.opened.handle.Close()
		}
	}
	for key, until := range l.unclear {
		if !now.Before(until) {
			delete(l.unclear, key)
		}
	}
	f.missing(now, l)
}

// youngestKnown returns the place in a list, the youngest file first, of the first rotated
// file whose content is known; its length if there is none.
func (f *Follower) youngestKnown(now time.Time, l *log, list []sibling) int {
	for i, s := range list {
		e := &found{sibling: s}
		if !f.openFound(now, e) {
			continue
		}
		c, v := l.verdict(e.opened)
		_, unclear := l.unclear[e.key]
		e.opened.handle.Close()
		if v == same && c.ended && !unclear {
			return i
		}
	}
	return len(list)
}

// lookAgainAt compares one file again. last says that its time is over, old that a younger
// file is known, so that this one is not new.
func (f *Follower) lookAgainAt(now time.Time, l *log, e *found, last, old bool) {
	key := e.key
	if !f.openFound(now, e) || e.key != key {
		return
	}
	c, v := l.verdict(e.opened)
	switch {
	case v == same:
		if c.file == nil || c.file.lost {
			f.goOn(now, c, e)
		}
	case v == partly, v == tooEarly && (!last || len(e.opened.prefix) == 0):
		return
	case old:
	case !f.beginRotated(now, l, e):
		return
	}
	delete(l.unclear, key)
}

// missing gives up contents that were not found, once there is no file any more that may
// turn out to have them.
func (f *Follower) missing(now time.Time, l *log) {
	if len(l.unclear) > 0 {
		return
	}
	for _, c := range slices.Clone(l.contents) {
		if !c.isMissing() {
			continue
		}
		if x := c.file; x != nil {
			if lost := x.size - x.start - int64(len(x.partial)); lost > 0 {
				f.gap(l.path, "the file was truncated, and no copy of it was found", lost)
			}
			f.end(x)
			continue
		}
		f.gap(l.path, "the rotated file that was read last was not found", 0)
		f.setDone(c)
	}
}

// giveUp marks all contents of a log as done that were not found.
func (f *Follower) giveUp(l *log) {
	for _, c := range l.contents {
		if c.isMissing() {
			f.setDone(c)
		}
	}
}

func (f *Follower) setDone(c *content) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.ended, c.done, f.prune = true, true, true
	f.keepLocked(c)
}

// end has a file read to its end and closed.
func (f *Follower) end(x *openFile) { x.final, x.ready = true, true }

// noteOld notes the youngest rotated files of a new log as read, so that a later search
// ends there. Compressed ones are noted as they are.
func (f *Follower) noteOld(l *log) {
	list, err := listSiblings(l.path)
	if err != nil {
		return
	}
	var old []*candidate
	for _, s := range list {
		if k, err := openCandidate(s.path, false); err == nil {
			defer k.handle.Close()
			old = append(old, k)
		}
		if len(old) == keptDone {
			break
		}
	}
	for _, k := range slices.Backward(old) {
		if k.size > 0 {
			var t tail
			t.set(k.bytesBefore(k.size))
			f.learn(l, k, t.point(k.size), true)
		}
	}
}
