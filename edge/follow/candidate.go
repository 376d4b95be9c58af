package follow

// An open file of unknown content.

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

// candidate is an open file with a content to be recognised.
type candidate struct {
	path   string
	handle *os.File
	key    fileKey
	zipped bool
	size   int64     // of the file, when the file was looked at last
	time   time.Time // of the file's last change then
	prefix []byte    // of the content
}

// fileKey tells existing files apart.
type fileKey struct{ device, inode uint64 }

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
			err = nil // more may come
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return &fs.PathError{Op: "read", Path: k.path, Err: err}
	}
	k.prefix = slices.Clone(b[:n])
	return nil
}

// close closes the file of a candidate that nobody reads on.
func (k *candidate) close() { k.handle.Close() }

// before says whether the bytes before a point are in a file. If the content is shorter than
// that, length is the length of the content.
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

// bytesBefore returns up to tailSize bytes before an offset.
func (k *candidate) bytesBefore(offset int64) []byte {
	b := make([]byte, min(offset, tailSize))
	n, _ := k.handle.ReadAt(b, offset-int64(len(b)))
	return b[:n]
}

// isBlank says whether a file has zero bytes only, as far as is looked at: a copy of a file
// with a hole at the beginning starts like this.
func (k *candidate) isBlank() bool {
	return isZero(k.prefix) && (k.zipped || isZero(k.bytesBefore(k.size)))
}

// isCopyOf says whether the content is the beginning of another file.
func (k *candidate) isCopyOf(o *candidate) bool {
	info, err := o.handle.Stat()
	if err != nil || k.size == 0 || k.size > info.Size() {
		return false
	}
	return sameBytes(k.handle, o.handle, 0, min(k.size, prefixSize)) && sameBytes(k.handle, o.handle, max(0, k.size-tailSize), k.size)
}

func sameBytes(a, b io.ReaderAt, from, to int64) bool {
	x, y := make([]byte, to-from), make([]byte, to-from)
	if n, _ := a.ReadAt(x, from); n < len(x) {
		return false
	}
	n, _ := b.ReadAt(y, from)
	return n == len(y) && bytes.Equal(x, y)
}
