package follow

// New files at a log's path, and the beginning of reading.

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"time"
)

// arrive opens the file at a log's path, and the rotated files since the last look. arrive
// returns the log's current file.
func (f *Follower) arrive(now time.Time, l *log) *openFile {
	k, err := openCandidate(l.path, false)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.trouble(now, l.path, err)
		}
		if len(l.contents) > 0 {
			f.search(now, l)
		}
		return nil
	}
	f.mended(l.path)
	f.rotated = true
	n := len(f.files)
	c := f.contentOf(l, k)
	switch isNew := len(l.contents) == 0; {
	case c != nil:
		f.mu.Lock()
		c.inode = k.key.inode
		f.mu.Unlock()
		f.move(c, l)
		l.current = f.resume(now, c, k)
	case isNew:
		f.noteOld(l, k)
		l.current = f.begin(now, l, k, f.first && !f.o.FromBeginning && !f.seen(l.path))
	case f.isStale() && !f.findKnown(now, l):
		f.gap(l.path, "the file that was read before the board lost power is gone", k.size)
		f.giveUp(l)
		f.noteOld(l, k)
		l.current = f.begin(now, l, k, true)
	default:
		l.current = f.begin(now, l, k, false)
	}
	f.search(now, l)
	slices.Reverse(f.files[n:]) // the oldest first
	return l.current
}

// isStale says whether positions are older than what was read, since a plug was pulled.
func (f *Follower) isStale() bool { return f.first && f.state != nil && !f.state.exact }

// contentOf returns the known content of the file that a log's path leads to; nil: there is
// none. A file may have been renamed from another log while nobody looked.
func (f *Follower) contentOf(l *log, k *candidate) *content {
	for _, c := range l.contents {
		switch {
		case c.isOpen():
		case c.compare(k) == same, c.prefixLen == 0 && len(k.prefix) == 0 && c.inode == k.key.inode && c.file == nil:
			return c
		}
	}
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

// begin opens an unknown content. Reading starts at the beginning of the content, or at the
// end.
func (f *Follower) begin(now time.Time, l *log, k *candidate, fromEnd bool) *openFile {
	x := f.newFile(now, k)
	if fromEnd {
		x.start = k.size
		x.tail.set(k.bytesBefore(k.size))
		x.place = placeAfter(x.tail.slice(), x.start)
	}
	x.content = f.learn(l, k, x.tail.point(x.start), false)
	x.content.file = x
	f.add(now, x)
	return x
}

// resume goes on with a known content from a file.
func (f *Follower) resume(now time.Time, c *content, k *candidate) *openFile {
	x := c.file // a lost one
	if x == nil {
		x = f.newFile(now, k)
		x.content, x.start = c, c.read.offset
		c.file = x
	}
	if x.again == 0 && c.restored && !f.state.clean {
		x.again = k.end()
	}
	f.mu.Lock()
	wasLost := x.lost
	x.candidate, x.lost = k, false
	c.ended, c.done, c.until = false, false, time.Time{}
	c.setPrefix(k.prefix)
	f.mu.Unlock()
	x.ready, x.final, x.until, x.unzip, x.zeros = true, false, time.Time{}, nil, 0
	if !k.zipped {
		x.tail.set(k.bytesBefore(x.start))
	}
	x.place = placeAfter(x.tail.slice(), x.start)
	if !wasLost {
		f.add(now, x)
	}
	return x
}

// doubtFor is how long after a crash any file may have records that were handed over before.
const doubtFor = 2 * lingerFor

// newFile returns a file to be read. After a crash, records already in the file may have been
// handed over before.
func (f *Follower) newFile(now time.Time, k *candidate) *openFile {
	x := &openFile{candidate: k, ready: true, want: chunk}
	if f.state == nil || !f.state.stored || f.state.clean {
		return x
	}
	if f.crashed.IsZero() {
		f.crashed = now
	}
	if now.Sub(f.crashed) <= doubtFor {
		x.again = k.end()
	}
	return x
}

// end is the end of the content, or a higher offset.
func (k *candidate) end() int64 {
	if k.zipped {
		return 1 << 62
	}
	return k.size
}

func (f *Follower) add(now time.Time, x *openFile) {
	f.mu.Lock()
	f.files = append(f.files, x)
	f.mu.Unlock()
	if isForeign(x.prefix) {
		f.skip(now, x)
	}
}

// placeAfter returns the place behind the given bytes.
func placeAfter(before []byte, offset int64) place {
	if len(before) == 0 || offset == int64(len(markUTF8)) && bytes.Equal(before, markUTF8) {
		return place{}
	}
	last := before[len(before)-1]
	within := last != '\n' && last != 0 // after a hole a line begins
	return place{continued: within, inLine: within}
}
