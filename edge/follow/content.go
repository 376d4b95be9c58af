package follow

// Contents: what a log's path has or had, and how one of them is recognised in a file.

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"trawl/edge/files"
)

// log is one path that the patterns match. Rotation gives it one content after the other.
// It belongs to the goroutine of Run.
type log struct {
	path     string
	contents []*content // that are known, the younger ones first
	current  *openFile  // that the path leads to; nil: there is none, or it could not be opened
	alias    bool       // the path leads to a file that another log has

	// unclear has the rotated files that cannot be told from unfinished copies yet, and until
	// when they are looked at again.
	unclear map[fileKey]time.Time
	// partial: the search for rotated files has to be made again, before current is opened.
	partial bool

	info fs.FileInfo // of the path at this poll; nil: there is no file
	poll uint64      // that set info
}

// content is what one file had in it, or has, and how far it was read. What is kept of a
// content, with all that Ack changes, is guarded by the mutex of the ledger.
type content struct {
	log  *log
	slot int // that keeps the entry; 0: none
	entry
	read  point     // up to where records were handed over; file knows better if there is one
	ended bool      // nothing will be read any more; done follows when all is acknowledged
	file  *openFile // that the content is read from; nil: none
}

// fileKey tells files apart that exist at the same time.
type fileKey struct{ device, inode uint64 }

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

// candidate is an open file whose content may be a known one.
type candidate struct {
	path   string
	handle *os.File
	key    fileKey
	zipped bool
	size   int64     // of the file, when it was looked at last
	time   time.Time // of its last change then
	prefix []byte    // of the content
}

// openCandidate opens a file and reads the beginning of its content.
func openCandidate(path string, zipped bool) (*candidate, error) {
	f, info, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	k := &candidate{path: path, handle: f, key: keyOf(path, info), zipped: zipped, size: info.Size(), time: info.ModTime()}
	if !info.Mode().IsRegular() { // the null device
		err = &fs.PathError{Op: "open", Path: path, Err: files.ErrNotRegular}
	} else {
		err = k.begin()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return k, nil
}

// begin reads the prefix.
func (k *candidate) begin() error {
	b := make([]byte, prefixSize)
	var n int
	var err error
	if !k.zipped {
		n, err = k.handle.ReadAt(b, 0)
	} else {
		var u *unzipper
		if u, err = newUnzipper(k.handle); err == nil {
			n, err = u.read(b)
		}
		if errors.Is(err, errIncomplete) {
			err = nil // of which there may be more later
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return &fs.PathError{Op: "read", Path: k.path, Err: err}
	}
	k.prefix = slices.Clone(b[:n])
	return nil
}

// verdict is what a file is to a content.
type verdict int

const (
	other    verdict = iota // something else
	same                    // the content, or a copy of all that was read of it
	partly                  // a copy of its beginning
	tooEarly                // too short to tell
)

// compare says what a file is to a content.
func (c *content) compare(k *candidate) verdict {
	if x := c.file; x != nil && !x.lost {
		return x.compare(k)
	}
	at, n := c.read, c.prefixLen
	switch {
	case n == 0 && at.offset == 0 && k.key.inode == c.inode:
		return same // nothing was there, nothing was read
	case n == 0:
		return other
	case len(k.prefix) == 0:
		return tooEarly
	case len(k.prefix) < n && c.file != nil:
		if bytes.HasPrefix(c.file.prefix, k.prefix) {
			return partly
		}
		return other
	case len(k.prefix) < n:
		return tooEarly
	case sumOf(k.prefix[:n]) != c.prefix:
		return other
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

// before says whether the bytes before a point are in a file, or how long its content is if
// that is less.
func (k *candidate) before(p point) (found bool, length int64, err error) {
	var b [tailSize]byte
	t := b[:p.tailLen]
	from := p.offset - int64(p.tailLen)
	if !k.zipped {
		n, err := k.handle.ReadAt(t, from)
		if n < len(t) || p.offset > k.size {
			if err == nil || errors.Is(err, io.EOF) {
				return false, min(k.size, p.offset-1), nil
			}
			return false, 0, err
		}
		return sumOf(t) == p.tail, p.offset, nil
	}
	u, err := newUnzipper(k.handle)
	if err != nil {
		return false, 0, err
	}
	if n, err := u.skip(from); err != nil || n < from {
		return false, n, notEOF(err)
	}
	n, err := u.read(t)
	if n < len(t) {
		return false, from + int64(n), notEOF(err)
	}
	return sumOf(t) == p.tail, p.offset, nil
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// compare says what another file is to one that is open. A copy holds no more than the
// file itself, and ends as the file does there.
func (x *openFile) compare(k *candidate) verdict {
	switch {
	case k.key == x.key:
		return same
	case len(k.prefix) == 0:
		return tooEarly
	case k.zipped || x.zipped:
		return x.compareZipped(k)
	case isCopy(k, x.candidate):
		return partly
	}
	return other
}

// isCopy says whether the content of k is the beginning of that of another file.
func isCopy(k, of *candidate) bool {
	info, err := of.handle.Stat()
	if err != nil || k.size == 0 || k.size > info.Size() {
		return false
	}
	return sameBytes(k.handle, of.handle, 0, min(k.size, prefixSize)) && sameBytes(k.handle, of.handle, max(0, k.size-tailSize), k.size)
}

func sameBytes(a, b io.ReaderAt, from, to int64) bool {
	x, y := make([]byte, to-from), make([]byte, to-from)
	if n, _ := a.ReadAt(x, from); n < len(x) {
		return false
	}
	n, _ := b.ReadAt(y, from)
	return n == len(y) && bytes.Equal(x, y)
}

// compareZipped is compare for a file that is the compressed form of an open one. Its end
// is where that of the open file is.
func (x *openFile) compareZipped(k *candidate) verdict {
	switch {
	case x.zipped || x.size == 0 || !sameStart(k.prefix, x.handle):
		return other
	case len(k.prefix) < prefixSize && int64(len(k.prefix)) < x.size:
		return tooEarly
	}
	u, err := newUnzipper(k.handle)
	if err != nil {
		return tooEarly
	}
	from := max(0, x.size-tailSize)
	a, b := make([]byte, x.size-from), make([]byte, x.size-from)
	if n, err := u.skip(from); err != nil || n < from {
		return tooEarly
	}
	if _, err := u.read(a); err != nil {
		return tooEarly
	}
	if n, _ := x.handle.ReadAt(b, from); n < len(b) || !bytes.Equal(a, b) {
		return other
	}
	return same
}

func sameStart(prefix []byte, f io.ReaderAt) bool {
	b := make([]byte, len(prefix))
	n, _ := f.ReadAt(b, 0)
	return n == len(b) && bytes.Equal(b, prefix)
}
