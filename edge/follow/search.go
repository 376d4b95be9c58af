package follow

// Rotated files: where the contents are that a log's path does not lead to any more, and
// which contents came and went between two polls.
//
// A follower remembers the contents of all rotated files seen so far. A rotated file with
// another content is new, whatever the name is. A file may be an unfinished copy
// of a known content, or an unfinished compressed file: such a file is looked at again at
// every poll, for 5 s at most. A content without a file is given up after as long a time.

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"time"
)

// search looks for the contents of a log among its rotated files, now and for a while.
func (f *Follower) search(now time.Time, l *log) {
	if _, ok := f.finder.matches(l.path); !ok {
		return
	}
	l.until = now.Add(lingerFor)
	f.look(now, l, true)
}

// lookAgain continues a search.
func (f *Follower) lookAgain(now time.Time, l *log) {
	if l.until.IsZero() || l.polled == f.polls {
		return
	}
	isOver := !now.Before(l.until)
	if isOver || l.isUnclear() {
		f.look(now, l, true)
	}
	if isOver && !l.isUnclear() {
		l.until = time.Time{}
	}
}

// isUnclear says whether a look at the rotated files may have another result soon.
func (l *log) isUnclear() bool {
	for _, d := range l.doubts {
		if !d.over {
			return true
		}
	}
	return l.misses()
}

// misses says whether a content is missing.
func (l *log) misses() bool { return slices.ContainsFunc(l.contents, (*content).isMissing) }

// look compares the rotated files of a log with the contents. Found contents are read on.
// Unknown contents are read from the beginning if begin is true.
func (f *Follower) look(now time.Time, l *log, begin bool) {
	l.polled = f.polls
	list, err := listSiblings(l.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.trouble(now, l.path, err)
	}
	s := &sighting{Follower: f, now: now, log: l, begin: begin, doubts: make(map[fileKey]*doubt)}
	for i, b := range list {
		// Files older than known files are old, even if the contents were forgotten.
		s.isOld = s.known && i >= f.keptDone()/4
		if s.isOld && !l.misses() {
			break
		}
		k, err := openCandidate(b.path, b.zipped)
		if err == nil {
			if !s.judge(k) {
				k.close()
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			f.trouble(now, b.path, err)
		}
	}
	l.doubts = s.doubts
	if begin {
		f.giveUpLate(now, l)
	}
}

// sighting is one look at the rotated files of a log.
type sighting struct {
	*Follower
	now    time.Time
	log    *log
	begin  bool
	known  bool               // a file had a content that was known
	isOld  bool               // the file cannot have a new content
	doubts map[fileKey]*doubt // for the next look
}

// judge says whether a rotated file stays open.
func (s *sighting) judge(k *candidate) (stays bool) {
	for _, x := range s.files {
		if x.key == k.key && !x.lost {
			s.known = s.known || x.content.log == s.log
			return false
		}
	}
	if k.size == 0 {
		s.isDoubtful(k)
		return false
	}
	c, v := s.log.find(k)
	if o := s.logs[k.path]; v != same && o != nil { // the path was a log before
		if oc, ov := o.find(k); ov == same {
			c, v = oc, ov
		}
	}
	switch {
	case v == same:
		s.known = true
		if c.isOpen() {
			return false // a copy
		}
		return s.goOn(c, k)
	case v == partly:
		s.known = true
		if c.isMissing() {
			s.isDoubtful(k)
		}
		return false
	case v == tooEarly, len(k.prefix) == 0, k.isBlank():
		if s.isDoubtful(k) || c != nil && k.zipped {
			return false
		}
	}
	if s.isOld || !s.begin {
		return false
	}
	if len(s.files) >= maxOpen {
		s.log.until = s.now.Add(lingerFor)
		return false
	}
	x := s.Follower.begin(s.now, s.log, k, false)
	x.until = s.now.Add(lingerFor)
	if x.again > 0 {
		x.again = math.MaxInt64 // a copy may grow
	}
	s.rotated = true
	return true
}

// isDoubtful says whether it is too early to judge a file.
func (s *sighting) isDoubtful(k *candidate) bool {
	d := s.log.doubts[k.key]
	if d == nil {
		d = &doubt{until: s.now.Add(lingerFor)}
	}
	s.doubts[k.key] = d
	d.over = !s.now.Before(d.until)
	return !d.over
}

// goOn reads a known content on from a rotated file, if the file has more.
func (s *sighting) goOn(c *content, k *candidate) (stays bool) {
	if c.ended && (k.zipped || k.size <= c.read.offset) {
		if k.zipped && c.inode != k.key.inode {
			s.mu.Lock()
			c.inode = k.key.inode // by which the file is known without being unpacked
			s.keepLocked(c)
			s.mu.Unlock()
		}
		return false
	}
	s.rotated = true
	s.resume(s.now, c, k).until = s.now.Add(lingerFor)
	return true
}

// findKnown looks for missing contents. It returns false if no rotated file has a missing
// content.
func (f *Follower) findKnown(now time.Time, l *log) bool {
	if !l.misses() {
		return true
	}
	f.look(now, l, false)
	return slices.ContainsFunc(l.contents, (*content).isOpen)
}

// giveUpLate gives up contents missing for lingerFor.
func (f *Follower) giveUpLate(now time.Time, l *log) {
	for _, c := range slices.Clone(l.contents) {
		switch {
		case !c.isMissing():
			c.until = time.Time{}
		case c.until.IsZero():
			c.until = now.Add(lingerFor)
		case now.Before(c.until):
		case c.file != nil:
			x := c.file
			if lost := x.size - x.start - int64(len(x.partial)); lost > 0 {
				f.gap(l.path, "the file was truncated, and no copy of it was found", lost)
			}
			f.end(x)
		default:
			if c.prefixLen > 0 {
				f.gap(l.path, "the rotated file that was read last was not found", 0)
			}
			f.setDone(c)
		}
	}
}

// giveUp marks all missing contents of a log as done.
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

// noteOld notes the rotated files of a new log as read, except copies. Compressed files are not
// unpacked. path is the file of the log.
func (f *Follower) noteOld(l *log, path *candidate) {
	list, err := listSiblings(l.path)
	if err != nil {
		return
	}
	known := []*candidate{path}
	for _, s := range list[:min(len(list), f.keptDone())] { // the youngest first
		k, err := openCandidate(s.path, s.zipped)
		if err != nil {
			continue
		}
		defer k.close()
		_, v := l.find(k)
		isCopy := slices.ContainsFunc(known, func(o *candidate) bool { return !k.zipped && !o.zipped && k.isCopyOf(o) })
		if len(k.prefix) > 0 && v < partly && !isCopy {
			known = append(known, k)
		}
	}
	for _, k := range slices.Backward(known[1:]) {
		var t tail
		var at point
		if !k.zipped {
			t.set(k.bytesBefore(k.size))
			at = t.point(k.size)
		}
		c := f.learn(l, k, at, true)
		c.whole = k.zipped
		f.keep(c)
	}
}
