package follow

// One look at all paths: new, changed, renamed and removed files.

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"trawl/edge/files"
)

// poll looks at all files. poll reads beginnings of files and no records, and never calls take.
func (f *Follower) poll(now time.Time) {
	f.polls++
	f.polled = now
	changed := f.lookUp(now)
	if len(changed) > 0 {
		f.change(now, changed)
	}
	for _, x := range slices.Clone(f.files) {
		f.check(now, x)
	}
	for _, l := range slices.Clone(f.order) {
		if f.first && l.current == nil && !l.alias && len(l.contents) > 0 {
			f.search(now, l)
		}
		f.lookAgain(now, l)
	}
	if f.first {
		f.rememberPatterns()
		f.first = false
	}
	f.pruneDone()
	f.saveState(now)
}

// lookUp finds the logs. changed are logs with another file at the path than before, or with
// none.
func (f *Follower) lookUp(now time.Time) (changed []*log) {
	paths, left := f.finder.find(now, func(path string) bool { return f.logs[path] != nil })
	current := 0
	for _, l := range f.order {
		if l.current != nil {
			current++
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		l := f.logs[path]
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && !info.Mode().IsRegular():
			_, _, err = files.Open(path) // that says what it is, and opens nothing
			if err == nil {
				err = files.ErrNotRegular
			}
			f.trouble(now, path, err)
			continue
		case err != nil:
			f.trouble(now, path, err)
			if l != nil && l.info != nil {
				l.poll = f.polls // as it was
			}
			continue
		case l == nil && len(path) > maxPath:
			f.trouble(now, path, errTooLong)
			continue
		case l == nil || l.current == nil && l.info == nil:
			if current++; current > maxFiles {
				left++
				continue
			}
			l = f.logOf(path)
		}
		l.info, l.poll = info, f.polls
	}
	f.mu.Lock()
	f.status.Left = left
	f.mu.Unlock()
	for _, l := range f.order {
		if l.poll != f.polls {
			l.info = nil
		}
		if l.isChanged() {
			changed = append(changed, l)
		}
	}
	return changed
}

var errTooLong = errors.New("the path is too long for positions; the log needs a shorter one")

func (l *log) isChanged() bool {
	if l.current == nil || l.info == nil {
		return l.current != nil || l.info != nil
	}
	return keyOf(l.path, l.info) != l.current.key
}

// change deals with logs whose path leads to another file.
func (f *Follower) change(now time.Time, changed []*log) {
	open := make(map[fileKey]*openFile, len(f.files))
	for _, x := range f.files {
		if !x.lost {
			open[x.key] = x
		}
	}
	for _, l := range changed {
		l.alias = false
		if l.info == nil {
			continue
		}
		x := open[keyOf(l.path, l.info)]
		switch {
		case x != nil && x.content.log.current == x && x.content.log.info != nil && !x.content.log.isChanged():
			l.alias = true // one file under two names is read once
			f.retire(now, l)
		case x != nil:
			f.adopt(now, l, x)
		case !f.blocked(now, l.path):
			f.retire(now, l)
			if x := f.arrive(now, l); x != nil {
				open[x.key] = x
			}
		}
	}
	for _, l := range changed {
		if l.info == nil {
			f.retire(now, l)
		}
	}
}

// retire notes that the current file of a log lost the path.
func (f *Follower) retire(now time.Time, l *log) {
	if x := l.current; x != nil {
		l.current = nil
		x.until = now.Add(lingerFor)
		x.ready = true
		f.rotated = true
		if info, err := x.handle.Stat(); err == nil {
			f.checkContent(now, x, info)
		}
	}
}

// checkContent compares the beginning of a changed file with the beginning read before. After a
// difference the content is lost: the unread part may be in a copy.
func (f *Follower) checkContent(now time.Time, x *openFile, info fs.FileInfo) (isSame bool) {
	if info.Size() == x.size && info.ModTime().Equal(x.time) {
		return true
	}
	before := x.size
	x.size, x.time, x.ready = info.Size(), info.ModTime(), !x.skipped
	if x.zipped || f.sameContent(x) {
		return true
	}
	x.size = before
	f.lose(now, x)
	return false
}

// lose deals with a file whose content was replaced.
func (f *Follower) lose(now time.Time, x *openFile) {
	x.content.read, x.content.until = x.tail.point(x.start), now.Add(lingerFor)
	f.mu.Lock()
	x.lost = true
	f.mu.Unlock()
	x.ready, x.until = false, now.Add(lingerFor)
	x.handle.Close()
	f.rotated = true
	if l := x.content.log; l.current == x {
		l.current = nil
		f.arrive(now, l)
	} else {
		l.until = now.Add(lingerFor) // for the search that follows
	}
}

// adopt makes a renamed open file the current file of a log.
func (f *Follower) adopt(now time.Time, l *log, x *openFile) {
	from := x.content.log
	if from.current == x {
		from.current = nil
	}
	f.retire(now, l)
	f.move(x.content, l)
	l.current = x
	x.path, x.until, x.final = l.path, time.Time{}, false
	f.mended(l.path)
	f.rotated = true
}

// move makes a content one of another log.
func (f *Follower) move(c *content, l *log) {
	c.log.contents = slices.DeleteFunc(c.log.contents, func(o *content) bool { return o == c })
	l.contents = slices.Insert(l.contents, 0, c)
	c.log = l
	f.entries++
	f.mu.Lock()
	defer f.mu.Unlock()
	c.path, c.order, c.done, c.ended = l.path, f.entries, false, false
	f.keepLocked(c)
}

// check looks for growth of an open file, and for another content.
func (f *Follower) check(now time.Time, x *openFile) {
	isCurrent := x.until.IsZero()
	if x.lost || !x.skipped && f.blocked(now, x.path) {
		return
	}
	info := x.content.log.info
	if !isCurrent {
		var err error
		if info, err = x.handle.Stat(); err != nil {
			f.trouble(now, x.path, err)
			return
		}
	}
	if info != nil && (info.Size() != x.size || !info.ModTime().Equal(x.time)) {
		if !isCurrent {
			x.until = now.Add(lingerFor)
		}
		if !f.checkContent(now, x, info) {
			return
		}
	}
	if f.cut.start != nil && x.complete > x.start && now.Sub(x.lineCame) >= recordWait {
		x.ready = true
	}
	if !isCurrent && !x.ready && !now.Before(x.until) {
		x.final, x.ready = true, true
	}
}

// sameContent compares the beginning of a file, and the bytes before start, with what they were. What the file has more
// of, up to the length of a prefix, is noted.
func (f *Follower) sameContent(x *openFile) bool {
	if x.size < x.start || !bytes.Equal(x.bytesBefore(x.start), x.tail.slice()) {
		return false
	}
	if len(x.prefix) == prefixSize && bytes.Equal(f.scratch(prefixSize, x), x.prefix) {
		return true
	}
	now := f.scratch(int(min(x.size, prefixSize)), x)
	if !bytes.HasPrefix(now, x.prefix) && !bytes.HasPrefix(x.prefix, now) || int64(len(now)) < min(x.start, prefixSize) {
		return false
	}
	if len(now) != len(x.prefix) {
		f.setPrefix(x, now)
	}
	return true
}

// scratch returns the first n bytes of a file, less if there are not so many. They are
// valid until the window is used.
func (f *Follower) scratch(n int, x *openFile) []byte {
	b := f.buffer(n)
	n, _ = x.handle.ReadAt(b, 0)
	return b[:n]
}

// growPrefix notes the beginning of a file grown since the last look, before the position moves
// past the noted bytes.
func (f *Follower) growPrefix(x *openFile) {
	if n := int64(len(x.prefix)); x.zipped || x.lost || n >= min(x.start, prefixSize) {
		return
	}
	b := make([]byte, min(x.start, prefixSize))
	n, _ := x.handle.ReadAt(b, 0)
	if b = b[:n]; len(b) > len(x.prefix) && bytes.HasPrefix(b, x.prefix) {
		f.setPrefix(x, b)
	}
}

func (f *Follower) setPrefix(x *openFile, prefix []byte) {
	x.prefix = slices.Clone(prefix)
	f.mu.Lock()
	defer f.mu.Unlock()
	x.content.setPrefix(x.prefix)
	f.keepLocked(x.content)
}

// saveState copies positions to the folder that survives a reboot when a file was rotated:
// then the medium is written to anyway.
func (f *Follower) saveState(now time.Time) {
	if !f.rotated || f.state == nil {
		return
	}
	ok, err := f.o.State.save(now)
	f.rotated = !ok
	f.notKept(err)
}
