package follow

// One look at all paths: which files came, changed, lost their path.

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"trawl/edge/files"
)

// poll looks at all files. It reads beginnings of files and no records, so that it does
// not call take.
func (f *Follower) poll(now time.Time) {
	f.polls++
	changed := f.lookUp(now)
	if len(changed) > 0 {
		f.change(now, changed)
	}
	for _, x := range slices.Clone(f.files) {
		f.check(now, x)
	}
	for _, l := range slices.Clone(f.order) {
		if f.first && l.current == nil && !l.alias {
			f.searchAlone(now, l)
		}
		if len(l.unclear) > 0 {
			f.lookAgain(now, l)
		}
	}
	if f.first {
		f.rememberPatterns()
		f.first = false
	}
	f.pruneDone()
	f.saveState(now)
}

// lookUp finds the logs and returns those whose path leads to another file than before, or
// to none.
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

// retire makes the current file of a log one that lost its path.
func (f *Follower) retire(now time.Time, l *log) {
	if x := l.current; x != nil {
		l.current = nil
		x.until = now.Add(lingerFor)
		x.ready = true
		f.rotated = true
	}
}

// adopt makes an open file the current one of a log: it was renamed.
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
	if c.log != l {
		c.log.contents = slices.DeleteFunc(c.log.contents, func(o *content) bool { return o == c })
		l.contents = slices.Insert(l.contents, 0, c)
		c.log = l
	}
	f.entries++
	f.mu.Lock()
	defer f.mu.Unlock()
	c.path, c.order, c.done, c.ended = l.path, f.entries, false, false
	f.keepLocked(c)
}

// check looks at an open file: whether it grew, and whether its content is still the one
// that was read.
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
		before := x.size
		x.size, x.time, x.ready = info.Size(), info.ModTime(), !x.skipped
		if !isCurrent {
			x.until = now.Add(lingerFor)
		} else if !f.sameContent(x) {
			f.truncated(now, x, before)
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

// sameContent compares the beginning of a file with what it was. What the file has more
// of, up to the length of a prefix, is noted.
func (f *Follower) sameContent(x *openFile) bool {
	if x.size < x.start {
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

func (f *Follower) setPrefix(x *openFile, prefix []byte) {
	x.prefix = slices.Clone(prefix)
	f.mu.Lock()
	defer f.mu.Unlock()
	x.content.prefixLen, x.content.prefix = len(prefix), sumOf(prefix)
}

// truncated deals with a current file whose content was replaced. What was not read of
// the old one may be in a copy of it.
func (f *Follower) truncated(now time.Time, x *openFile, size int64) {
	l := x.content.log
	l.current = nil
	x.content.read = x.tail.point(x.start)
	f.mu.Lock()
	x.lost = true
	f.mu.Unlock()
	x.ready, x.until = false, now.Add(lingerFor)
	x.size = size
	x.handle.Close()
	f.rotated = true
	f.arrive(now, l)
}

// arrive opens the file that a log's path leads to, and the rotated files between it and
// the ones that are known. It returns the log's current file.
func (f *Follower) arrive(now time.Time, l *log) *openFile {
	k, err := openCandidate(l.path, false)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.trouble(now, l.path, err)
		}
		if len(l.contents) > 0 {
			f.search(now, l, nil)
			f.missing(now, l)
		}
		return nil
	}
	f.mended(l.path)
	c := f.elsewhere(l, k)
	isNew := len(l.contents) == 0
	reached, complete := true, true
	switch {
	case c != nil:
	case isNew:
		f.noteOld(l)
	default:
		c, reached, complete = f.search(now, l, k)
	}
	switch {
	case !complete: // rotated files come first; current is opened at a later poll
		k.handle.Close()
		return nil
	case c != nil:
		f.move(c, l)
		l.current = f.resume(c, k)
	case isNew:
		l.current = f.begin(now, l, k, f.first && !f.o.FromBeginning && !f.seen(l.path))
	case !reached && f.isStale():
		f.gap(l.path, "the file that was read before the board lost power is gone", k.size)
		f.giveUp(l)
		l.current = f.begin(now, l, k, true)
	default:
		l.current = f.begin(now, l, k, false)
	}
	f.missing(now, l)
	f.rotated = true
	return l.current
}

// isStale says whether positions are older than what was read, since a plug was pulled.
func (f *Follower) isStale() bool { return f.first && f.state != nil && !f.state.exact }

// elsewhere returns the content of a file that was renamed while nobody looked.
func (f *Follower) elsewhere(l *log, k *candidate) *content {
	for _, o := range f.order {
		if o == l || o.current != nil {
			continue
		}
		for _, c := range o.contents {
			if c.inode == k.key.inode && c.file == nil && c.prefixLen > 0 && c.compare(k) == same {
				return c
			}
		}
	}
	return nil
}

// begin opens a content that was not known. Its beginning, or its end, is the first thing
// to be read.
func (f *Follower) begin(now time.Time, l *log, k *candidate, fromEnd bool) *openFile {
	x := f.newFile(k)
	if fromEnd {
		x.start = k.size
		x.tail.set(k.bytesBefore(k.size))
		x.place = placeAfter(x.tail.slice(), x.start)
	}
	x.content = f.learn(l, k, x.tail.point(x.start), false)
	x.content.file = x
	if isForeign(k.prefix) {
		f.skip(now, x)
	}
	f.add(x)
	return x
}

// resume goes on with a known content.
func (f *Follower) resume(c *content, k *candidate) *openFile {
	x := f.newFile(k)
	x.content = c
	x.start = c.read.offset
	if !k.zipped {
		x.tail.set(k.bytesBefore(x.start))
		x.place = placeAfter(x.tail.slice(), x.start)
	}
	f.mu.Lock()
	c.inode = k.key.inode
	c.prefixLen, c.prefix = len(k.prefix), sumOf(k.prefix)
	c.ended, c.done = false, false
	f.mu.Unlock()
	c.file = x
	if isForeign(k.prefix) {
		f.skip(time.Now(), x)
	}
	f.add(x)
	return x
}

func (f *Follower) newFile(k *candidate) *openFile {
	x := &openFile{candidate: k, ready: true, want: chunk}
	if f.first && f.state != nil && f.state.stored && !f.state.clean {
		x.again = k.size
		if k.zipped {
			x.again = 1 << 62
		}
	}
	return x
}

func (f *Follower) add(x *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = append(f.files, x)
}

// bytesBefore returns up to tailSize bytes before an offset.
func (k *candidate) bytesBefore(offset int64) []byte {
	b := make([]byte, min(offset, tailSize))
	n, _ := k.handle.ReadAt(b, offset-int64(len(b)))
	return b[:n]
}

// placeAfter says what is known of data by what lies before it.
func placeAfter(before []byte, offset int64) place {
	if len(before) == 0 || offset == int64(len(markUTF8)) && bytes.Equal(before, markUTF8) {
		return place{}
	}
	last := before[len(before)-1]
	within := last != '\n' && last != 0 // after a hole a line begins
	return place{continued: within, inLine: within}
}

var (
	markUTF8 = []byte("\xef\xbb\xbf")
	// Those of UTF-16, which begin those of UTF-32, too.
	markLE, markBE = []byte("\xff\xfe"), []byte("\xfe\xff")
	mark32         = []byte("\x00\x00\xfe\xff")
)

// isForeign says whether a text is in an encoding with more than one byte for a line feed.
func isForeign(prefix []byte) bool {
	return bytes.HasPrefix(prefix, markLE) || bytes.HasPrefix(prefix, markBE) || bytes.HasPrefix(prefix, mark32)
}

var errForeign = errors.New("the text is in UTF-16 or UTF-32, which is not matched; have it written in UTF-8")

// skip keeps a file open that is not read.
func (f *Follower) skip(now time.Time, x *openFile) {
	f.mu.Lock()
	x.skipped = true
	f.mu.Unlock()
	x.ready = false
	f.trouble(now, x.path, errForeign)
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
