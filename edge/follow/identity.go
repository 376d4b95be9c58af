package follow

// The identity of a content. An inode alone says nothing: a file system gives the inode of a
// deleted file to the next new file.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"path/filepath"
)

const (
	prefixSize = 1024 // bytes of a file's beginning, for telling files apart
	firstSize  = 64   // bytes of a prefix kept without hashing
	tailSize   = 64   // bytes before an offset, compared before reading on
)

// sum is a hash of content.
type sum [16]byte

func sumOf(b []byte) sum {
	s := sha256.Sum256(b)
	return sum(s[:16])
}

// point is a place in a content, and what lies before the place.
type point struct {
	offset  int64
	tail    sum // hash of the bytes before offset
	tailLen int // how many of them, 64 at most
}

// isBlank says whether nothing but zero bytes is known of what lies before the point.
func (p *point) isBlank() bool { return p.tail == sumOf(make([]byte, p.tailLen)) }

// tail is the last bytes before a place.
type tail struct {
	bytes [tailSize]byte
	n     int
}

// set takes the end of b as the bytes before a place.
func (t *tail) set(b []byte) {
	t.n = copy(t.bytes[:], b[max(0, len(b)-tailSize):])
}

func (t *tail) slice() []byte { return t.bytes[:t.n] }

func (t *tail) point(offset int64) point {
	return point{offset, sumOf(t.slice()), t.n}
}

// identity is how a content is recognised: by the inode, the beginning, and the bytes before the
// position.
type identity struct {
	inode     uint64
	prefixLen int
	prefix    sum
	first     [firstSize]byte // of the prefix behind zero bytes, for a comparison with shorter files
	zeros     int             // at the beginning of the prefix
	bytes     []byte          // of the prefix, not kept over restarts; nil: unknown
	point
}

func (id *identity) setPrefix(prefix []byte) {
	id.prefixLen, id.prefix, id.first, id.bytes = len(prefix), sumOf(prefix), [firstSize]byte{}, prefix
	id.zeros = leadingZeros(prefix)
	copy(id.first[:], prefix[id.zeros:])
}

func leadingZeros(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\x00")) }

// isLike says whether a prefix, shorter than the prefix of the content, may be of a copy.
func (id *identity) isLike(prefix []byte) bool {
	if id.bytes != nil {
		return bytes.HasPrefix(id.bytes, prefix)
	}
	zeros := leadingZeros(prefix)
	rest := prefix[zeros:]
	return len(rest) > 0 && zeros == id.zeros && bytes.HasPrefix(id.first[:], rest[:min(len(rest), firstSize)])
}

// entry has the stored facts about a content of a log.
type entry struct {
	path  string // of the log
	order uint64 // entries made later have higher ones
	done  bool   // the content lost the log's path and was read to the end
	whole bool   // a compressed file from before the first start, never read
	identity
}

// Layout of an entry in a slot, little endian:
//
//	 0  1  1, the kind
//	 1  1  1: done, 3: done and whole
//	 2  2  prefixLen
//	 4  1  tailLen
//	 5  1  zero
//	 6  2  number of zero bytes at the beginning
//	 8  8  order
//	16  8  inode
//	24  8  offset
//	32 16  hash of the beginning
//	48 16  hash of the bytes before the offset
//	64 64  first bytes of the beginning behind zero bytes
//
// 128     path
const (
	entryKind  = 1
	entryFixed = 128
	// maxPath is the longest path of a log.
	maxPath = maxValue - entryFixed
)

func (e *entry) append(b []byte) []byte {
	b = append(b, make([]byte, entryFixed)...)
	b[0] = entryKind
	if e.done {
		b[1] = 1
	}
	if e.whole {
		b[1] |= 2
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(e.prefixLen))
	b[4] = byte(e.tailLen)
	binary.LittleEndian.PutUint16(b[6:], uint16(e.zeros))
	binary.LittleEndian.PutUint64(b[8:], e.order)
	binary.LittleEndian.PutUint64(b[16:], e.inode)
	binary.LittleEndian.PutUint64(b[24:], uint64(e.offset))
	copy(b[32:], e.prefix[:])
	copy(b[48:], e.tail[:])
	copy(b[64:], e.first[:])
	return append(b, e.path...)
}

var errEntry = errors.New("no entry")

func parseEntry(b []byte) (e entry, err error) {
	if len(b) <= entryFixed || b[0] != entryKind || b[1] > 3 || b[1] == 2 || b[5] != 0 {
		return e, errEntry
	}
	e.done, e.whole = b[1]&1 != 0, b[1]&2 != 0
	e.prefixLen = int(binary.LittleEndian.Uint16(b[2:]))
	e.tailLen = int(b[4])
	e.zeros = int(binary.LittleEndian.Uint16(b[6:]))
	e.order = binary.LittleEndian.Uint64(b[8:])
	e.inode = binary.LittleEndian.Uint64(b[16:])
	e.offset = int64(binary.LittleEndian.Uint64(b[24:]))
	e.prefix, e.tail = sum(b[32:48]), sum(b[48:64])
	e.first = [firstSize]byte(b[64:128])
	e.path = string(b[entryFixed:])
	if e.prefixLen > prefixSize || e.zeros > e.prefixLen || e.tailLen > tailSize || e.offset < int64(e.tailLen) || !filepath.IsAbs(e.path) {
		return e, errEntry
	}
	return e, nil
}
