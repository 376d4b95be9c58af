package follow

// Contents: what a log's path has or had, and how one of them is recognised in a file.

import (
	"bytes"
	"errors"
	"io/fs"
	"time"
)

// log is one path that the patterns match. Rotation gives it one content after the other.
// It belongs to the goroutine of Run.
type log struct {
	path     string
	contents []*content // that are known, the younger ones first
	current  *openFile  // that the path leads to; nil: there is none, or it could not be opened
	alias    bool       // the path leads to a file that another log has

	until  time.Time          // the rotated files are looked at again until then; zero: they are not
	polled uint64             // poll of the last look at them
	doubts map[fileKey]*doubt // rotated files that cannot be told from unfinished copies

	info fs.FileInfo // of the path at this poll; nil: there is no file
	poll uint64      // that set info
}

// doubt is a rotated file that may be an unfinished copy.
type doubt struct {
	until time.Time // the file is taken as it is then
	over  bool      // until has passed
}

// content is what one file had in it, or has, and how far it was read. What is kept of a
// content, with all that Ack changes, is guarded by the mutex of the ledger.
type content struct {
	log  *log
	slot int // that keeps the entry; 0: none
	entry
	read     point     // up to where records were handed over; file knows better if there is one
	ended    bool      // nothing will be read any more; done follows when all is acknowledged
	restored bool      // an earlier process left the entry
	file     *openFile // that the content is read from; nil: none
	until    time.Time // the content is given up then if no file has it; zero: no file was missed
}

// openFile is a file that is read.
type openFile struct {
	*candidate
	content *content
	unzip   *unzipper // of a compressed file that is being read
	pending []byte    // of a compressed file: what was read and not handed over, after the tail

	start int64 // what lies before was handed over
	tail  tail  // before start
	place place // of what begins at start

	ready    bool      // there may be something to read
	want     int       // bytes to read at once
	until    time.Time // a file without its path is closed then, unless it grows; zero: it has its path
	final    bool      // the file does not grow any more
	lost     bool      // the file has other content now
	lineCame time.Time // when place.complete changed last
	complete int64     // start of the last unfinished line then
	partial  []byte    // from start to the file's end, if that is not much; for when the file is truncated
	zeros    int64     // from start to here there are zero bytes only
	again    int64     // records before this offset may have been handed over by another process
	skipped  bool      // it is in an encoding that is not read
}

// isOpen says whether the content is being read from a file that has it.
func (c *content) isOpen() bool { return c.file != nil && !c.file.lost }

// isMissing says whether a content was not read to its end, and no file is known that
// has it.
func (c *content) isMissing() bool {
	return c.file == nil && !c.ended || c.file != nil && c.file.lost && !c.file.final
}

// verdict is what a file is to a content.
type verdict int

const (
	other    verdict = iota // something else
	tooEarly                // too short to tell
	partly                  // a copy of the beginning of what was read
	same                    // the content, or a copy of all that was read
)

// find returns the content that a file is most like. It prefers younger ones.
func (l *log) find(k *candidate) (best *content, v verdict) {
	for _, c := range l.contents {
		if now := c.compare(k); now > v {
			best, v = c, now
		}
	}
	return best, v
}

// compare says what a file is to a content.
func (c *content) compare(k *candidate) verdict {
	if c.isOpen() {
		return c.file.compare(k)
	}
	return c.identity.compare(k, c.read, c.whole, c.ended)
}

// compare says what another file is to one that is open. A copy holds no more than the
// file itself, and ends as the file does there.
func (x *openFile) compare(k *candidate) verdict {
	switch {
	case k.key == x.key:
		return same
	case len(k.prefix) == 0 || x.size == 0:
		return other
	case !k.zipped && !x.zipped:
		if k.isCopyOf(x.candidate) {
			return same
		}
		return other
	}
	n := min(len(k.prefix), len(x.prefix))
	if !bytes.Equal(k.prefix[:n], x.prefix[:n]) {
		return other
	}
	id := x.content.identity
	id.setPrefix(x.prefix[:n])
	v := id.compare(k, x.tail.point(x.start), false, false)
	if v == partly {
		v = same
	}
	return v
}

// compare says what a file is to a content that was read up to at. A file that is shorter than
// the prefix of the content, and begins with the same bytes, counts as a copy. A file with zero
// bytes alone looks like any other such file: only its inode counts.
func (id *identity) compare(k *candidate, at point, whole, ended bool) verdict {
	n := id.prefixLen
	inode := k.key.inode == id.inode
	switch {
	case n == 0 || len(k.prefix) == 0:
		return other
	case len(k.prefix) < n && !id.isLike(k.prefix):
		return other
	case len(k.prefix) < n && whole:
		return partly
	case len(k.prefix) < n: // the bytes behind the position may be missing
		n = len(k.prefix)
	case sumOf(k.prefix[:n]) != id.prefix:
		return other
	}
	isBlank := isZero(k.prefix[:n]) && at.isBlank()
	switch {
	case isBlank && !inode:
		return other
	case whole && len(k.prefix) > id.prefixLen:
		return other
	case whole, !isBlank && ended && inode && k.zipped && n == prefixSize:
		return same // it was unpacked before
	}
	found, length, err := k.before(at)
	switch {
	case errors.Is(err, errIncomplete):
		return tooEarly
	case err != nil, length == at.offset && !found:
		return other
	case length < at.offset:
		return partly
	}
	return same
}
