package follow

// Contents of a log's path, and how a file is recognised as having a known content.

import (
	"bytes"
	"errors"
	"io/fs"
	"time"
)

// log is a path matched by the patterns. Rotation gives a log one content after another. A log
// belongs to the goroutine of Run.
type log struct {
	path     string
	contents []*content // known contents, the youngest first
	current  *openFile  // file at the path; nil: no file, or not opened
	alias    bool       // the path leads to a file of another log

	until  time.Time          // the rotated files are looked at again until then; zero: they are not
	polled uint64             // poll of the last look at them
	doubts map[fileKey]*doubt // rotated files, perhaps unfinished copies

	info fs.FileInfo // of the path at this poll; nil: there is no file
	poll uint64      // that set info
}

// doubt is a rotated file, perhaps an unfinished copy.
type doubt struct {
	until time.Time // the file is taken as it is then
	over  bool      // until has passed
}

// content is the content of a file, past or present, and the position in the content. The
// mutex of the ledger guards the entry and all fields changed by Ack.
type content struct {
	log  *log
	slot int // slot of the entry; 0: none
	entry
	read     point     // records before this point were handed over; stale while file is set
	ended    bool      // nothing more will be read; done follows when all is acknowledged
	restored bool      // an earlier process left the entry
	file     *openFile // file being read; nil: none
	until    time.Time // time to give the content up unless a file has the content; zero: not missed
}

// openFile is a file that is read.
type openFile struct {
	*candidate
	content *content
	unzip   *unzipper // of a compressed file that is being read
	pending []byte    // of a compressed file: the tail, and bytes not handed over

	start int64 // bytes before start were handed over
	tail  tail  // before start
	place place // at start

	ready    bool      // there may be something to read
	want     int       // bytes to read at once
	until    time.Time // time to close a file without a path, unless the file grows; zero: the file has a path
	final    bool      // the file does not grow any more
	lost     bool      // the file has other content now
	lineCame time.Time // when place.complete changed last
	complete int64     // start of the last unfinished line then
	partial  []byte    // from start to the file's end, if that is not much; for when the file is truncated
	zeros    int64     // from start to here there are zero bytes only
	again    int64     // records before this offset may have been handed over by another process
	skipped  bool      // the encoding is not read
}

// isOpen says whether the content is being read from a file.
func (c *content) isOpen() bool { return c.file != nil && !c.file.lost }

// isMissing says whether the end of a content was not read, and no file with the content is
// known.
func (c *content) isMissing() bool {
	return c.file == nil && !c.ended || c.file != nil && c.file.lost && !c.file.final
}

// verdict says how a file relates to a content.
type verdict int

const (
	other    verdict = iota // something else
	tooEarly                // too short to tell
	partly                  // a copy of the beginning of the read part
	same                    // the content, or a copy of the whole read part
)

// find returns the content most like a file, the youngest of several.
func (l *log) find(k *candidate) (best *content, v verdict) {
	for _, c := range l.contents {
		if now := c.compare(k); now > v {
			best, v = c, now
		}
	}
	return best, v
}

// compare says how a file relates to a content.
func (c *content) compare(k *candidate) verdict {
	if c.isOpen() {
		return c.file.compare(k)
	}
	return c.identity.compare(k, c.read, c.whole, c.ended)
}

// compare says how another file relates to an open file. A copy is not longer than the open
// file, and ends with equal bytes.
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

// compare says how a file relates to a content with the position at. A file shorter than the
// prefix of the content, with equal bytes, counts as a copy. All files of zero bytes look
// alike: only the inode counts.
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
