package match

// Writing a pack from front to back. Sections are turned into bytes a buffer at a time, so a pack
// never lies in memory twice.

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
)

// File is what a pack can be written to, such as an *os.File just created.
type File interface {
	io.Writer
	io.WriterAt // for the header, which is written last
}

// section is a part of a pack whose size is known before it is written.
type section struct {
	kind  uint32
	size  int64
	write func(w *packWriter)
}

func bytesSection(kind uint32, data []byte) section {
	return section{kind, int64(len(data)), func(w *packWriter) { w.bytes(data) }}
}

func uint32Section(kind uint32, values []uint32) section {
	return section{kind, 4 * int64(len(values)), func(w *packWriter) {
		for _, v := range values {
			w.uint32(v)
		}
	}}
}

func uint64Section(kind uint32, values []uint64) section {
	return section{kind, 8 * int64(len(values)), func(w *packWriter) {
		for _, v := range values {
			w.uint64(v)
		}
	}}
}

// writeBuffer is how many bytes are written at once.
const writeBuffer = 64 << 10

// packSize is how many bytes a pack of these sections has.
func packSize(sections []section) int64 {
	size := int64(headerSize + len(sections)*tableEntry)
	for _, s := range sections {
		size += align(s.size)
	}
	return size
}

// automataSize is how many bytes of a pack the automata take.
func automataSize(sections []section) (size int64) {
	for _, s := range sections {
		if isAutomaton(s.kind) {
			size += s.size
		}
	}
	return size
}

// writePack writes a pack to f and returns the header.
func writePack(f File, sections []section) (header []byte, err error) {
	size := packSize(sections)
	if size > math.MaxInt32 {
		return nil, fmt.Errorf("%w: a pack over 2 GiB", ErrTooLarge)
	}
	w := &packWriter{out: f, hash: sha256.New(), buffer: make([]byte, writeBuffer)}
	_, w.err = f.Write(make([]byte, headerSize)) // room for the header
	w.at = headerSize
	var table []byte
	for _, s := range sections {
		start := w.at
		w.checksum = 0
		s.write(w)
		w.flush()
		if w.at-start != s.size && w.err == nil {
			return nil, fmt.Errorf("section %d has %d bytes, not %d: this is a fault in the program", s.kind, w.at-start, s.size)
		}
		table = binary.LittleEndian.AppendUint32(table, s.kind)
		table = binary.LittleEndian.AppendUint32(table, w.checksum)
		table = binary.LittleEndian.AppendUint64(table, uint64(start))
		table = binary.LittleEndian.AppendUint64(table, uint64(s.size))
		w.bytes(make([]byte, align(w.at)-w.at))
		w.flush()
	}
	w.bytes(table)
	w.flush()
	if w.err != nil {
		return nil, w.err
	}
	header = make([]byte, headerSize)
	copy(header, magic)
	binary.LittleEndian.PutUint32(header[atVersion:], FormatVersion)
	binary.LittleEndian.PutUint32(header[atCount:], uint32(len(sections)))
	binary.LittleEndian.PutUint64(header[atLength:], uint64(size))
	w.hash.Sum(header[:atHash])
	binary.LittleEndian.PutUint32(header[atChecksum:], headerChecksum(header, table))
	_, err = f.WriteAt(header, 0)
	return header, err
}

// packWriter gathers numbers in a buffer and passes them on to file, hash and checksum. The first
// error ends all writing.
type packWriter struct {
	out      io.Writer
	hash     hash.Hash
	checksum uint32 // CRC-32C since the beginning of the section
	at       int64
	err      error
	buffer   []byte
	n        int // bytes in buffer
}

func (w *packWriter) uint32(v uint32) {
	if w.n+4 > len(w.buffer) {
		w.flush()
	}
	binary.LittleEndian.PutUint32(w.buffer[w.n:], v)
	w.n += 4
}

func (w *packWriter) uint64(v uint64) {
	if w.n+8 > len(w.buffer) {
		w.flush()
	}
	binary.LittleEndian.PutUint64(w.buffer[w.n:], v)
	w.n += 8
}

// bytes writes small pieces through the buffer, and large pieces without it.
func (w *packWriter) bytes(b []byte) {
	if w.n+len(b) > len(w.buffer) {
		w.flush()
		if len(b) > len(w.buffer) {
			w.pass(b)
			return
		}
	}
	w.n += copy(w.buffer[w.n:], b)
}

func (w *packWriter) flush() {
	w.pass(w.buffer[:w.n])
	w.n = 0
}

func (w *packWriter) pass(b []byte) {
	if w.err != nil {
		return
	}
	w.checksum = crc32.Update(w.checksum, castagnoli, b)
	w.hash.Write(b)
	w.at += int64(len(b))
	_, w.err = w.out.Write(b)
}

// memoryFile is a File in memory.
type memoryFile struct{ data []byte }

func (f *memoryFile) Write(b []byte) (int, error) {
	f.data = append(f.data, b...)
	return len(b), nil
}

func (f *memoryFile) WriteAt(b []byte, at int64) (int, error) {
	return copy(f.data[at:], b), nil
}
